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
#include "reach.h"
#include "record.h"

/* A scatterlist counts bytes in an unsigned int; entries stay page aligned. */
#define DVP_MAX_ENTRY ALIGN_DOWN((size_t)UINT_MAX, PAGE_SIZE)

/**
 * struct dvp_mapping - a mapping that an importer holds
 * @sgt: what the importer sees
 * @iova: the span, if there is one
 * @mapped: how many bytes of the buffer the DMA API has mapped, from its start
 */
struct dvp_mapping {
	struct sg_table sgt;
	struct dma_iova_state iova;
	size_t mapped;
};

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

static int dvp_alloc_entries(struct device *dev, struct dvp_buffer *buf,
			     struct sg_table *sgt, size_t count)
{
	int ret;

	if (count > UINT_MAX) {
		dvp_refuse(buf->access, dev,
			   "the buffer has more pieces than a scatterlist can have entries");
		return -EINVAL;
	}
	ret = sg_alloc_table(sgt, count, GFP_KERNEL | __GFP_NOWARN);
	/* Importers learn from this that no entry has a page. */
	sgt->orig_nents = 0;
	return ret;
}

static void dvp_free_entries(struct sg_table *sgt)
{
	sgt->orig_nents = sgt->nents;
	sg_free_table(sgt);
}

static size_t dvp_count_range_entries(struct dvp_buffer *buf)
{
	size_t count = 0, i;

	for (i = 0; i < buf->nr_ranges; i++)
		count += dvp_count_entries(buf->ranges[i].len);
	return count;
}

/* A bus address is known; for any other, the range is mapped. */
static int dvp_map_range(struct device *dev, struct dvp_buffer *buf,
			 const struct dmabuf_vfio_pci_range *range,
			 enum dvp_map_type type, enum dma_data_direction dir,
			 dma_addr_t *addr)
{
	if (type != DVP_MAP_BUS_ADDR) {
		*addr = dma_map_phys(dev, range->paddr, range->len, dir,
				     DMA_ATTR_MMIO);
		if (!dma_mapping_error(dev, *addr))
			return 0;
		dvp_refuse(buf->access, dev,
			   "the DMA API cannot map %zu bytes of the peer's memory from %pap",
			   range->len, &range->paddr);
		return -EIO;
	}

	*addr = range->paddr + buf->bus_offset;
	if (dvp_reach_mask(dev, *addr, range->len))
		return 0;
	dvp_refuse_logged(dev, buf->access, dev,
			  "cannot reach the peer's memory at bus address %pad: its DMA mask is too small",
			  addr);
	return -EIO;
}

static void dvp_unmap_ranges(struct device *dev, struct dvp_buffer *buf,
			     struct dvp_mapping *map,
			     enum dma_data_direction dir)
{
	struct scatterlist *sg = map->sgt.sgl;
	size_t i, entry;

	/* A range is unmapped as it was mapped, however it is cut up. */
	for (i = 0; map->mapped; i++) {
		dma_unmap_phys(dev, sg_dma_address(sg), buf->ranges[i].len,
			       dir, DMA_ATTR_MMIO);
		map->mapped -= buf->ranges[i].len;
		for (entry = dvp_count_entries(buf->ranges[i].len); entry;
		     entry--)
			sg = sg_next(sg);
	}
}

static int dvp_map_ranges(struct device *dev, struct dvp_buffer *buf,
			  struct dvp_mapping *map, enum dvp_map_type type,
			  enum dma_data_direction dir)
{
	struct scatterlist *sg;
	dma_addr_t addr;
	size_t i;
	int ret;

	ret = dvp_alloc_entries(dev, buf, &map->sgt,
				dvp_count_range_entries(buf));
	if (ret)
		return ret;
	sg = map->sgt.sgl;
	for (i = 0; i < buf->nr_ranges; i++) {
		ret = dvp_map_range(dev, buf, &buf->ranges[i], type, dir,
				    &addr);
		if (ret)
			goto err_unmap;
		sg = dvp_fill(sg, addr, buf->ranges[i].len);
		if (type != DVP_MAP_BUS_ADDR)
			map->mapped += buf->ranges[i].len;
	}
	return 0;

err_unmap:
	dvp_unmap_ranges(dev, buf, map, dir);
	dvp_free_entries(&map->sgt);
	return ret;
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
 * A single range needs none.  The device of the buffer is there: a buffer that
 * is not revoked belongs to an open one.
 */
static bool dvp_try_span(struct device *dev, struct dvp_buffer *buf,
			 struct dvp_mapping *map, enum dvp_map_type type,
			 enum dma_data_direction dir)
{
	return buf->nr_ranges > 1 && type != DVP_MAP_BUS_ADDR &&
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
	}
	return dma_iova_sync(dev, &map->iova, 0, map->mapped);
}

static int dvp_map_span(struct device *dev, struct dvp_buffer *buf,
			struct dvp_mapping *map, enum dma_data_direction dir)
{
	size_t size = buf->dmabuf->size;
	int ret;

	ret = dvp_alloc_entries(dev, buf, &map->sgt, dvp_count_entries(size));
	if (ret)
		goto err_destroy;
	ret = dvp_link_ranges(dev, buf, map, dir);
	if (ret)
		goto err_refuse;
	dvp_fill(map->sgt.sgl, map->iova.addr, size);
	return 0;

err_refuse:
	if (ret != -ENOMEM)
		dvp_refuse(buf->access, dev,
			   "the IOMMU cannot map %zu bytes of the peer's memory: error %d",
			   size, ret);
	dvp_free_entries(&map->sgt);
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

static void dvp_unmap_mapping(struct dma_buf_attachment *attach,
			      struct dvp_mapping *map,
			      enum dma_data_direction dir)
{
	struct dvp_attachment *att = attach->priv;
	struct device *dev = attach->dev;

	if (dma_use_iova(&map->iova))
		dma_iova_destroy(dev, &map->iova, map->mapped, dir,
				 DMA_ATTR_MMIO);
	else
		dvp_unmap_ranges(dev, attach->dmabuf->priv, map, dir);
	if (att->map_type != DVP_MAP_BUS_ADDR)
		dvp_flush(dev);
	dvp_free_entries(&map->sgt);
}

static int dvp_map_mapping(struct dma_buf_attachment *attach,
			   struct dvp_mapping *map,
			   enum dma_data_direction dir)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct dvp_attachment *att = attach->priv;
	struct device *dev = attach->dev;
	int ret;

	ret = dvp_reach_before(attach);
	if (ret)
		return ret;
	if (dvp_try_span(dev, buf, map, att->map_type, dir))
		ret = dvp_map_span(dev, buf, map, dir);
	else
		ret = dvp_map_ranges(dev, buf, map, att->map_type, dir);
	if (ret)
		return ret;
	ret = dvp_reach_after(attach, &map->sgt);
	if (ret)
		dvp_unmap_mapping(attach, map, dir);
	return ret;
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
	struct dvp_mapping *map;
	int ret;

	map = kzalloc_obj(*map);
	if (!map)
		return ERR_PTR(-ENOMEM);
	ret = dvp_map_mapping(attach, map, dir);
	if (ret) {
		kfree(map);
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

	dvp_unmap_mapping(attach, map, dir);
	kfree(map);
}
