// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.18 ("dma-mapping: export new dma_*map_phys() interface"): mapping by physical
 * address, with MMIO as an attribute.
 */
#include <linux/dma-mapping.h>

dma_addr_t probe(struct device *dev, phys_addr_t phys, size_t size);
dma_addr_t probe(struct device *dev, phys_addr_t phys, size_t size)
{
	dma_addr_t addr = dma_map_phys(dev, phys, size, DMA_BIDIRECTIONAL,
				       DMA_ATTR_MMIO);

	dma_unmap_phys(dev, addr, size, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
	return addr;
}
