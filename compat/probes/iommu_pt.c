// SPDX-License-Identifier: GPL-2.0-only
/*
 * 7.1: the page tables that the IOMMU drivers of x86 share do not mark MMIO as
 * encrypted ("iommupt: Do not set C-bit on MMIO backed PTEs").  No header shows
 * that; the domain's is_iommupt, which came at the same time, stands for it.  An
 * older kernel with a backport of is_iommupt may lack the other, and gets a no.
 */
#include <linux/iommu.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#error "nothing tells whether MMIO is exempt from encryption"
#endif

bool probe(struct device *dev);
bool probe(struct device *dev)
{
	return iommu_get_domain_for_dev(dev)->is_iommupt;
}
