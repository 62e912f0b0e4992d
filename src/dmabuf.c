// SPDX-License-Identifier: GPL-2.0-only
/* The dma-buf operations: what importers may do with an exported buffer. */
#include <linux/dma-resv.h>

#include "access.h"
#include "compat/dma_buf.h"
#include "compat/slab.h"
#include "dmabuf.h"
#include "dvp.h"
#include "reach.h"

MODULE_IMPORT_NS("DMA_BUF");

/* One who reached the memory does not any more. */
static void dvp_uncount(struct dvp_buffer *buf)
{
	/* Whoever sees the last mapping gone must also see it torn down. */
	smp_store_release(&buf->mappings, buf->mappings - 1);
	if (!buf->mappings)
		wake_up(&buf->access->drained);
}

static void dvp_put_phys(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	att->lists--;
	dvp_uncount(attach->dmabuf->priv);
}

/* What it says does not change as long as the attachment is there. */
static void dvp_fill_phys(struct dmabuf_vfio_pci_phys *phys,
			  struct dvp_buffer *buf, enum dvp_map_type type)
{
	phys->version = DMABUF_VFIO_PCI_PHYS_VERSION;
	phys->memory = DMABUF_VFIO_PCI_MMIO;
	phys->path = type == DVP_MAP_BUS_ADDR ? DMABUF_VFIO_PCI_SWITCH :
						DMABUF_VFIO_PCI_HOST_BRIDGE;
	phys->bus_offset = buf->bus_offset;
	phys->nr_ranges = buf->nr_ranges;
	phys->ranges = buf->ranges;
	phys->put = dvp_put_phys;
}

/*
 * The path is decided here, once: reading ACS registers for every mapping would
 * be slow.  The reservation lock keeps the device open while we look at it.
 */
static int dvp_attach_path(struct dvp_buffer *buf,
			   struct dma_buf_attachment *attach,
			   struct dvp_attachment *att)
{
	int ret = 0;

	dma_resv_lock(buf->dmabuf->resv, NULL);
	if (buf->revoked) {
		ret = -ENODEV;
	} else {
		att->map_type = dvp_p2p_map_type(buf->pdev, attach->dev);
		if (att->map_type == DVP_MAP_NOT_SUPPORTED ||
		    !dvp_reach_agrees(buf->pdev, attach->dev))
			ret = -EINVAL;
		else
			dvp_fill_phys(&att->phys, buf, att->map_type);
	}
	dma_resv_unlock(buf->dmabuf->resv);
	return ret;
}

static int dvp_dmabuf_attach(struct dma_buf *dmabuf,
			     struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att;
	int ret;

	/* There are no struct pages, and the memory can be taken back. */
	if (!attach->peer2peer || !dma_buf_attach_revocable(attach))
		return -EOPNOTSUPP;

	att = kzalloc_obj(*att);
	if (!att)
		return -ENOMEM;
	ret = dvp_reach_look(attach->dev, &att->reserved);
	if (ret)
		goto err_free;
	ret = dvp_attach_path(dmabuf->priv, attach, att);
	if (ret)
		goto err_forget;
	attach->priv = att;
	return 0;

err_forget:
	dvp_reach_forget(&att->reserved);
err_free:
	kfree(att);
	return ret;
}

static void dvp_dmabuf_detach(struct dma_buf *dmabuf,
			      struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	dvp_reach_forget(&att->reserved);
	kfree(att);
}

static int dvp_dmabuf_pin(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (!compat_dma_buf_pin_allowed(att->pins, att->mappings))
		return -EOPNOTSUPP;
	att->pins++;
	return 0;
}

static void dvp_dmabuf_unpin(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	att->pins--;
}

static struct sg_table *dvp_dmabuf_map(struct dma_buf_attachment *attach,
				       enum dma_data_direction dir)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct dvp_attachment *att = attach->priv;
	struct sg_table *sgt;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (buf->revoked)
		return ERR_PTR(-ENODEV);
	sgt = dvp_map(attach, dir);
	if (IS_ERR(sgt))
		return sgt;
	att->mappings++;
	buf->mappings++;
	return sgt;
}

static void dvp_dmabuf_unmap(struct dma_buf_attachment *attach,
			     struct sg_table *sgt, enum dma_data_direction dir)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct dvp_attachment *att = attach->priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	dvp_unmap(attach, sgt, dir);
	att->mappings--;
	dvp_uncount(buf);
}

static void dvp_dmabuf_release(struct dma_buf *dmabuf)
{
	struct dvp_buffer *buf = dmabuf->priv;

	dvp_access_remove(buf->access, buf);
	dvp_access_put(buf->access);
	kvfree(buf);
}

static const struct dma_buf_ops dvp_dmabuf_ops = {
	.attach		= dvp_dmabuf_attach,
	.detach		= dvp_dmabuf_detach,
	.pin		= dvp_dmabuf_pin,
	.unpin		= dvp_dmabuf_unpin,
	.map_dma_buf	= dvp_dmabuf_map,
	.unmap_dma_buf	= dvp_dmabuf_unmap,
	.release	= dvp_dmabuf_release,
};

/**
 * dmabuf_vfio_pci_get_phys() - get the physical addresses of a dma-buf
 * @attach: the importer's attachment to it
 * @version: DMABUF_VFIO_PCI_PHYS_VERSION
 *
 * A list that was got counts as a mapping: it has to be given back, by its
 * put(), as soon as the importer is told that the memory goes.  Can be got
 * several times, and is given back as often.
 *
 * Context: does not sleep; the reservation lock of the dma-buf is held.
 * Return: the list, or an ERR_PTR(): -EOPNOTSUPP if the dma-buf is not one of
 * this driver's own, or if it does not know that version; -ENODEV while the
 * memory is revoked.
 */
const struct dmabuf_vfio_pci_phys *
dmabuf_vfio_pci_get_phys(struct dma_buf_attachment *attach, u32 version)
{
	struct dvp_attachment *att;
	struct dvp_buffer *buf;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (attach->dmabuf->ops != &dvp_dmabuf_ops ||
	    version != DMABUF_VFIO_PCI_PHYS_VERSION)
		return ERR_PTR(-EOPNOTSUPP);
	buf = attach->dmabuf->priv;
	if (buf->revoked)
		return ERR_PTR(-ENODEV);
	att = attach->priv;
	att->lists++;
	buf->mappings++;
	return &att->phys;
}
EXPORT_SYMBOL_GPL(dmabuf_vfio_pci_get_phys);

/**
 * dvp_dmabuf_create() - make a dma-buf of a buffer
 * @buf: buffer, complete but for @buf->dmabuf
 * @size: sum of its ranges, in bytes
 * @open_flags: of the file: access mode and O_CLOEXEC
 *
 * On success the dma-buf owns @buf and the reference that @buf holds on its
 * dvp_access; dma_buf_put() frees both.
 *
 * Context: may sleep.
 * Return: the dma-buf, or an ERR_PTR() of dma_buf_export().
 */
struct dma_buf *dvp_dmabuf_create(struct dvp_buffer *buf, size_t size,
				  int open_flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);

	INIT_LIST_HEAD(&buf->node);
	exp_info.exp_name = DVP_NAME;
	exp_info.ops = &dvp_dmabuf_ops;
	exp_info.size = size;
	exp_info.flags = open_flags;
	exp_info.priv = buf;
	buf->dmabuf = dma_buf_export(&exp_info);
	return buf->dmabuf;
}
