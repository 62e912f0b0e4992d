// SPDX-License-Identifier: GPL-2.0-only
/*
 * 7.1: the page tables that the IOMMU drivers of x86 share do not mark MMIO as
 * encrypted ("iommupt: Do not set C-bit on MMIO backed PTEs").  No header shows
 * that: is_iommupt is older.  dma_buf_attach_revocable() came with the same release
 * and stands for it.
 */
#include <linux/dma-buf.h>
#include <linux/iommu.h>

bool probe(struct device *dev, struct dma_buf_attachment *attach);
bool probe(struct device *dev, struct dma_buf_attachment *attach)
{
	return iommu_get_domain_for_dev(dev)->is_iommupt &&
	       dma_buf_attach_revocable(attach);
}
