/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory management differences between kernels. */
#ifndef COMPAT_MM_H
#define COMPAT_MM_H

#include <linux/mm.h>

/* 6.3: vm_flags is const, and only functions change it. */
#ifndef HAVE_VM_FLAGS_SET
static inline void compat_vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	*(vm_flags_t *)&vma->vm_flags |= flags;
}

static inline void compat_vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	*(vm_flags_t *)&vma->vm_flags &= ~flags;
}

#define vm_flags_set compat_vm_flags_set
#define vm_flags_clear compat_vm_flags_clear
#endif

/* 6.9: KVM on arm64 may map the area in any uncached type. */
#ifndef VM_ALLOW_ANY_UNCACHED
#define VM_ALLOW_ANY_UNCACHED VM_NONE
#endif

#endif /* COMPAT_MM_H */
