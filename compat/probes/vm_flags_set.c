// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.3 ("mm: introduce vma->vm_flags wrapper functions"): only functions change vm_flags.
 */
#include <linux/mm.h>

void probe(struct vm_area_struct *vma);
void probe(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO);
}
