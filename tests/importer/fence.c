// SPDX-License-Identifier: GPL-2.0-only
/* Fences of an importer whose device still works on a buffer. */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/module.h>

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

	if (!dvp_is_over(&fence->done, fence->end))
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

/* Lets a fence say for @ms that the device works on the buffer. */
int dvp_import_work(struct dvp_import *import, unsigned int ms)
{
	struct dma_resv *resv = import->attach->dmabuf->resv;
	struct import_fence *fence;
	int ret;

	fence = fence_create();
	if (!fence)
		return -ENOMEM;

	dvp_import_lock(import);
	ret = dma_resv_reserve_fences(resv, 1);
	if (!ret)
		dma_resv_add_fence(resv, &fence->base, DMA_RESV_USAGE_BOOKKEEP);
	dvp_import_unlock(import);

	if (ret)
		dma_fence_put(&fence->base);
	else
		dvp_delay(&fence->done, &fence->end, ms);
	return ret;
}
