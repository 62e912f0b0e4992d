// SPDX-License-Identifier: GPL-2.0-only
/*
 * An importer of dma-bufs, as good or as bad as the test asks for.  The good
 * ones unmap as soon as the exporter says that the memory goes.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>

#include "compat/dma_buf.h"
#include "compat/slab.h"
#include "importer.h"

/**
 * struct import_fence - work on a buffer that is not done yet
 * @base: what the exporter waits for; first, because the core frees it
 * @lock: of @base
 * @done: the end of the work; holds a reference on @base
 * @end: when that is
 */
struct import_fence {
	struct dma_fence base;
	spinlock_t lock; /* of base */
	struct delayed_work done;
	ktime_t end;
};

/* Delays a work by @ms, and says at @end when that is over; not if it is delayed already. */
static void delay_work(struct delayed_work *work, ktime_t *end, unsigned int ms)
{
	if (delayed_work_pending(work))
		return;
	*end = ktime_add_ms(ktime_get(), ms);
	schedule_delayed_work(work, msecs_to_jiffies(ms));
}

/*
 * Whether the @end of a delay has come; if not, the work runs again.  jiffies may lag
 * behind the clock by several ticks where a virtual machine's CPUs take turns.
 */
static bool is_over(struct delayed_work *work, ktime_t end)
{
	if (!ktime_before(ktime_get(), end))
		return true;
	schedule_delayed_work(work, 1);
	return false;
}

static const char *fence_name(struct dma_fence *fence)
{
	return KBUILD_MODNAME;
}

/* A buffer can keep a fence for longer than the importer is attached. */
static void fence_release(struct dma_fence *fence)
{
	dma_fence_free(fence);
	module_put(THIS_MODULE);
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
	.release = fence_release,
};

static void fence_done(struct work_struct *work)
{
	struct import_fence *fence =
		container_of(work, struct import_fence, done.work);

	if (!is_over(&fence->done, fence->end))
		return;
	dma_fence_signal(&fence->base);
	dma_fence_put(&fence->base);
}

static struct import_fence *fence_create(void)
{
	struct import_fence *fence;

	fence = kzalloc_obj(*fence);
	if (!fence)
		return NULL;
	__module_get(THIS_MODULE);
	spin_lock_init(&fence->lock);
	INIT_DELAYED_WORK(&fence->done, fence_done);
	dma_fence_init(&fence->base, &fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	return fence;
}

static bool is_mapped(struct dvp_import *import)
{
	return import->sgt || import->own;
}

static bool find_own_byte(struct dvp_own *own, u64 offset, dma_addr_t *addr,
			  size_t *left)
{
	size_t size;

	*addr = dvp_own_address(own, &size) + offset;
	*left = size - offset;
	return offset < size;
}

/* The DMA address of byte @offset, and how many bytes its entry still has. */
static bool find_byte(struct dvp_import *import, u64 offset, dma_addr_t *addr,
		      size_t *left)
{
	struct scatterlist *sg;
	unsigned int i;

	if (import->own)
		return find_own_byte(import->own, offset, addr, left);
	for_each_sgtable_dma_sg(import->sgt, sg, i) {
		if (offset < sg_dma_len(sg)) {
			*addr = sg_dma_address(sg) + offset;
			*left = sg_dma_len(sg) - offset;
			return true;
		}
		offset -= sg_dma_len(sg);
	}
	return false;
}

static void unmap_locked(struct dvp_import *import)
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

/* What it was told to let go of, and has kept until this call. */
static void unmap_stale(struct dvp_import *import)
{
	if (import->stale)
		unmap_locked(import);
}

static void import_lock(struct dvp_import *import)
{
	dma_resv_lock(import->attach->dmabuf->resv, NULL);
}

static void import_unlock(struct dvp_import *import)
{
	dma_resv_unlock(import->attach->dmabuf->resv);
}

static void import_release(struct work_struct *work)
{
	struct dvp_import *import =
		container_of(work, struct dvp_import, release.work);

	if (!is_over(&import->release, import->release_at))
		return;
	import_lock(import);
	unmap_locked(import);
	import_unlock(import);
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
	if (!is_mapped(import))
		return;
	import->revokes++;
	import->blind += !answers;
	if (import->hold_ms == DVP_IMPORTER_UNTIL_CALL)
		import->stale = true;
	else if (import->hold_ms)
		delay_work(&import->release, &import->release_at, import->hold_ms);
	else
		unmap_locked(import);
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

/* In one go under the lock; who fails detaches, which undoes what there is. */
static int pin_and_map(struct dvp_import *import)
{
	struct sg_table *sgt;
	int ret;

	import_lock(import);
	ret = dma_buf_pin(import->attach);
	if (ret)
		goto unlock;
	import->pins++;
	sgt = dma_buf_map_attachment(import->attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto unlock;
	}
	import->sgt = sgt;
	import->dir = DMA_BIDIRECTIONAL;
unlock:
	import_unlock(import);
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

	import_lock(import);
	unmap_locked(import);
	for (; import->pins; import->pins--)
		dma_buf_unpin(import->attach);
	import_unlock(import);

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

	import_lock(import);
	list_del_init(&attach->node);
	if (!hide)
		list_add(&attach->node, &attach->dmabuf->attachments);
	import_unlock(import);
}

int dvp_import_map(struct dvp_import *import, enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int ret = 0;

	import_lock(import);
	unmap_stale(import);
	if (is_mapped(import)) {
		ret = -EBUSY;
		goto unlock;
	}
	sgt = dma_buf_map_attachment(import->attach, dir);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto unlock;
	}
	import->sgt = sgt;
	import->dir = dir;
unlock:
	import_unlock(import);
	return ret;
}

int dvp_import_map_own(struct dvp_import *import, struct dvp_edu *edu,
		       u32 version)
{
	struct dvp_own *own;
	int ret = 0;

	if (!edu->regs)
		return -EINVAL;
	import_lock(import);
	if (is_mapped(import)) {
		ret = -EBUSY;
		goto unlock;
	}
	own = dvp_own_map(import->attach, edu, version);
	if (IS_ERR(own))
		ret = PTR_ERR(own);
	else
		import->own = own;
unlock:
	import_unlock(import);
	return ret;
}

int dvp_import_unmap(struct dvp_import *import)
{
	int ret;

	import_lock(import);
	ret = is_mapped(import) ? 0 : -EINVAL;
	unmap_locked(import);
	import_unlock(import);
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

	import_lock(import);
	ret = dma_buf_pin(import->attach);
	if (!ret)
		import->pins++;
	import_unlock(import);
	return ret;
}

/* Unpins without a pin, too, as a driver does that ignores a refused pin. */
int dvp_import_unpin(struct dvp_import *import)
{
	if (!import->attach->importer_ops)
		return -EINVAL;

	import_lock(import);
	dma_buf_unpin(import->attach);
	if (import->pins)
		import->pins--;
	import_unlock(import);
	return 0;
}

/* Lets a fence say for @ms that the device works on the buffer. */
int dvp_import_work(struct dvp_import *import, unsigned int ms)
{
	struct dma_resv *resv = import->attach->dmabuf->resv;
	struct import_fence *fence;
	int ret;

	fence = fence_create();
	if (!fence)
		return -ENOMEM;

	import_lock(import);
	ret = dma_resv_reserve_fences(resv, 1);
	if (!ret)
		dma_resv_add_fence(resv, &fence->base, DMA_RESV_USAGE_BOOKKEEP);
	import_unlock(import);

	if (ret)
		dma_fence_put(&fence->base);
	else
		delay_work(&fence->done, &fence->end, ms);
	return ret;
}

/* Fills in what there is, and as many of @entries as there is room for. */
void dvp_import_report(struct dvp_import *import,
		       struct dvp_importer_report *report,
		       struct dvp_importer_entry *entries)
{
	struct scatterlist *sg;
	unsigned int i;

	import_lock(import);
	report->pins = import->pins;
	report->notifications = import->notifications;
	report->revokes = import->revokes;
	report->blind = import->blind;
	if (import->own)
		dvp_own_report(import->own, report, entries);
	if (!import->sgt)
		goto unlock;

	report->mapped = 1;
	report->nents = import->sgt->nents;
	report->orig_nents = import->sgt->orig_nents;
	for_each_sgtable_dma_sg(import->sgt, sg, i) {
		if (i == report->capacity)
			break;
		entries[i].address = sg_dma_address(sg);
		entries[i].length = sg_dma_len(sg);
		entries[i].page_link = sg->page_link & ~SG_PAGE_LINK_MASK;
	}
unlock:
	import_unlock(import);
}

int dvp_import_walk(struct dvp_import *import, struct dvp_importer_walk *walk,
		    struct dvp_importer_entry *entries)
{
	int ret = -ENODEV;

	import_lock(import);
	if (import->sgt)
		ret = dvp_walk(import->sgt, walk, entries);
	import_unlock(import);
	return ret;
}

/* A transfer must not run from one entry into the next. */
static int find_piece(struct dvp_import *import, u64 offset, size_t length,
		      dma_addr_t *addr)
{
	size_t left;

	if (!is_mapped(import))
		return -ENODEV;
	return find_byte(import, offset, addr, &left) && length <= left ?
	       0 : -EINVAL;
}

/* Returns whether the device got to the bus after the mapping was gone. */
int dvp_import_unmap_late(struct dvp_import *import, struct dvp_edu *edu,
			  u64 offset, const void *data, size_t length)
{
	dma_addr_t addr;
	int ret;

	import_lock(import);
	ret = find_piece(import, offset, length, &addr);
	if (!ret)
		ret = dvp_edu_write_begin(edu, addr, data, length);
	if (!ret) {
		unmap_locked(import);
		ret = dvp_edu_write_end(edu);
	}
	import_unlock(import);
	return ret;
}

int dvp_import_transfer(struct dvp_import *import, struct dvp_edu *edu,
			u64 offset, void *data, size_t length, bool to_buffer)
{
	dma_addr_t addr;
	int ret;

	import_lock(import);
	unmap_stale(import);
	ret = find_piece(import, offset, length, &addr);
	if (!ret && to_buffer)
		ret = dvp_edu_write(edu, addr, data, length);
	else if (!ret)
		ret = dvp_edu_read(edu, data, addr, length);
	import_unlock(import);
	return ret;
}
