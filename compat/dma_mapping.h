/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels in the DMA API. */
#ifndef COMPAT_DMA_MAPPING_H
#define COMPAT_DMA_MAPPING_H

#include <linux/dma-mapping.h>

/*
 * 6.18 maps by physical address and takes MMIO as an attribute; before, the
 * same mapping was dma_map_resource().
 */
#ifndef HAVE_DMA_MAP_PHYS
#undef DMA_ATTR_MMIO
#define DMA_ATTR_MMIO 0

/*
 * No cache has the memory, and DMA_API_DEBUG would report two mappings of the
 * same piece for being synchronized twice.
 */
static inline dma_addr_t
compat_dma_map_phys(struct device *dev, phys_addr_t phys, size_t size,
		    enum dma_data_direction dir, unsigned long attrs)
{
	return dma_map_resource(dev, phys, size, dir,
				attrs | DMA_ATTR_SKIP_CPU_SYNC);
}

#define dma_map_phys compat_dma_map_phys
#define dma_unmap_phys dma_unmap_resource
#endif

/* 6.16 tells when an unmap would do nothing. */
#ifndef HAVE_DMA_NEED_UNMAP
static inline bool compat_dma_need_unmap(struct device *dev)
{
	return true;
}

#define dma_need_unmap compat_dma_need_unmap
#endif

/*
 * 6.18: one IOVA span for several ranges of MMIO.  6.16 has the calls, but not
 * for MMIO.  Before, the same is put together of what the IOMMU core exports:
 * see dma_mapping.c.
 */
#ifndef HAVE_DMA_IOVA
/**
 * struct compat_dma_iova_state - a span of DMA addresses
 * @addr: where it starts
 * @size: in bytes, 0 if there is none
 * @spare: memory of that size that may stand in for what is not linked
 * @domain: that the span is of
 */
struct compat_dma_iova_state {
	dma_addr_t addr;
	size_t size;
	phys_addr_t spare;
	struct iommu_domain *domain;
};

static inline bool
compat_dma_use_iova(const struct compat_dma_iova_state *state)
{
	return state->size;
}

int compat_dma_iova_link(struct device *dev,
			 struct compat_dma_iova_state *state, phys_addr_t phys,
			 size_t offset, size_t size,
			 enum dma_data_direction dir, unsigned long attrs);
void compat_dma_iova_destroy(struct device *dev,
			     struct compat_dma_iova_state *state,
			     size_t mapped_len, enum dma_data_direction dir,
			     unsigned long attrs);

/* Every link is complete by itself. */
static inline int
compat_dma_iova_sync(struct device *dev, struct compat_dma_iova_state *state,
		     size_t offset, size_t size)
{
	return 0;
}

#define dma_iova_state compat_dma_iova_state
#define dma_use_iova compat_dma_use_iova
#define dma_iova_link compat_dma_iova_link
#define dma_iova_sync compat_dma_iova_sync
#define dma_iova_destroy compat_dma_iova_destroy
#endif

void compat_dma_iova_destroy_sync(struct device *dev,
				  struct dma_iova_state *state,
				  size_t mapped_len,
				  enum dma_data_direction dir,
				  unsigned long attrs);

/* Whether to map one range by a span costs no more than to map it as it is. */
static inline bool compat_dma_iova_is_cheap(void)
{
#ifdef HAVE_DMA_IOVA
	return true;
#else
	return false;
#endif
}

bool compat_dma_iova_try_alloc(struct device *dev,
			       struct dma_iova_state *state, size_t size,
			       phys_addr_t spare, size_t spare_size,
			       enum dma_data_direction dir);

#endif /* COMPAT_DMA_MAPPING_H */
