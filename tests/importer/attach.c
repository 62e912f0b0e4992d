// SPDX-License-Identifier: GPL-2.0-only
/*
 * An importer of dma-bufs, as good or as bad as the test asks for.  The good
 * ones unmap as soon as the exporter says that the memory goes.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/platform_device.h>

#include "compat/dma_buf.h"
#include "compat/slab.h"
#include "importer.h"

/* Take down the mapping, if any.  The reservation lock is held. */
void dvp_import_unmap_locked(struct dvp_import *import)
{
	dma_resv_assert_held(import->attach->dmabuf->resv);

	if (import->sgt)
		dma_buf_unmap_attachment(import->attach, import->sgt,
					 import->dir);
	if (import->own)
		dvp_own_unmap(import->own, import->attach);
	import->sgt = NULL;
	import->own = NULL;
	import->stale = false;
}

static void import_release(struct work_struct *work)
{
	struct dvp_import *import =
		container_of(work, struct dvp_import, release.work);

	if (!dvp_is_over(&import->release, import->release_at))
		return;
	dvp_import_lock(import);
	dvp_import_unmap_locked(import);
	dvp_import_unlock(import);
}

/*
 * Runs under the reservation lock.  So does a transfer, which therefore is over
 * when the mapping goes.
 */
static void import_notify(struct dma_buf_attachment *attach)
{
	struct dvp_import *import = attach->importer_priv;
	bool answers;

	dma_resv_assert_held(attach->dmabuf->resv);

	answers = dvp_import_look(import);
	import->notifications++;
	if (!dvp_import_is_mapped(import))
		return;
	import->revokes++;
	import->blind += !answers;
	if (import->hold_ms == DVP_IMPORTER_UNTIL_CALL)
		import->stale = true;
	else if (import->hold_ms)
		dvp_delay(&import->release, &import->release_at, import->hold_ms);
	else
		dvp_import_unmap_locked(import);
}

static const struct dma_buf_attach_ops revocable_ops = {
	.allow_peer2peer = true,
	.COMPAT_INVALIDATE_MAPPINGS = import_notify,
};

static const struct dma_buf_attach_ops no_peer_ops = {
	.COMPAT_INVALIDATE_MAPPINGS = import_notify,
};

static const struct dma_buf_attach_ops no_callback_ops = {
	.allow_peer2peer = true,
};

/* The core of kernels that call it move_notify wants a callback of everybody. */
static void __maybe_unused pinned_notify(struct dma_buf_attachment *attach)
{
	struct dvp_import *import = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	import->notifications++;
}

static const struct dma_buf_attach_ops pinned_ops = {
	.allow_peer2peer = true,
#ifndef HAVE_DMA_BUF_ATTACH_REVOCABLE
	.COMPAT_INVALIDATE_MAPPINGS = pinned_notify,
#endif
};

static struct dma_buf_attachment *attach_as(struct dvp_import *import,
					    struct dma_buf *dmabuf, u32 kind)
{
	struct device *dev = import->dev;

	switch (kind) {
	case DVP_IMPORTER_REVOCABLE:
	case DVP_IMPORTER_CHILD:
		return dma_buf_dynamic_attach(dmabuf, dev, &revocable_ops,
					      import);
	case DVP_IMPORTER_NO_PEER:
		return dma_buf_dynamic_attach(dmabuf, dev, &no_peer_ops,
					      import);
	case DVP_IMPORTER_NO_CALLBACK:
		return dma_buf_dynamic_attach(dmabuf, dev, &no_callback_ops,
					      import);
	case DVP_IMPORTER_PINNED:
		return dma_buf_dynamic_attach(dmabuf, dev, &pinned_ops, import);
	case DVP_IMPORTER_STATIC:
		return dma_buf_attach(dmabuf, dev);
	default:
		return ERR_PTR(-EINVAL);
	}
}

static int child_create(struct dvp_import *import)
{
	const struct platform_device_info info = {
		.name = KBUILD_MODNAME "-child",
		.id = PLATFORM_DEVID_AUTO,
		.parent = import->dev,
		.dma_mask = DMA_BIT_MASK(64),
	};
	struct platform_device *child = platform_device_register_full(&info);

	if (IS_ERR(child))
		return PTR_ERR(child);
	import->child = child;
	import->dev = &child->dev;
	return 0;
}

static int map_locked(struct dvp_import *import, enum dma_data_direction dir)
{
	struct sg_table *sgt = dma_buf_map_attachment(import->attach, dir);

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	import->sgt = sgt;
	import->dir = dir;
	return 0;
}

static int pin_locked(struct dvp_import *import)
{
	int ret = dma_buf_pin(import->attach);

	if (!ret)
		import->pins++;
	return ret;
}

/* Both under one hold of the lock; after a failure, the caller detaches. */
static int pin_and_map(struct dvp_import *import)
{
	int ret;

	dvp_import_lock(import);
	ret = pin_locked(import) ?: map_locked(import, DMA_BIDIRECTIONAL);
	dvp_import_unlock(import);
	return ret;
}

struct dvp_import *dvp_import_attach(struct device *dev,
				     const struct dvp_importer_attach *arg)
{
	struct dma_buf_attachment *attach;
	struct dvp_import *import;
	struct dma_buf *dmabuf;
	int ret;

	dmabuf = dma_buf_get(arg->fd);
	if (IS_ERR(dmabuf))
		return ERR_CAST(dmabuf);

	import = kzalloc_obj(*import);
	if (!import) {
		dma_buf_put(dmabuf);
		return ERR_PTR(-ENOMEM);
	}
	import->dev = dev;
	import->hold_ms = arg->hold_ms;
	INIT_DELAYED_WORK(&import->release, import_release);

	if (arg->kind == DVP_IMPORTER_CHILD) {
		ret = child_create(import);
		if (ret) {
			kfree(import);
			dma_buf_put(dmabuf);
			return ERR_PTR(ret);
		}
	}

	/* Notifications come from here on; without a mapping they just count. */
	attach = attach_as(import, dmabuf, arg->kind);
	if (IS_ERR(attach)) {
		platform_device_unregister(import->child);
		kfree(import);
		dma_buf_put(dmabuf);
		return ERR_CAST(attach);
	}
	import->attach = attach;
	if (arg->kind == DVP_IMPORTER_PINNED) {
		ret = pin_and_map(import);
		if (ret) {
			dvp_import_detach(import);
			return ERR_PTR(ret);
		}
	}
	return import;
}

void dvp_import_detach(struct dvp_import *import)
{
	struct dma_buf *dmabuf = import->attach->dmabuf;

	dvp_import_lock(import);
	dvp_import_unmap_locked(import);
	for (; import->pins; import->pins--)
		dma_buf_unpin(import->attach);
	dvp_import_unlock(import);

	/* Without a mapping no notification schedules it again. */
	cancel_delayed_work_sync(&import->release);

	dma_buf_detach(dmabuf, import->attach);
	dma_buf_put(dmabuf);
	dvp_import_unwatch(import);
	platform_device_unregister(import->child);
	kfree(import);
}

/*
 * An importer that detaches without unmapping is not in the list any more, but can
 * make up for it if that is all.
 */
void dvp_import_hide(struct dvp_import *import, bool hide)
{
	struct dma_buf_attachment *attach = import->attach;

	dvp_import_lock(import);
	list_del_init(&attach->node);
	if (!hide)
		list_add(&attach->node, &attach->dmabuf->attachments);
	dvp_import_unlock(import);
}

int dvp_import_map(struct dvp_import *import, enum dma_data_direction dir)
{
	int ret;

	dvp_import_lock(import);
	dvp_import_unmap_stale(import);
	ret = dvp_import_is_mapped(import) ? -EBUSY : map_locked(import, dir);
	dvp_import_unlock(import);
	return ret;
}

int dvp_import_map_own(struct dvp_import *import, struct dvp_edu *edu,
		       u32 version)
{
	struct dvp_own *own;
	int ret = 0;

	if (!edu->regs)
		return -EINVAL;
	dvp_import_lock(import);
	if (dvp_import_is_mapped(import)) {
		ret = -EBUSY;
		goto unlock;
	}
	own = dvp_own_map(import->attach, edu, version);
	if (IS_ERR(own))
		ret = PTR_ERR(own);
	else
		import->own = own;
unlock:
	dvp_import_unlock(import);
	return ret;
}

int dvp_import_unmap(struct dvp_import *import)
{
	int ret;

	dvp_import_lock(import);
	ret = dvp_import_is_mapped(import) ? 0 : -EINVAL;
	dvp_import_unmap_locked(import);
	dvp_import_unlock(import);
	/* A release that is due must not take down a later mapping. */
	cancel_delayed_work_sync(&import->release);
	return ret;
}

int dvp_import_pin(struct dvp_import *import)
{
	int ret;

	/* The core allows pins to dynamic importers only. */
	if (!import->attach->importer_ops)
		return -EINVAL;

	dvp_import_lock(import);
	ret = pin_locked(import);
	dvp_import_unlock(import);
	return ret;
}

/* Unpins without a pin, too, as a driver does that ignores a refused pin. */
int dvp_import_unpin(struct dvp_import *import)
{
	if (!import->attach->importer_ops)
		return -EINVAL;

	dvp_import_lock(import);
	dma_buf_unpin(import->attach);
	if (import->pins)
		import->pins--;
	dvp_import_unlock(import);
	return 0;
}

