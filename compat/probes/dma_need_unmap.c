// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.16 ("dma-mapping: add a dma_need_unmap helper"): whether dma_unmap_*() does
 * anything for a device.
 */
#include <linux/dma-mapping.h>

#ifndef CONFIG_DMA_NEED_SYNC
#error "without the option it returns false, even where an IOMMU translates"
#endif

bool probe(struct device *dev);
bool probe(struct device *dev)
{
	return dma_need_unmap(dev);
}
