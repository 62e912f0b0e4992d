// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory regions on dma-bufs.  The RDMA core attaches, pins and maps; the table of
 * DMA addresses that a card would have is made as drivers make theirs.
 */
#include <linux/dma-resv.h>
#include <linux/seq_file.h>
/* Newer releases of each series have split it from ib_verbs.h and ib_umem.h. */
#ifdef HAVE_RDMA_ITER
#include <rdma/iter.h>
#endif

#include "compat/dma_buf.h"
#include "compat/slab.h"
#include "rdma.h"

/* The sizes of page that the card's table can have. */
#define PAGE_SIZES	GENMASK(31, PAGE_SHIFT)

/* Since 7.0; older kernels have neither. */
struct ib_umem_dmabuf *
ib_umem_dmabuf_get_pinned_revocable_and_lock(struct ib_device *device,
					     unsigned long offset, size_t size,
					     int fd, int access) __weak;
void ib_umem_dmabuf_set_revoke_locked(struct ib_umem_dmabuf *umem,
				      void (*revoke)(void *priv), void *priv) __weak;

/**
 * struct dvp_region - a memory region
 * @mr: what the RDMA core knows of it
 * @rdma: card
 * @node: in the list of the card's regions
 * @kind: how it is registered
 * @umem: dma-buf
 * @iova: address of its first byte to users of its keys
 * @page_size: of the table, in bytes
 * @nr_pages: of the table; 0 while there is none
 * @pages: DMA address of each page
 * @revokes: how often the table was taken away
 * @revoked: it is gone for good
 *
 * The reservation lock of the dma-buf protects what follows @iova.
 */
struct dvp_region {
	struct ib_mr mr;
	struct dvp_rdma *rdma;
	struct list_head node;
	enum dvp_region_kind kind;
	struct ib_umem_dmabuf *umem;
	u64 iova;
	unsigned long page_size;
	size_t nr_pages;
	dma_addr_t *pages;
	unsigned int revokes;
	bool revoked;
};

static void region_lock(struct dvp_region *region)
{
	dma_resv_lock(region->umem->attach->dmabuf->resv, NULL);
}

static void region_unlock(struct dvp_region *region)
{
	dma_resv_unlock(region->umem->attach->dmabuf->resv);
}

/* The card knows no address any more. */
static void table_clear(struct dvp_region *region)
{
	if (region->nr_pages)
		region->revokes++;
	region->nr_pages = 0;
	kvfree(region->pages);
	region->pages = NULL;
}

static int table_fill(struct dvp_region *region)
{
	struct ib_umem *umem = &region->umem->umem;
	struct ib_block_iter block;
	size_t nr_pages;

	region->page_size = ib_umem_find_best_pgsz(umem, PAGE_SIZES,
						   region->iova);
	if (!region->page_size)
		return -EINVAL;
	nr_pages = ib_umem_num_dma_blocks(umem, region->page_size);
	region->pages = kvcalloc(nr_pages, sizeof(*region->pages), GFP_KERNEL);
	if (!region->pages)
		return -ENOMEM;
	rdma_umem_for_each_dma_block(umem, &block, region->page_size)
		region->pages[region->nr_pages++] =
			rdma_block_iter_dma_address(&block);
	if (WARN_ON(region->nr_pages != nr_pages))
		return -EINVAL;
	return 0;
}

static void dynamic_notify(struct dma_buf_attachment *attach)
{
	struct ib_umem_dmabuf *umem = attach->importer_priv;

	/* Being registered, or without a mapping. */
	if (!umem->private || !umem->sgt)
		return;
	table_clear(umem->private);
	ib_umem_dmabuf_unmap_pages(umem);
}

static const struct dma_buf_attach_ops dynamic_ops = {
	.allow_peer2peer = true,
	.COMPAT_INVALIDATE_MAPPINGS = dynamic_notify,
};

/* Maps anew what has been revoked. */
static int dynamic_map(struct dvp_region *region)
{
	int ret;

	ret = ib_umem_dmabuf_map_pages(region->umem);
	if (ret)
		return ret;
	ret = table_fill(region);
	if (ret)
		dynamic_notify(region->umem->attach);
	return ret;
}

static int dynamic_fill(struct dvp_region *region)
{
	int ret;

	region_lock(region);
	region->umem->private = region;
	ret = dynamic_map(region);
	region_unlock(region);
	return ret;
}

static int pinned_fill(struct dvp_region *region)
{
	int ret;

	region_lock(region);
	ret = table_fill(region);
	region_unlock(region);
	return ret;
}

static void revocable_revoke(void *data)
{
	struct dvp_region *region = data;

	table_clear(region);
	region->revoked = true;
}

/* The core returns with the reservation lock. */
static int revocable_fill(struct dvp_region *region)
{
	int ret;

	ib_umem_dmabuf_set_revoke_locked(region->umem, revocable_revoke, region);
	ret = table_fill(region);
	region_unlock(region);
	return ret;
}

static int region_get(struct dvp_region *region, struct ib_device *ibdev,
		      u64 offset, u64 length, int fd, int access)
{
	switch (region->kind) {
	case DVP_REGION_DYNAMIC:
		region->umem = ib_umem_dmabuf_get(ibdev, offset, length, fd,
						  access, &dynamic_ops);
		return PTR_ERR_OR_ZERO(region->umem) ?: dynamic_fill(region);
	case DVP_REGION_PINNED:
		region->umem = ib_umem_dmabuf_get_pinned(ibdev, offset, length,
							 fd, access);
		return PTR_ERR_OR_ZERO(region->umem) ?: pinned_fill(region);
	case DVP_REGION_REVOCABLE:
		if (!ib_umem_dmabuf_get_pinned_revocable_and_lock)
			return -ENXIO;
		region->umem =
			ib_umem_dmabuf_get_pinned_revocable_and_lock(ibdev, offset,
								     length, fd,
								     access);
		return PTR_ERR_OR_ZERO(region->umem) ?: revocable_fill(region);
	default:
		return -EINVAL;
	}
}

static void region_free(struct dvp_region *region)
{
	/* Unmaps, unpins and detaches; a revocable one is revoked before that. */
	if (!IS_ERR_OR_NULL(region->umem))
		ib_umem_release(&region->umem->umem);
	kvfree(region->pages);
	kfree(region);
}

struct ib_mr *dvp_region_register(struct ib_pd *pd, u64 offset, u64 length,
				  u64 iova, int fd, int access,
				  enum dvp_region_kind kind)
{
	struct dvp_rdma *rdma = container_of(pd->device, struct dvp_rdma, ibdev);
	struct dvp_region *region;
	int ret;

	region = kzalloc_obj(*region);
	if (!region)
		return ERR_PTR(-ENOMEM);
	region->rdma = rdma;
	region->kind = kind;
	region->iova = iova;
	ret = region_get(region, pd->device, offset, length, fd, access);
	if (ret) {
		region_free(region);
		return ERR_PTR(ret);
	}

	mutex_lock(&rdma->lock);
	region->mr.lkey = ++rdma->keys;
	region->mr.rkey = region->mr.lkey;
	region->mr.length = length;
	region->mr.iova = iova;
	list_add_tail(&region->node, &rdma->regions);
	mutex_unlock(&rdma->lock);
	return &region->mr;
}

int dvp_region_deregister(struct ib_mr *mr, struct ib_udata *udata)
{
	struct dvp_region *region = container_of(mr, struct dvp_region, mr);

	mutex_lock(&region->rdma->lock);
	list_del(&region->node);
	mutex_unlock(&region->rdma->lock);
	region_free(region);
	return 0;
}

/* As the card looks an address up: in the page that its bits above the offset name. */
static int table_find(struct dvp_region *region, u64 iova, size_t length,
		      dma_addr_t *address)
{
	u64 mask = region->page_size - 1;
	u64 page = ((iova & ~mask) - (region->iova & ~mask)) / region->page_size;

	if (iova < region->iova || length > region->mr.length ||
	    iova - region->iova > region->mr.length - length ||
	    (iova & mask) + length > region->page_size)
		return -EINVAL;
	*address = region->pages[page] + (iova & mask);
	return 0;
}

/* The reservation lock is held, so that a revoke waits for the end. */
static int write_locked(struct dvp_region *region, u64 iova, const void *data,
			size_t length)
{
	dma_addr_t address;
	int ret = 0;

	if (region->revoked)
		return -EFAULT;
	if (!region->nr_pages)
		ret = dynamic_map(region);
	if (!ret)
		ret = table_find(region, iova, length, &address);
	if (!ret)
		ret = dvp_edu_write(&region->rdma->edu, address, data, length);
	return ret;
}

/* Let the card write to a region, within one page. */
int dvp_region_write(struct dvp_rdma *rdma, u32 key, u64 iova,
		     const void *data, size_t length)
{
	struct dvp_region *region;
	int ret = -ENOENT;

	mutex_lock(&rdma->lock);
	list_for_each_entry(region, &rdma->regions, node) {
		if (region->mr.rkey != key)
			continue;
		region_lock(region);
		ret = write_locked(region, iova, data, length);
		region_unlock(region);
		break;
	}
	mutex_unlock(&rdma->lock);
	return ret;
}

static void print_table(struct seq_file *seq, struct dvp_region *region)
{
	size_t i;

	seq_printf(seq, "region %u page_size %lu pages %zu revokes %u%s\n",
		   region->mr.rkey, region->nr_pages ? region->page_size : 0,
		   region->nr_pages, region->revokes,
		   region->revoked ? " revoked" : "");
	for (i = 0; i < region->nr_pages; i++)
		seq_printf(seq, "\t%pad\n", &region->pages[i]);
}

/* Print all regions, each with the card's table. */
void dvp_region_print(struct seq_file *seq, struct dvp_rdma *rdma)
{
	struct dvp_region *region;

	mutex_lock(&rdma->lock);
	list_for_each_entry(region, &rdma->regions, node) {
		region_lock(region);
		print_table(seq, region);
		region_unlock(region);
	}
	mutex_unlock(&rdma->lock);
}
