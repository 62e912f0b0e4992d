// SPDX-License-Identifier: GPL-2.0-only
/* The dma-buf operations: what importers may do with an exported buffer. */
#include <linux/dma-resv.h>

#include "access.h"
#include "compat/dma_buf.h"
#include "compat/slab.h"
#include "dmabuf.h"
#include "dvp.h"

MODULE_IMPORT_NS("DMA_BUF");

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
		if (att->map_type == DVP_MAP_NOT_SUPPORTED)
			ret = -EINVAL;
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
	ret = dvp_attach_path(dmabuf->priv, attach, att);
	if (ret) {
		kfree(att);
		return ret;
	}
	attach->priv = att;
	return 0;
}

static void dvp_dmabuf_detach(struct dma_buf *dmabuf,
			      struct dma_buf_attachment *attach)
{
	kfree(attach->priv);
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
	/* Whoever sees the last mapping gone must also see it torn down. */
	smp_store_release(&buf->mappings, buf->mappings - 1);
	if (!buf->mappings)
		wake_up(&buf->access->drained);
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
