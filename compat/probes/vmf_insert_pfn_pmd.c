// SPDX-License-Identifier: GPL-2.0-only
/* 6.17: huge entries for memory without pages, by page frame number. */
#include <linux/huge_mm.h>
#include <linux/mm.h>

#ifndef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
#error "no huge entries for memory without pages"
#endif

vm_fault_t probe(struct vm_fault *vmf, unsigned long pfn);
vm_fault_t probe(struct vm_fault *vmf, unsigned long pfn)
{
	return vmf_insert_pfn_pmd(vmf, pfn, false);
}
