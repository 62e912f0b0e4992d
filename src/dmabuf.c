// SPDX-License-Identifier: GPL-2.0-only
/* The dma-buf operations: what importers may do with an exported buffer. */
#include <linux/dma-resv.h>
#include <linux/pci.h>

#include "compat/dma_buf.h"
#include "compat/dma_buf_mapping.h"
#include "compat/slab.h"
#include "dvp.h"
#include "importer.h"
#include "record.h"
#include "revoke.h"
#include "trace.h"

MODULE_IMPORT_NS("DMA_BUF");

/* Drop one mapping; wake a revoke that waits for the last. */
static void dvp_uncount(struct dvp_buffer *buf)
{
	/* A waiter that reads zero must also see the mapping torn down. */
	smp_store_release(&buf->mappings, buf->mappings - 1);
	if (wq_has_sleeper(&buf->access->drained))
		wake_up(&buf->access->drained);
	if (buf->quarantined)
		dvp_quarantine_check(buf);
}

static void dvp_put_phys(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	trace_dvp_unmap(attach->dmabuf->priv, attach, NULL);
	att->lists--;
	dvp_uncount(attach->dmabuf->priv);
}

/* The list is constant for the lifetime of the attachment. */
static void dvp_fill_phys(struct dmabuf_vfio_pci_phys *phys,
			  struct dvp_buffer *buf, enum pci_p2pdma_map_type type)
{
	phys->version = DMABUF_VFIO_PCI_PHYS_VERSION;
	phys->memory = DMABUF_VFIO_PCI_MMIO;
	phys->path = DMABUF_VFIO_PCI_HOST_BRIDGE;
	if (type == PCI_P2PDMA_MAP_BUS_ADDR) {
		phys->path = DMABUF_VFIO_PCI_SWITCH;
		phys->bus_offset = pci_bus_address(buf->pdev, buf->bar) -
				   pci_resource_start(buf->pdev, buf->bar);
	}
	phys->nr_ranges = buf->nr_ranges;
	phys->ranges = buf->ranges;
	phys->put = dvp_put_phys;
}

/*
 * Decide on the path once per attachment: reading ACS registers for every mapping
 * would be slow.  The reservation lock keeps the device open meanwhile.
 */
static int dvp_attach_path(struct dvp_buffer *buf,
			   struct dma_buf_attachment *attach,
			   struct dvp_attachment *att)
{
	dma_resv_assert_held(&buf->resv);

	if (buf->revoked)
		return dvp_refuse_revoked(buf, attach->dev);
	att->map_type = dvp_p2p_map_type(buf, attach->dev);
	if (att->map_type == PCI_P2PDMA_MAP_NOT_SUPPORTED ||
	    !dvp_importer_agrees(buf, attach->dev))
		return -EINVAL;
	dvp_fill_phys(&att->phys, buf, att->map_type);
	return 0;
}

/* The importer must allow peer-to-peer and obey a revoke, or be held (pinned_importers=). */
static int dvp_attach_capable(struct dvp_buffer *buf,
			      struct dma_buf_attachment *attach)
{
	if (attach->peer2peer &&
	    (dvp_holds_pinned || dma_buf_attach_revocable(attach)))
		return 0;
	dvp_refuse(buf->access, attach->dev, "its driver %s",
		   attach->peer2peer ?
		   "cannot be revoked (no callback for it; see pinned_importers=hold)" :
		   "does not allow peer-to-peer (allow_peer2peer)");
	return -EOPNOTSUPP;
}

static int dvp_dmabuf_attach(struct dma_buf *dmabuf,
			     struct dma_buf_attachment *attach)
{
	struct dvp_buffer *buf = dmabuf->priv;
	struct dvp_attachment *att;
	int ret;

	ret = dvp_attach_capable(buf, attach);
	if (ret)
		return ret;

	att = kzalloc_obj(*att, GFP_KERNEL_ACCOUNT);
	if (!att)
		return -ENOMEM;
	INIT_LIST_HEAD(&att->reserved);
	dvp_process_fill(&att->importer);
	attach->priv = att;
	dma_resv_lock(&buf->resv, NULL);
	ret = dvp_attach_path(buf, attach, att);
	dma_resv_unlock(&buf->resv);
	if (!ret)
		ret = dvp_importer_attach(attach);
	if (ret) {
		dvp_importer_detach(&att->reserved);
		kfree(att);
		return ret;
	}
	trace_dvp_attach(buf, attach, att->map_type);
	return 0;
}

static void dvp_dmabuf_detach(struct dma_buf *dmabuf,
			      struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	trace_dvp_detach(dmabuf->priv, attach, att->map_type);
	dvp_importer_detach(&att->reserved);
	kfree(att);
}

static int dvp_dmabuf_pin(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;
	struct dvp_buffer *buf = attach->dmabuf->priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (!dvp_holds_pinned &&
	    !compat_dma_buf_pin_allowed(att->pins, att->mappings)) {
		dvp_refuse(buf->access, attach->dev,
			   "its driver pins the buffer, which could not be revoked then (see pinned_importers=hold)");
		return -EOPNOTSUPP;
	}
	att->pins++;
	return 0;
}

static void dvp_dmabuf_unpin(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	/* amdgpu unpins although its pin was refused. */
	if (att->pins)
		att->pins--;
}

static void dvp_refuse_mapping(struct dvp_buffer *buf,
			       const struct device *importer, int error,
			       size_t failed)
{
	if (error == -ENOMEM)
		return;
	if (failed < buf->nr_ranges)
		dvp_refuse(buf->access, importer,
			   "the DMA API cannot map range %zu of the buffer, %zu bytes from %pap: %pe",
			   failed, buf->ranges[failed].len,
			   &buf->ranges[failed].paddr, ERR_PTR(error));
	else
		dvp_refuse(buf->access, importer,
			   "the DMA API cannot map the buffer's %zu bytes: %pe",
			   buf->dmabuf->size, ERR_PTR(error));
}

static struct sg_table *dvp_dmabuf_map(struct dma_buf_attachment *attach,
				       enum dma_data_direction dir)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct dvp_attachment *att = attach->priv;
	struct compat_dma_buf_mapping *mapping;
	struct compat_dma_buf_ranges ranges;
	size_t failed;
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (buf->revoked)
		return ERR_PTR(dvp_refuse_revoked(buf, attach->dev));
	ret = dvp_importer_check(attach);
	if (ret)
		return ERR_PTR(ret);
	/* An importer hardly ever holds more than one mapping of an attachment. */
	mapping = att->mappings ? kzalloc_obj(*mapping) : &att->mapping;
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	ranges = (struct compat_dma_buf_ranges) {
		.vec = buf->ranges,
		.nr = buf->nr_ranges,
		.size = buf->size,
		.bus_offset = att->phys.bus_offset,
		.bar = pci_resource_start(buf->pdev, buf->bar),
		.bar_size = pci_resource_len(buf->pdev, buf->bar),
	};
	ret = compat_dma_buf_phys_vec_to_sgt(mapping, attach->dev, att->map_type,
					     &ranges, dir, &failed);
	if (ret) {
		dvp_refuse_mapping(buf, attach->dev, ret, failed);
		goto err_free;
	}
	ret = dvp_importer_check_mapping(attach, &mapping->sgt);
	if (ret)
		goto err_unmap;
	att->mappings++;
	buf->mappings++;
	trace_dvp_map(buf, attach, &mapping->sgt);
	return &mapping->sgt;

err_unmap:
	compat_dma_buf_free_sgt(mapping, attach->dev, &ranges, dir);
err_free:
	if (mapping != &att->mapping)
		kfree(mapping);
	return ERR_PTR(ret);
}

static void dvp_dmabuf_unmap(struct dma_buf_attachment *attach,
			     struct sg_table *sgt, enum dma_data_direction dir)
{
	struct compat_dma_buf_mapping *mapping =
		container_of(sgt, struct compat_dma_buf_mapping, sgt);
	struct dvp_buffer *buf = attach->dmabuf->priv;
	const struct compat_dma_buf_ranges ranges = { .vec = buf->ranges };
	struct dvp_attachment *att = attach->priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	trace_dvp_unmap(buf, attach, sgt);
	compat_dma_buf_free_sgt(mapping, attach->dev, &ranges, dir);
	if (mapping != &att->mapping)
		kfree(mapping);
	att->mappings--;
	dvp_uncount(buf);
}

static void dvp_dmabuf_release(struct dma_buf *dmabuf)
{
	struct dvp_buffer *buf = dmabuf->priv;

	dvp_revoke_remove(buf);
	dvp_buffer_put(buf);
}

static const struct dma_buf_ops dvp_dmabuf_ops = {
	.attach		= dvp_dmabuf_attach,
	.detach		= dvp_dmabuf_detach,
	.pin		= dvp_dmabuf_pin,
	.unpin		= dvp_dmabuf_unpin,
	.map_dma_buf	= dvp_dmabuf_map,
	.unmap_dma_buf	= dvp_dmabuf_unmap,
	.mmap		= dvp_mmap,
	.release	= dvp_dmabuf_release,
};

/**
 * dmabuf_vfio_pci_get_phys() - get the physical ranges of a dma-buf
 * @attach: the importer's attachment
 * @version: DMABUF_VFIO_PCI_PHYS_VERSION
 *
 * The list counts as a mapping: when the importer is told that the memory goes, it
 * has to give the list back by its put().  An importer may get the list several
 * times, and gives it back as often.
 *
 * Context: does not sleep; the reservation lock of the dma-buf is held.
 * Return: the list, or an ERR_PTR(): -EOPNOTSUPP if the dma-buf is not one of
 * this driver, or the version is unknown; -ENODEV while the memory is revoked; -EIO
 * if the IOMMU would take the memory for encrypted.
 */
const struct dmabuf_vfio_pci_phys *
dmabuf_vfio_pci_get_phys(struct dma_buf_attachment *attach, u32 version)
{
	struct dvp_attachment *att;
	struct dvp_buffer *buf;
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (attach->dmabuf->ops != &dvp_dmabuf_ops)
		return ERR_PTR(-EOPNOTSUPP);
	buf = attach->dmabuf->priv;
	if (version != DMABUF_VFIO_PCI_PHYS_VERSION) {
		dvp_refuse(buf->access, attach->dev,
			   "version %u of the list of physical addresses is not supported",
			   version);
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (buf->revoked)
		return ERR_PTR(dvp_refuse_revoked(buf, attach->dev));
	ret = dvp_importer_check_list(attach);
	if (ret)
		return ERR_PTR(ret);
	att = attach->priv;
	att->lists++;
	buf->mappings++;
	trace_dvp_map(buf, attach, NULL);
	return &att->phys;
}
EXPORT_SYMBOL_GPL(dmabuf_vfio_pci_get_phys);

/* The buffer of a dma-buf, or NULL if another driver has exported it. */
struct dvp_buffer *dvp_dmabuf_buffer(struct dma_buf *dmabuf)
{
	return dmabuf->ops == &dvp_dmabuf_ops ? dmabuf->priv : NULL;
}

/**
 * dvp_dmabuf_create() - create the dma-buf of a buffer
 * @buf: buffer, complete but for @buf->dmabuf
 * @open_flags: of the file: access mode and O_CLOEXEC
 *
 * On success the dma-buf owns the caller's reference on @buf.
 *
 * Return: the dma-buf, or an ERR_PTR() of dma_buf_export().
 */
struct dma_buf *dvp_dmabuf_create(struct dvp_buffer *buf, int open_flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);
	struct dma_buf *dmabuf;

	exp_info.exp_name = buf->access->exp_name;
	exp_info.ops = &dvp_dmabuf_ops;
	exp_info.size = buf->size;
	exp_info.flags = open_flags;
	exp_info.resv = &buf->resv;
	exp_info.priv = buf;
	dmabuf = dma_buf_export(&exp_info);
	if (IS_ERR(dmabuf))
		return dmabuf;
	/* Nobody else knows the buffer yet. */
	buf->dmabuf = dmabuf;
	buf->inode = file_inode(dmabuf->file)->i_ino;
	buf->mapping = dmabuf->file->f_mapping;
	ihold(buf->mapping->host);
	return dmabuf;
}
