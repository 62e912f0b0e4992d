// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that is closed while importers hold its buffers is in quarantine: it cannot
 * be opened until they have unmapped, and unbinding waits for that.
 *
 * It is disabled, reset and put to sleep all the same: what a peer writes then is lost,
 * or ends in the memory of a device that nobody has open.  It never ends elsewhere,
 * because the BARs of a bound device stay where they are: the PCI core refuses to
 * resize them (resourceN_resize), moves no bridge window with a BAR in it, and each
 * reset restores them.
 *
 * Locks, in the order that revoke.c names:
 *
 * - An importer unmaps with its own locks and the buffer's reservation lock held.  Of
 *   our locks that takes dvp_access.list_lock only, so it never waits for a waiter.
 * - The VFIO core opens and closes the device with the lock of the device set held: an
 *   opening sees what the last closing has left.  Neither waits for an importer
 *   without a limit, so no closing of another device of the set does.
 * - A buffer in quarantine has stayed in dvp_access.buffers and is @quarantined.  The
 *   closing decides that, and the last unmapping ends it, with the reservation lock
 *   held: whichever comes second sees the other.  Releasing the dma-buf takes the
 *   buffer off the list as well.
 * - remove() waits after the VFIO core has unregistered the device, which stays closed
 *   then.  It holds the device lock, which no importer needs to unmap.
 * - Whatever blocks access to a device in quarantine (a reset, the workqueue of
 *   error.c) finds it blocked, with nobody to wait for.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>

#include "buffer.h"
#include "dvp.h"
#include "record.h"
#include "revoke.h"
#include "trace.h"

/* How often unbinding looks whether work of importers is done. */
#define DVP_LOOK_INTERVAL (HZ / 4)

/* Whether an importer may still reach the buffer.  The reservation lock is held. */
static bool dvp_is_busy(struct dvp_buffer *buf)
{
	unsigned int i;

	/* The dma-buf is gone: what an importer has leaked can never be unmapped. */
	if (!buf->dmabuf)
		return false;
	if (buf->mappings)
		return true;
	for (i = 0; i < buf->nr_work; i++)
		if (!dma_fence_is_signaled(buf->work[i]))
			return true;
	return buf->all_work &&
	       !dma_resv_test_signaled(&buf->resv, DMA_RESV_USAGE_BOOKKEEP);
}

static void dvp_quarantine_end(struct dvp_buffer *buf)
{
	struct dvp_access *access = buf->access;
	bool last = dvp_buffer_unlist(buf);

	WRITE_ONCE(buf->quarantined, false);
	if (!last)
		return;
	pr_info("%s: out of quarantine: no importer holds its memory any more\n",
		access->name);
	trace_dvp_quarantine(access, 0);
	wake_up(&access->drained);
}

/**
 * dvp_quarantine_check() - end the quarantine of a buffer that nothing reaches
 * @buf: buffer
 *
 * Context: any process context; the buffer's reservation lock is held.
 */
void dvp_quarantine_check(struct dvp_buffer *buf)
{
	if (buf->quarantined && !dvp_is_busy(buf))
		dvp_quarantine_end(buf);
}

/* A buffer that is not in quarantine leaves the list.  Returns whether it is. */
static bool dvp_quarantine(struct dvp_buffer *buf)
{
	dma_resv_lock(&buf->resv, NULL);
	WRITE_ONCE(buf->quarantined, dvp_is_busy(buf));
	if (buf->quarantined)
		dvp_log_holders(buf, "closed, in quarantine:");
	else
		dvp_buffer_unlist(buf);
	dma_resv_unlock(&buf->resv);
	return buf->quarantined;
}

/**
 * dvp_quarantine_begin() - let go of the buffers of a device that is being closed
 * @access: of the device
 *
 * Buffers that importers still hold stay in the list.  All others leave it, so that
 * the next opening does not restore them.
 *
 * Context: may sleep; @access->transition is held.
 */
void dvp_quarantine_begin(struct dvp_access *access)
{
	unsigned int count, held = 0;
	struct dvp_buffer *buf;
	LIST_HEAD(live);

	count = dvp_collect(access, &live);
	if (access->undrained)
		dvp_record_revoke(access, count);
	access->undrained = false;
	list_for_each_entry(buf, &live, transition_node)
		held += dvp_quarantine(buf);
	dvp_put_collected(&live);
	if (held)
		trace_dvp_quarantine(access, held);
}

/**
 * dvp_in_quarantine() - whether importers hold buffers of a device that was closed
 * @access: of the device
 * @what: waits for them, for a line in the log about each; or NULL
 *
 * Context: may sleep; the device cannot be opened meanwhile.
 * Return: false if the device may be opened.
 */
bool dvp_in_quarantine(struct dvp_access *access, const char *what)
{
	struct dvp_buffer *buf;
	LIST_HEAD(live);
	bool held;

	mutex_lock(&access->transition);
	dvp_collect(access, &live);
	list_for_each_entry(buf, &live, transition_node) {
		dma_resv_lock(&buf->resv, NULL);
		dvp_quarantine_check(buf);
		if (buf->quarantined && dvp_held_by_gone(buf))
			dvp_quarantine_end(buf);
		else if (buf->quarantined && what)
			dvp_log_holders(buf, what);
		dma_resv_unlock(&buf->resv);
	}
	dvp_put_collected(&live);
	held = !list_empty(&access->buffers);
	mutex_unlock(&access->transition);
	return held;
}

/**
 * dvp_quarantine_wait() - wait until importers hold nothing of the device
 * @access: of the device, which is closed for good
 *
 * Its addresses may belong to another device afterwards, so there is no limit.
 *
 * Context: sleeps until importers have let go.
 */
void dvp_quarantine_wait(struct dvp_access *access)
{
	unsigned long nag_at = jiffies;
	bool nag = true;

	while (dvp_in_quarantine(access, nag ? "waiting to unbind:" : NULL)) {
		if (nag)
			nag_at = jiffies + DVP_NAG_INTERVAL;
		wait_event_timeout(access->drained,
				   list_empty(&access->buffers), DVP_LOOK_INTERVAL);
		nag = time_after_eq(jiffies, nag_at);
	}
}
