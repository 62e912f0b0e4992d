// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an importer gets for a mapping: a scatterlist of DMA addresses without
 * pages.  Behind an IOMMU it is one contiguous span; otherwise each range is
 * mapped on its own.
 *
 * dma_buf_phys_vec_to_sgt() of 6.19 and later does much the same, but not for
 * several ranges: up to 7.3 it links them all to the start of the span, which
 * an IOMMU refuses.
 */
#include <linux/dma-buf.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>

#include "compat/dma_mapping.h"
#include "compat/slab.h"
#include "dmabuf.h"
#include "dvp.h"

/* A scatterlist counts bytes in an unsigned int; entries stay page aligned. */
#define DVP_MAX_ENTRY ALIGN_DOWN((size_t)UINT_MAX, PAGE_SIZE)

static size_t dvp_count_entries(size_t len)
{
	return DIV_ROUND_UP(len, DVP_MAX_ENTRY);
}

/* Returns the entry after the last one filled. */
static struct scatterlist *dvp_fill(struct scatterlist *sg, dma_addr_t addr,
				    size_t len)
{
	size_t part;

	for (; len; len -= part) {
		part = min(len, DVP_MAX_ENTRY);
		sg_dma_address(sg) = addr;
		sg_dma_len(sg) = part;
		addr += part;
		sg = sg_next(sg);
	}
	return sg;
}

static void dvp_free_mapping(struct dvp_mapping *map)
{
	map->sgt.orig_nents = map->sgt.nents;
	sg_free_table(&map->sgt);
	kfree(map);
}

static int dvp_alloc_entries(struct dvp_mapping *map, size_t count)
{
	struct sg_table *sgt = &map->sgt;
	int ret;

	if (count > UINT_MAX)
		return -EOVERFLOW;
	/* The user decides on the count: charge the user, and rather fail than kill. */
	ret = sg_alloc_table(sgt, count, GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
					 __GFP_RETRY_MAYFAIL);
	/* Importers learn from this that no entry has a page. */
	sgt->orig_nents = 0;
	return ret;
}

static size_t dvp_count_range_entries(struct dvp_buffer *buf)
{
	size_t count = 0, i;

	for (i = 0; i < buf->nr_ranges; i++)
		count += dvp_count_entries(buf->ranges[i].len);
	return count;
}

static int dvp_map_bus_addresses(struct dvp_buffer *buf, struct dvp_mapping *map,
				 u64 bus_offset)
{
	struct scatterlist *sg;
	size_t i;
	int ret;

	ret = dvp_alloc_entries(map, dvp_count_range_entries(buf));
	if (ret)
		return ret;
	sg = map->sgt.sgl;
	for (i = 0; i < buf->nr_ranges; i++)
		sg = dvp_fill(sg, buf->ranges[i].paddr + bus_offset,
			      buf->ranges[i].len);
	return 0;
}

static void dvp_unmap_ranges(struct device *dev, struct dvp_buffer *buf,
			     struct dvp_mapping *map,
			     enum dma_data_direction dir)
{
	const struct dmabuf_vfio_pci_range *range = buf->ranges;
	struct scatterlist *sg = map->sgt.sgl;
	size_t mapped = map->mapped, left;

	if (!mapped || !dma_need_unmap(dev))
		return;
	/* A range is unmapped as it was mapped, however it is cut up. */
	for (; mapped; range++) {
		dma_unmap_phys(dev, sg_dma_address(sg), range->len, dir,
			       DMA_ATTR_MMIO);
		mapped -= range->len;
		for (left = range->len; left; sg = sg_next(sg))
			left -= sg_dma_len(sg);
		cond_resched();
	}
}

static int dvp_map_ranges(struct device *dev, struct dvp_buffer *buf,
			  struct dvp_mapping *map,
			  enum dma_data_direction dir)
{
	struct scatterlist *sg;
	dma_addr_t addr;
	size_t i;
	int ret;

	ret = dvp_alloc_entries(map, dvp_count_range_entries(buf));
	if (ret)
		return ret;
	sg = map->sgt.sgl;
	for (i = 0; i < buf->nr_ranges; i++) {
		addr = dma_map_phys(dev, buf->ranges[i].paddr,
				    buf->ranges[i].len, dir, DMA_ATTR_MMIO);
		if (dma_mapping_error(dev, addr)) {
			dvp_unmap_ranges(dev, buf, map, dir);
			return -EIO;
		}
		sg = dvp_fill(sg, addr, buf->ranges[i].len);
		map->mapped += buf->ranges[i].len;
		cond_resched();
	}
	return 0;
}

/*
 * A span has no gaps, so each of several ranges must consist of whole pages of
 * the IOMMU, which may be larger than the CPU's.
 */
static bool dvp_fits_span(struct device *dev, struct dvp_buffer *buf)
{
	unsigned long mask = dma_get_merge_boundary(dev);
	size_t i;

	for (i = 0; i < buf->nr_ranges; i++)
		if ((buf->ranges[i].paddr | buf->ranges[i].len) & mask)
			return false;
	return true;
}

/*
 * A single range needs none, but may be mapped that way as well.  The device of
 * the buffer is there: a buffer that is not revoked belongs to an open one.
 */
static bool dvp_try_span(struct device *dev, struct dvp_buffer *buf,
			 struct dvp_mapping *map,
			 enum dma_data_direction dir)
{
	return (buf->nr_ranges > 1 || compat_dma_iova_is_cheap()) &&
	       dvp_fits_span(dev, buf) &&
	       compat_dma_iova_try_alloc(dev, &map->iova, buf->dmabuf->size,
					 pci_resource_start(buf->pdev, buf->bar),
					 pci_resource_len(buf->pdev, buf->bar),
					 dir);
}

static int dvp_link_ranges(struct device *dev, struct dvp_buffer *buf,
			   struct dvp_mapping *map,
			   enum dma_data_direction dir)
{
	size_t i;
	int ret;

	for (i = 0; i < buf->nr_ranges; i++) {
		ret = dma_iova_link(dev, &map->iova, buf->ranges[i].paddr,
				    map->mapped, buf->ranges[i].len, dir,
				    DMA_ATTR_MMIO);
		if (ret)
			return ret;
		map->mapped += buf->ranges[i].len;
		cond_resched();
	}
	return dma_iova_sync(dev, &map->iova, 0, map->mapped);
}

static int dvp_map_span(struct device *dev, struct dvp_buffer *buf,
			struct dvp_mapping *map, enum dma_data_direction dir)
{
	size_t size = buf->dmabuf->size;
	int ret;

	ret = dvp_alloc_entries(map, dvp_count_entries(size));
	if (ret)
		goto err_destroy;
	ret = dvp_link_ranges(dev, buf, map, dir);
	if (ret)
		goto err_destroy;
	dvp_fill(map->sgt.sgl, map->iova.addr, size);
	return 0;

err_destroy:
	dma_iova_destroy(dev, &map->iova, map->mapped, dir, DMA_ATTR_MMIO);
	return ret;
}

/*
 * In the lazy mode of the DMA API, the IOTLB keeps what is unmapped until many
 * mappings or some milliseconds have come together.  Other memory stays at its
 * place for that long; ours may be taken away at once, so the device must not
 * reach it a moment longer.  The flush is that of the whole domain, as the one
 * to come would be: one of the range alone leaves the way to page tables that
 * are not in use any more.
 */
static void dvp_flush(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (domain && domain->type == IOMMU_DOMAIN_DMA_FQ)
		iommu_flush_iotlb_all(domain);
}

static int dvp_map_mapping(struct dma_buf_attachment *attach,
			   struct dvp_mapping *map,
			   enum dma_data_direction dir)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct dvp_attachment *att = attach->priv;
	struct device *dev = attach->dev;

	if (att->map_type == PCI_P2PDMA_MAP_BUS_ADDR)
		return dvp_map_bus_addresses(buf, map, att->phys.bus_offset);
	if (dvp_try_span(dev, buf, map, dir))
		return dvp_map_span(dev, buf, map, dir);
	return dvp_map_ranges(dev, buf, map, dir);
}

/**
 * dvp_map() - map a buffer for an importer
 * @attach: the importer's attachment; its map type is decided
 * @dir: direction of the DMA
 *
 * Context: may sleep; the buffer's reservation lock is held.
 * Return: the scatterlist, to be given back to dvp_unmap(), or an ERR_PTR():
 * -ENOMEM without memory, -EIO where the importer cannot reach an address, or
 * where the DMA API cannot map it, which for lack of memory says no more than
 * that, -EINVAL for more entries than a scatterlist has, or what the IOMMU's
 * driver says.  After an error nothing is left mapped.
 */
struct sg_table *dvp_map(struct dma_buf_attachment *attach,
			 enum dma_data_direction dir)
{
	struct dvp_mapping *map = kzalloc_obj(*map);
	int ret;

	if (!map)
		return ERR_PTR(-ENOMEM);
	ret = dvp_map_mapping(attach, map, dir);
	if (ret) {
		dvp_free_mapping(map);
		return ERR_PTR(ret);
	}
	return &map->sgt;
}

/**
 * dvp_unmap() - take back a mapping
 * @attach: that it was made for
 * @sgt: what dvp_map() returned
 * @dir: as in dvp_map()
 *
 * When it returns, an IOMMU lets nothing through to these addresses any more.
 *
 * Context: may sleep; the buffer's reservation lock is held.
 */
void dvp_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
	       enum dma_data_direction dir)
{
	struct dvp_mapping *map = container_of(sgt, struct dvp_mapping, sgt);
	struct dvp_attachment *att = attach->priv;
	struct device *dev = attach->dev;

	if (dma_use_iova(&map->iova)) {
		compat_dma_iova_destroy_sync(dev, &map->iova, map->mapped, dir,
					     DMA_ATTR_MMIO);
	} else if (att->map_type != PCI_P2PDMA_MAP_BUS_ADDR) {
		dvp_unmap_ranges(dev, attach->dmabuf->priv, map, dir);
		dvp_flush(dev);
	}
	dvp_free_mapping(map);
}
