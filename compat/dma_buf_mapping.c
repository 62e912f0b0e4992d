// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical ranges of MMIO to a scatterlist of DMA addresses and back.  Behind
 * an IOMMU the ranges become one contiguous span of DMA addresses; elsewhere
 * each range is mapped on its own.
 *
 * dma_buf_phys_vec_to_sgt() of 6.19 and later cannot be used: up to 7.3 it
 * links every range to offset 0 of the span, so that a translating IOMMU
 * refuses the second range.
 */
#include <linux/device.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "compat/dma_buf_mapping.h"

/* A scatterlist counts bytes in an unsigned int; entries stay page aligned. */
#define COMPAT_MAX_ENTRY ALIGN_DOWN((size_t)UINT_MAX, PAGE_SIZE)

static size_t compat_count_entries(size_t len)
{
	return DIV_ROUND_UP(len, COMPAT_MAX_ENTRY);
}

static size_t compat_count_all_entries(const struct compat_dma_buf_ranges *ranges)
{
	size_t count = 0, i;

	for (i = 0; i < ranges->nr; i++)
		count += compat_count_entries(ranges->vec[i].len);
	return count;
}

/* Returns the entry after the last one filled. */
static struct scatterlist *compat_fill(struct scatterlist *sg, dma_addr_t addr,
				       size_t len)
{
	size_t part;

	for (; len; len -= part) {
		part = min(len, COMPAT_MAX_ENTRY);
		sg_dma_address(sg) = addr;
		sg_dma_len(sg) = part;
		addr += part;
		sg = sg_next(sg);
	}
	return sg;
}

/* Most mappings have one entry, for which nothing is allocated. */
static int compat_alloc_entries(struct compat_dma_buf_mapping *mapping,
				size_t count)
{
	struct sg_table *sgt = &mapping->sgt;
	int ret = 0;

	if (count > UINT_MAX)
		return -EOVERFLOW;
	if (count == 1) {
		sg_init_table(&mapping->single, 1);
		sgt->sgl = &mapping->single;
		sgt->nents = 1;
	} else {
		/* Users choose the count: charge them, and fail rather than kill. */
		ret = sg_alloc_table(sgt, count, GFP_KERNEL_ACCOUNT |
						 __GFP_NOWARN |
						 __GFP_RETRY_MAYFAIL);
	}
	/* Importers learn from this that no entry has a page. */
	sgt->orig_nents = 0;
	return ret;
}

static void compat_free_entries(struct compat_dma_buf_mapping *mapping)
{
	struct sg_table *sgt = &mapping->sgt;

	if (sgt->sgl == &mapping->single)
		return;
	sgt->orig_nents = sgt->nents;
	sg_free_table(sgt);
}

static int compat_map_bus(struct compat_dma_buf_mapping *mapping,
			  const struct compat_dma_buf_ranges *ranges)
{
	struct scatterlist *sg;
	size_t i;
	int ret;

	ret = compat_alloc_entries(mapping, compat_count_all_entries(ranges));
	if (ret)
		return ret;
	sg = mapping->sgt.sgl;
	for (i = 0; i < ranges->nr; i++)
		sg = compat_fill(sg, ranges->vec[i].paddr + ranges->bus_offset,
				 ranges->vec[i].len);
	return 0;
}

/* Unmap whole ranges, as they were mapped; a range may have several entries. */
static void compat_unmap_ranges(struct compat_dma_buf_mapping *mapping,
				struct device *dev,
				const struct compat_dma_buf_ranges *ranges,
				enum dma_data_direction dir)
{
	const struct dmabuf_vfio_pci_range *range = ranges->vec;
	struct scatterlist *sg = mapping->sgt.sgl;
	size_t mapped = mapping->mapped, left;

	if (!mapped || !dma_need_unmap(dev))
		return;
	for (; mapped; range++) {
		dma_unmap_phys(dev, sg_dma_address(sg), range->len, dir,
			       DMA_ATTR_MMIO);
		mapped -= range->len;
		for (left = range->len; left; sg = sg_next(sg))
			left -= sg_dma_len(sg);
		cond_resched();
	}
	compat_dma_flush(dev);
}

static int compat_map_ranges(struct compat_dma_buf_mapping *mapping,
			     struct device *dev,
			     const struct compat_dma_buf_ranges *ranges,
			     enum dma_data_direction dir, size_t *failed)
{
	struct scatterlist *sg;
	dma_addr_t addr;
	size_t i;
	int ret;

	ret = compat_alloc_entries(mapping, compat_count_all_entries(ranges));
	if (ret)
		return ret;
	sg = mapping->sgt.sgl;
	for (i = 0; i < ranges->nr; i++) {
		addr = dma_map_phys(dev, ranges->vec[i].paddr,
				    ranges->vec[i].len, dir, DMA_ATTR_MMIO);
		if (dma_mapping_error(dev, addr)) {
			*failed = i;
			compat_unmap_ranges(mapping, dev, ranges, dir);
			compat_free_entries(mapping);
			return -EIO;
		}
		sg = compat_fill(sg, addr, ranges->vec[i].len);
		mapping->mapped += ranges->vec[i].len;
		cond_resched();
	}
	return 0;
}

/*
 * The IOMMU's pages may be larger than the CPU's.  A range that is not made of
 * whole ones would expose more memory than was exported, and a span cannot have
 * gaps.
 */
static int compat_check_granule(struct device *dev,
				const struct compat_dma_buf_ranges *ranges,
				size_t *failed)
{
	unsigned long mask = dma_get_merge_boundary(dev);
	size_t i;

	for (i = 0; i < ranges->nr; i++) {
		if ((ranges->vec[i].paddr | ranges->vec[i].len) & mask) {
			*failed = i;
			return -EINVAL;
		}
	}
	return 0;
}

/* A single range needs no span, but may cost less with one. */
static bool compat_try_span(struct compat_dma_buf_mapping *mapping,
			    struct device *dev,
			    const struct compat_dma_buf_ranges *ranges)
{
	return (ranges->nr > 1 || compat_dma_iova_is_cheap()) &&
	       compat_dma_iova_try_alloc(dev, &mapping->iova, ranges->size,
					 ranges->bar, ranges->bar_size);
}

static int compat_link_ranges(struct compat_dma_buf_mapping *mapping,
			      struct device *dev,
			      const struct compat_dma_buf_ranges *ranges,
			      enum dma_data_direction dir, size_t *failed)
{
	size_t i;
	int ret;

	for (i = 0; i < ranges->nr; i++) {
		ret = dma_iova_link(dev, &mapping->iova, ranges->vec[i].paddr,
				    mapping->mapped, ranges->vec[i].len, dir,
				    DMA_ATTR_MMIO);
		if (ret) {
			*failed = i;
			return ret;
		}
		mapping->mapped += ranges->vec[i].len;
		cond_resched();
	}
	return dma_iova_sync(dev, &mapping->iova, 0, mapping->mapped);
}

static int compat_map_span(struct compat_dma_buf_mapping *mapping,
			   struct device *dev,
			   const struct compat_dma_buf_ranges *ranges,
			   enum dma_data_direction dir, size_t *failed)
{
	int ret;

	ret = compat_alloc_entries(mapping, compat_count_entries(ranges->size));
	if (ret)
		goto err_destroy;
	ret = compat_link_ranges(mapping, dev, ranges, dir, failed);
	if (ret)
		goto err_free;
	compat_fill(mapping->sgt.sgl, mapping->iova.addr, ranges->size);
	return 0;

err_free:
	compat_free_entries(mapping);
err_destroy:
	compat_dma_iova_destroy_sync(dev, &mapping->iova, mapping->mapped, dir,
				     DMA_ATTR_MMIO);
	return ret;
}

/**
 * compat_dma_buf_phys_vec_to_sgt() - map physical ranges for a device
 * @mapping: gets the mapping; what it held before is overwritten
 * @dev: device that is to reach the memory
 * @type: map type of the path: PCI_P2PDMA_MAP_BUS_ADDR or
 *	PCI_P2PDMA_MAP_THRU_HOST_BRIDGE
 * @ranges: the memory
 * @dir: direction of the DMA
 * @failed: on error, gets the index of the range that could not be mapped, or
 *	@ranges->nr if it was none in particular
 *
 * After an error nothing is mapped or left in an IOTLB, and there is nothing to
 * free.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM without memory; -EIO if the DMA API cannot map a range (it
 * does not tell lack of memory apart); -EINVAL if a range does not consist of
 * whole pages of the IOMMU; -EOVERFLOW for more entries than a scatterlist can
 * have; or the error of the IOMMU's driver.
 */
int compat_dma_buf_phys_vec_to_sgt(struct compat_dma_buf_mapping *mapping,
				   struct device *dev,
				   enum pci_p2pdma_map_type type,
				   const struct compat_dma_buf_ranges *ranges,
				   enum dma_data_direction dir, size_t *failed)
{
	int ret;

	*failed = ranges->nr;
	mapping->type = type;
	mapping->iova = (struct dma_iova_state) {};
	mapping->mapped = 0;
	if (type == PCI_P2PDMA_MAP_BUS_ADDR)
		return compat_map_bus(mapping, ranges);
	ret = compat_check_granule(dev, ranges, failed);
	if (ret)
		return ret;
	if (compat_try_span(mapping, dev, ranges))
		return compat_map_span(mapping, dev, ranges, dir, failed);
	return compat_map_ranges(mapping, dev, ranges, dir, failed);
}

/**
 * compat_dma_buf_free_sgt() - undo a mapping
 * @mapping: made by compat_dma_buf_phys_vec_to_sgt()
 * @dev: device that it was made for
 * @ranges: ranges that it was made of; only @ranges->vec is used
 * @dir: direction that it was made with
 *
 * When it returns, the IOMMU blocks these addresses, also in the lazy mode of the
 * DMA API.
 *
 * Context: may sleep.
 */
void compat_dma_buf_free_sgt(struct compat_dma_buf_mapping *mapping,
			     struct device *dev,
			     const struct compat_dma_buf_ranges *ranges,
			     enum dma_data_direction dir)
{
	if (dma_use_iova(&mapping->iova))
		compat_dma_iova_destroy_sync(dev, &mapping->iova,
					     mapping->mapped, dir,
					     DMA_ATTR_MMIO);
	else if (mapping->type != PCI_P2PDMA_MAP_BUS_ADDR)
		compat_unmap_ranges(mapping, dev, ranges, dir);
	compat_free_entries(mapping);
}
