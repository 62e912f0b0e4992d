/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels where device memory is mapped for the CPU. */
#ifndef COMPAT_MM_H
#define COMPAT_MM_H

#include <linux/huge_mm.h>
#include <linux/mm.h>

/* 6.3: the flags of an area are changed by functions only. */
#ifndef HAVE_VM_FLAGS_SET
static inline void compat_vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void compat_vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}

#define vm_flags_set compat_vm_flags_set
#define vm_flags_clear compat_vm_flags_clear
#endif

/* 6.9: KVM on arm64 may map the area in any uncached type. */
#ifndef VM_ALLOW_ANY_UNCACHED
#define VM_ALLOW_ANY_UNCACHED VM_NONE
#endif

/*
 * 6.12: page tables can have huge entries for memory without pages.  Before, fork()
 * and get_user_pages() would look for their page.  Up to 6.16 the address was a pfn_t.
 */
#ifdef HAVE_VMF_INSERT_PFN_PMD
#define compat_pfn(pfn) (pfn)
#elif defined(HAVE_VMF_INSERT_PFN_PMD_PFN_T)
#include <linux/pfn_t.h>

#define compat_pfn(pfn) __pfn_to_pfn_t(pfn, PFN_DEV)
#endif

#ifdef compat_pfn
/* The member of the operations of an area, to be set to @handler. */
#define COMPAT_HUGE_FAULT(handler) .huge_fault = (handler),

static inline vm_fault_t compat_vmf_insert_huge(struct vm_fault *vmf,
						unsigned long pfn,
						unsigned int order)
{
	if (order == PMD_ORDER)
		return vmf_insert_pfn_pmd(vmf, compat_pfn(pfn), false);
#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	if (order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, compat_pfn(pfn), false);
#endif
	return VM_FAULT_FALLBACK;
}
#else
#define COMPAT_HUGE_FAULT(handler)

static inline vm_fault_t compat_vmf_insert_huge(struct vm_fault *vmf,
						unsigned long pfn,
						unsigned int order)
{
	return VM_FAULT_FALLBACK;
}
#endif

/**
 * compat_vmf_insert_pfns() - map device memory at the address of a fault
 * @vmf: the fault
 * @pfn: page frame of the memory, aligned to @order
 * @order: of the number of pages: 0, or the order that a huge_fault() is asked for
 *
 * Return: VM_FAULT_NOPAGE, VM_FAULT_FALLBACK if the kernel has no entries of that size,
 * or an error.
 */
static inline vm_fault_t compat_vmf_insert_pfns(struct vm_fault *vmf,
						unsigned long pfn,
						unsigned int order)
{
	return order ? compat_vmf_insert_huge(vmf, pfn, order) :
		       vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK, pfn);
}

#endif /* COMPAT_MM_H */
