// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revocation.  The memory of a device can become unreachable at any time.  Before
 * that happens every importer is notified and every mapping is gone, and no importer
 * gets a new one until the memory is back.
 *
 * Whoever makes the memory unreachable blocks access for a reason before, and
 * unblocks it after.  dvp_apply() compares the set of reasons with what
 * importers were told last, and acts on the difference.
 *
 * Lock order: locks of importers, dvp_access.transition, dvp_buffer.resv of one
 * buffer at a time, dvp_access.list_lock.  No lock of this file is held while the
 * caller calls into vfio-pci-core.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include "compat/dma_buf.h"
#include "buffer.h"
#include "dvp.h"
#include "record.h"
#include "revoke.h"

/* How long to wait for importers of memory that is away already. */
#define DVP_LATE_WAIT (2 * HZ)

static void dvp_mark(struct dvp_buffer *buf, bool revoked)
{
	dma_resv_lock(&buf->resv, NULL);
	buf->revoked = revoked;
	dma_resv_unlock(&buf->resv);
}

/*
 * Take a snapshot of the work under way.  Fences that are added later are not
 * waited for: any holder of the dma-buf can add fences without end
 * (DMA_BUF_IOCTL_IMPORT_SYNC_FILE), but no importer can map any more.  Without an
 * importer nothing works on the memory, whatever fences there are.  Holders can add
 * more of them than dma_resv_get_singleton() finds contiguous memory for.  Inlined, it
 * would make each restore more expensive.
 */
static noinline void dvp_take_snapshot(struct dvp_buffer *buf)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	unsigned int count = 0;

	dma_resv_assert_held(&buf->resv);

	dvp_forget_work(buf);
	if (!buf->dmabuf || list_empty(&buf->dmabuf->attachments))
		return;
	dma_resv_for_each_fence(&cursor, &buf->resv, DMA_RESV_USAGE_BOOKKEEP,
				fence)
		count++;
	if (!count)
		return;
	buf->work = kvmalloc_array(count, sizeof(*buf->work), GFP_KERNEL);
	buf->all_work = !buf->work;
	if (buf->all_work)
		return;
	dma_resv_for_each_fence(&cursor, &buf->resv, DMA_RESV_USAGE_BOOKKEEP,
				fence)
		buf->work[buf->nr_work++] = dma_fence_get(fence);
}

static void dvp_notify(struct dvp_buffer *buf)
{
	dma_resv_lock(&buf->resv, NULL);
	if (buf->revoked)
		dvp_mmap_revoke(buf);
	if (buf->dmabuf)
		dma_buf_invalidate_mappings(buf->dmabuf);
	/* After the notification: importers may have added fences. */
	if (buf->revoked)
		dvp_take_snapshot(buf);
	dma_resv_unlock(&buf->resv);
}

/*
 * Revoke or restore.  Each step is done for all buffers before the next one: a
 * notified importer may map any of its buffers, and importers that let go at the
 * same time take as long as the slowest of them.
 */
static void dvp_revoke_or_restore(struct dvp_access *access,
				  struct list_head *live, unsigned int count)
{
	bool revoke = access->revoked;
	struct dvp_buffer *buf;

	access->revoke_start = ktime_get();
	access->nag_at = jiffies + DVP_NAG_INTERVAL;
	list_for_each_entry(buf, live, transition_node)
		if (!buf->ended)
			dvp_mark(buf, revoke);
	/* An importer that had pinned an ended buffer may obey now. */
	list_for_each_entry(buf, live, transition_node)
		if (revoke || !buf->ended)
			dvp_notify(buf);
	if (!revoke) {
		dvp_record_restore(access, count);
		return;
	}
	WRITE_ONCE(access->notified, true);
	access->undrained = !dvp_drain(live, DVP_SLICE, false);
	if (!access->undrained)
		dvp_record_revoke(access, count);
}

/*
 * Make importers' access agree with the set of reasons.  Returns whether this has
 * revoked the buffers, and importers may not be done.
 */
static bool dvp_apply(struct dvp_access *access)
{
	bool revoke = access->reasons;
	unsigned int count;
	LIST_HEAD(live);

	lockdep_assert_held(&access->transition);

	if (access->revoked == revoke)
		return false;
	access->revoked = revoke;
	access->undrained = false;
	WRITE_ONCE(access->notified, false);
	count = dvp_collect(access, &live);
	if (count)
		dvp_revoke_or_restore(access, &live, count);
	dvp_put_collected(&live);
	return revoke;
}

/*
 * Whether the device answers.  It does not in D1 and D2 either, although the core
 * counts its memory as enabled until D3hot.  The registers are read without the
 * core's lock: every change is reported before and after (dvp_revoke_begin()), so
 * a value that is just changing is looked at again.
 */
static bool dvp_device_enabled(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	__le16 cmd = READ_ONCE(*(__le16 *)(vdev->vconfig + PCI_COMMAND));

	if (pdev->current_state != PCI_D0 || vdev->pm_runtime_engaged)
		return false;
	return pdev->no_command_memory ||
	       (le16_to_cpu(cmd) & PCI_COMMAND_MEMORY);
}

/*
 * Block at once when the device is disabled.  Unblock only if no other write is in
 * progress: that write may disable the device, and calls this again when it ends.
 */
static void dvp_check_enabled(struct dvp_access *access,
			      struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held(&access->transition);

	/* The core has its copy of the registers only while the device is open. */
	if (access->reasons & DVP_BLOCK_CLOSED)
		return;
	if (!dvp_device_enabled(vdev))
		access->reasons |= DVP_BLOCK_DISABLED;
	else if (!access->writers)
		access->reasons &= ~DVP_BLOCK_DISABLED;
}

/**
 * dvp_revoke_close() - the device is being closed: revoke its buffers for good
 * @access: of the device
 *
 * From now on every wait for importers, also one under way, ends after DVP_CLOSE_WAIT.
 * If an importer still holds a mapping then, the device is in quarantine.
 *
 * Context: may sleep; call it before the core disables the device.
 */
void dvp_revoke_close(struct dvp_access *access)
{
	/* 0 means that the device is not being closed. */
	WRITE_ONCE(access->close_by, (jiffies + DVP_CLOSE_WAIT) ?: 1);
	mutex_lock(&access->transition);
	access->reasons |= DVP_BLOCK_CLOSED;
	dvp_apply(access);
	dvp_wait_drained(access, 0);
	dvp_quarantine_begin(access);
	WRITE_ONCE(access->close_by, 0);
	mutex_unlock(&access->transition);
}

/**
 * dvp_revoke_block() - block access for a reason
 * @access: of the device
 * @reason: DVP_BLOCK_*
 * @limit: of the time to wait for importers, in jiffies; 0 for none
 *
 * Context: sleeps until importers have let go.  Locks of the PCI and VFIO cores
 * may be held, locks of importers must not.
 * Return: see dvp_wait_drained().
 */
bool dvp_revoke_block(struct dvp_access *access, unsigned long reason,
		      unsigned long limit)
{
	bool settled;

	mutex_lock(&access->transition);
	access->reasons |= reason;
	dvp_apply(access);
	settled = dvp_wait_drained(access, limit);
	mutex_unlock(&access->transition);
	return settled;
}

/**
 * dvp_revoke_unblock() - clear block reasons; restore access if none is left
 * @access: of the device
 * @reason: DVP_BLOCK_*, or 0
 * @vdev: the device
 *
 * The device may come back with its memory on or off: that is looked up anew.  If it
 * does not answer although it was expected to, it is too late to wait until importers
 * have let go, and callers may hold locks that those importers need.
 *
 * Context: may sleep, in that case for at most DVP_LATE_WAIT.
 */
void dvp_revoke_unblock(struct dvp_access *access, unsigned long reason,
			struct vfio_pci_core_device *vdev)
{
	mutex_lock(&access->transition);
	access->reasons &= ~reason;
	dvp_check_enabled(access, vdev);
	if (dvp_apply(access))
		dvp_wait_drained(access, DVP_LATE_WAIT);
	mutex_unlock(&access->transition);
}

/**
 * dvp_revoke_begin() - the user may be about to change whether the device answers
 * @access: of the device
 * @disables: the device is expected not to answer afterwards
 *
 * Every call is followed by one of dvp_revoke_end(), also if it fails.
 *
 * Context: may sleep; if @disables, sleeps until importers have let go.
 * Return: 0, or -EINTR if the task is being killed and importers have not let go:
 * the change must not be made then.
 */
int dvp_revoke_begin(struct dvp_access *access, bool disables)
{
	int ret = 0;

	mutex_lock(&access->transition);
	access->writers++;
	if (disables)
		access->reasons |= DVP_BLOCK_DISABLED;
	dvp_apply(access);
	if (disables && !dvp_wait_drained(access, 0))
		ret = -EINTR;
	mutex_unlock(&access->transition);
	return ret;
}

/**
 * dvp_revoke_end() - the user has made the change, or failed to
 * @access: of the device
 * @vdev: the device
 *
 * Looks at the result: the user may have changed the written data between our
 * look at it and the core's copy.
 *
 * Context: may sleep; sleeps until importers have let go if the device does not
 * answer any more although it was expected to.
 */
void dvp_revoke_end(struct dvp_access *access,
		    struct vfio_pci_core_device *vdev)
{
	mutex_lock(&access->transition);
	access->writers--;
	dvp_check_enabled(access, vdev);
	if (dvp_apply(access))
		dvp_wait_drained(access, 0);
	mutex_unlock(&access->transition);
}

/**
 * dvp_revoke_add() - add a new buffer, which has no importer yet
 * @buf: buffer
 * Context: may sleep.
 */
void dvp_revoke_add(struct dvp_buffer *buf)
{
	struct dvp_access *access = buf->access;

	mutex_lock(&access->transition);
	buf->revoked = access->revoked;
	spin_lock(&access->list_lock);
	buf->number = ++access->last_number;
	list_add_tail(&buf->node, &access->buffers);
	spin_unlock(&access->list_lock);
	mutex_unlock(&access->transition);
}

/*
 * Check once whether importers still reach a buffer that is revoked for good; returns
 * true if none does.  Does not wait: the caller sleeps without the transition lock, as
 * there may be many callers.
 */
static bool dvp_drain_buffer(struct dvp_buffer *buf, bool nag)
{
	LIST_HEAD(one);

	list_add(&buf->transition_node, &one);
	return dvp_drain(&one, 0, nag);
}

/* The buffer leaves the list unless a pinned importer keeps it.  Returns 0 or -EBUSY. */
static int dvp_retire_unlist(struct dvp_buffer *buf)
{
	int ret = 0;

	dma_resv_lock(&buf->resv, NULL);
	if (buf->mappings) {
		dvp_log_holders(buf, "revoked for good:");
		ret = -EBUSY;
	} else {
		dvp_buffer_unlist(buf);
	}
	dma_resv_unlock(&buf->resv);
	return ret;
}

/* Mark and notify.  A repeated call notifies again: a pinned importer may unmap now. */
static void dvp_retire(struct dvp_buffer *buf)
{
	dma_resv_lock(&buf->resv, NULL);
	WRITE_ONCE(buf->ended, true);
	buf->revoked = true;
	dma_resv_unlock(&buf->resv);
	dvp_notify(buf);
}

/**
 * dvp_revoke_buffer() - revoke one buffer for good
 * @buf: buffer of a device that is open; the caller holds its dma-buf
 *
 * Other buffers are not affected.  Nothing restores the buffer, even if this fails.
 * It can be called again then, and by several tasks at once.
 *
 * Context: sleeps until importers have let go; those that have pinned are not waited
 * for.
 * Return: 0 if nobody reaches the memory through the buffer any more; -EBADFD if that
 * was so before; -EINTR if the task is being killed; -EBUSY if a pinned importer keeps
 * its mapping.
 */
int dvp_revoke_buffer(struct dvp_buffer *buf)
{
	struct dvp_access *access = buf->access;
	unsigned long nag_at = jiffies + DVP_NAG_INTERVAL;
	bool nag = false;
	int ret = -EBADFD;

	mutex_lock(&access->transition);
	if (dvp_is_gone(buf))
		goto out;
	dvp_retire(buf);
	while (!dvp_drain_buffer(buf, nag) && !fatal_signal_pending(current)) {
		dvp_yield_transition(access, DVP_POLL_INTERVAL);
		nag = time_after_eq(jiffies, nag_at);
		if (nag)
			nag_at = jiffies + DVP_NAG_INTERVAL;
	}
	ret = fatal_signal_pending(current) ? -EINTR : dvp_retire_unlist(buf);
out:
	mutex_unlock(&access->transition);
	return ret;
}

/**
 * dvp_revoke_remove() - remove a buffer whose dma-buf is being released
 * @buf: buffer, added or not
 *
 * A task that found the buffer before may go on working on it, but finds no
 * dma-buf any more.  Takes no lock that is held while a revoke waits: the task
 * that the revoke waits for may be the caller.
 */
void dvp_revoke_remove(struct dvp_buffer *buf)
{
	dvp_buffer_unlist(buf);

	dma_resv_lock(&buf->resv, NULL);
	buf->dmabuf = NULL;
	dma_resv_unlock(&buf->resv);
}
