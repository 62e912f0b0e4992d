// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.16 ("dma-mapping: Provide an interface to allow allocate IOVA"): one IOVA span
 * for several physical ranges; for MMIO as well only since 6.18 ("iommu/dma: implement
 * DMA_ATTR_MMIO for dma_iova_link().").
 */
#include <linux/dma-mapping.h>

int probe(struct device *dev, struct dma_iova_state *state, phys_addr_t phys,
	  size_t size);
int probe(struct device *dev, struct dma_iova_state *state, phys_addr_t phys,
	  size_t size)
{
	int ret = 0;

	if (!dma_iova_try_alloc(dev, state, 0, size) || !dma_use_iova(state))
		return ret;
	ret |= dma_iova_link(dev, state, phys, 0, size, DMA_BIDIRECTIONAL,
			     DMA_ATTR_MMIO);
	ret |= dma_iova_sync(dev, state, 0, size);
	dma_iova_destroy(dev, state, size, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
	dma_iova_unlink(dev, state, 0, size, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
	dma_iova_free(dev, state);
	return ret;
}
