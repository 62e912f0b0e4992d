/* SPDX-License-Identifier: GPL-2.0-only */
/* DMA API differences between kernels. */
#ifndef COMPAT_DMA_MAPPING_H
#define COMPAT_DMA_MAPPING_H

#include <linux/dma-mapping.h>

/*
 * 6.18 ("dma-mapping: introduce new DMA attribute to indicate MMIO memory",
 * "dma-mapping: export new dma_*map_phys() interface") maps by physical address
 * and takes MMIO as an attribute; before, the same mapping was
 * dma_map_resource().
 */
#ifndef HAVE_DMA_MAP_PHYS
#undef DMA_ATTR_MMIO
#define DMA_ATTR_MMIO 0

/*
 * Skip the CPU sync: MMIO is not cached.  Without this attribute DMA_API_DEBUG
 * warns when the same memory is mapped twice.
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

/*
 * 6.16 ("dma-mapping: add a dma_need_unmap helper") tells when an unmap would do
 * nothing.
 */
#ifndef HAVE_DMA_NEED_UNMAP
static inline bool compat_dma_need_unmap(struct device *dev)
{
	return true;
}

#define dma_need_unmap compat_dma_need_unmap
#endif

/*
 * One IOVA span for several ranges of MMIO.  6.16 ("dma-mapping: Provide an
 * interface to allow allocate IOVA") has the calls, 6.18 takes DMA_ATTR_MMIO
 * there.  Before, dma_mapping.c does the same with what the IOMMU core exports.
 */
#ifndef HAVE_DMA_IOVA
/**
 * struct compat_dma_iova_state - a span of DMA addresses
 * @addr: where it starts
 * @size: in bytes, 0 if there is none
 * @spare: physical address of MMIO of that size that may be mapped read-only in
 *	place of the ranges
 * @domain: IOMMU domain that the addresses belong to
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

/* Each link is synced already. */
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
#endif

void compat_dma_flush(struct device *dev);

void compat_dma_iova_destroy_sync(struct device *dev,
				  struct dma_iova_state *state,
				  size_t mapped_len,
				  enum dma_data_direction dir,
				  unsigned long attrs);

/* Whether a span for a single range costs no more than a plain mapping. */
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
			       phys_addr_t spare, size_t spare_size);

#endif /* COMPAT_DMA_MAPPING_H */
