// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for importers to unmap, and logging those that do not.
 *
 * A revoke waits until all importers have unmapped, unless
 * - the caller sets a limit: the reset of a PF, its opening and closing, PCI errors,
 *   system sleep, a revoke of memory that is away already;
 * - the importer has pinned (pinned_importers=hold);
 * - the importer's device was unplugged;
 * - the device is being closed (DVP_CLOSE_WAIT), or the task that waits is being killed.
 *   The importer may be that of the same process, which unmaps only when its handle is
 *   closed, after the device.
 *
 * Waiters sleep without the reservation lock, which importers need to unmap.  Who starts a
 * revoke waits with dvp_access.transition held for at most DVP_SLICE.  From then on it and
 * any others that wait only take the lock to look, every DVP_POLL_INTERVAL: there may be
 * thousands of them, and a task that is being killed, or closes the device, gets the lock
 * soon all the same.
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

/* Decided once, when the module is loaded. */
bool dvp_holds_pinned __ro_after_init;

/* Whether a revoke does not wait for this importer: it has pinned (pinned_importers=hold). */
static bool dvp_is_pinned(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	return dvp_holds_pinned &&
	       !compat_dma_buf_obeys(attach, att->pins, att->mappings);
}

static void dvp_log_holder(struct dvp_buffer *buf, const char *what,
			   struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	pr_warn_ratelimited("%s: %s BAR %u: importer %s (driver %s) still holds %u mapping(s) of a buffer of %zu bytes%s; attached by process %d (%*pE), exported by process %d (%*pE); the wait ends when the driver unmaps, at the latest when the importing program closes its handle\n",
			    buf->access->name, what, buf->bar,
			    dev_name(attach->dev), dev_driver_string(attach->dev),
			    att->mappings + att->lists, buf->size,
			    compat_dma_buf_own_pins(att->pins, att->mappings) ?
			    ", which the driver has pinned" : "",
			    att->importer.pid, (int)strlen(att->importer.comm),
			    att->importer.comm, buf->exporter.pid,
			    (int)strlen(buf->exporter.comm), buf->exporter.comm);
}

/* Log who holds a buffer, and what ends that.  The reservation lock is held. */
void dvp_log_holders(struct dvp_buffer *buf, const char *what)
{
	struct dma_buf_attachment *attach;
	struct dvp_attachment *att;
	bool held = false, named = false;

	dma_resv_assert_held(&buf->resv);

	if (buf->dmabuf)
		list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
			att = attach->priv;
			if (!att->mappings && !att->lists)
				continue;
			held = true;
			if (!buf->quarantined && !buf->ended &&
			    dvp_is_pinned(attach))
				continue;
			dvp_log_holder(buf, what, attach);
			named = true;
		}
	if (named)
		return;
	if (buf->mappings && !held)
		pr_warn_ratelimited("%s: %s BAR %u: an importer has detached without unmapping a buffer of %zu bytes\n",
				    buf->access->name, what, buf->bar,
				    buf->size);
	else
		pr_warn_ratelimited("%s: %s BAR %u: work of an importer on a buffer of %zu bytes still runs\n",
				    buf->access->name, what, buf->bar,
				    buf->size);
}

/*
 * pciehp sets this state for all functions below the port before it removes the first
 * one.  A device in D3cold, or whose link is being reset, does not answer either, but
 * comes back with its mappings.
 */
static bool dvp_is_torn_out(struct pci_dev *pdev)
{
	return READ_ONCE(pci_physfn(pdev)->error_state) ==
	       pci_channel_io_perm_failure;
}

/*
 * With a whole switch torn out, the PCI core may remove the importers only after
 * this device.  They reach nothing any more, so do not wait for them.  A fence
 * does not tell whose it is: it may be that of any attached importer.  The buffer's
 * reservation lock is held.
 */
bool dvp_held_by_gone(struct dvp_buffer *buf)
{
	struct dma_buf_attachment *attach;
	struct dvp_attachment *att;
	bool gone = false;

	dma_resv_assert_held(&buf->resv);

	if (buf->dmabuf)
		list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
			att = attach->priv;
			if (buf->mappings && !att->mappings && !att->lists)
				continue;
			gone = dev_is_pci(attach->dev) &&
			       dvp_is_torn_out(to_pci_dev(attach->dev));
			if (!gone)
				break;
		}
	if (gone)
		pr_warn("%s: not waiting any longer for BAR %u: the importers that hold it are gone\n",
			buf->access->name, buf->bar);
	return gone;
}

static long dvp_left(unsigned long end)
{
	return max_t(long, end - jiffies, 0);
}

/* Wait until @end for the work that was under way.  Returns whether it is done. */
static bool dvp_drain_work(struct dvp_buffer *buf, unsigned long end)
{
	unsigned int i;
	long left = 1;

	/* Without memory for a snapshot all that is left is to wait for all fences. */
	if (buf->all_work)
		left = dma_resv_wait_timeout(&buf->resv, DMA_RESV_USAGE_BOOKKEEP,
					     false, dvp_left(end));
	for (i = 0; i < buf->nr_work && left > 0; i++)
		left = dma_fence_wait_timeout(buf->work[i], false,
					      dvp_left(end));
	/* Some drivers answer at once while their device hangs, as radeon does. */
	if (left < 0)
		schedule_timeout_uninterruptible(dvp_left(end));
	return left > 0;
}

/* Whether all mappings are pinned ones, which are not waited for. */
static bool dvp_is_drained(struct dvp_buffer *buf, unsigned int *mappings)
{
	struct dma_buf_attachment *attach;
	struct dvp_attachment *att;
	unsigned int pinned = 0;

	/* Pairs with the release in dvp_uncount(). */
	*mappings = smp_load_acquire(&buf->mappings);
	if (!*mappings || !dvp_holds_pinned)
		return !*mappings;

	dma_resv_lock(&buf->resv, NULL);
	*mappings = buf->mappings;
	if (buf->dmabuf)
		list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
			att = attach->priv;
			if (dvp_is_pinned(attach))
				pinned += att->mappings + att->lists;
		}
	dma_resv_unlock(&buf->resv);
	return *mappings == pinned;
}

/* Wait until @end for the mappings.  Returns whether none is waited for any more. */
static bool dvp_drain_mappings(struct dvp_buffer *buf, unsigned long end)
{
	unsigned int mappings;

	do {
		if (dvp_is_drained(buf, &mappings))
			return true;
	} while (wait_event_timeout(buf->access->drained,
				    READ_ONCE(buf->mappings) < mappings,
				    dvp_left(end)));
	return false;
}

/*
 * Give the importers of the collected buffers @live the time @slice, in jiffies.  With
 * @nag, name those that have not let go then, and do without those that are gone.
 *
 * Returns whether no importer reaches a buffer any more, but pinned ones.
 */
bool dvp_drain(struct list_head *live, unsigned long slice, bool nag)
{
	unsigned long end = jiffies + slice;
	struct dvp_buffer *buf;
	bool drained = true;

	list_for_each_entry(buf, live, transition_node) {
		if (dvp_drain_work(buf, end) && dvp_drain_mappings(buf, end))
			continue;
		dma_resv_lock(&buf->resv, NULL);
		if (nag)
			dvp_log_holders(buf, "revoke waits:");
		drained &= nag && dvp_held_by_gone(buf);
		dma_resv_unlock(&buf->resv);
	}
	return drained;
}

/*
 * Let in those who wait for the transition lock, for a time in jiffies.  Without a sleep,
 * a task that has a higher priority than they have would get it back at once with
 * PREEMPT_RT.
 */
void dvp_yield_transition(struct dvp_access *access, unsigned long time)
{
	mutex_unlock(&access->transition);
	schedule_timeout_uninterruptible(time);
	mutex_lock(&access->transition);
}

static bool dvp_gives_up(struct dvp_access *access)
{
	unsigned long close_by = READ_ONCE(access->close_by);

	return fatal_signal_pending(current) ||
	       (close_by && time_after_eq(jiffies, close_by));
}

/**
 * dvp_wait_drained() - wait until no importer reaches the memory any more
 * @access: of the device
 * @limit: of the time, in jiffies; 0 for none
 *
 * Context: sleeps; @access->transition is held, and released now and then.
 * Return: false if importers still hold mappings, after @limit or because the
 * device is being closed or the task is being killed.
 */
bool dvp_wait_drained(struct dvp_access *access, unsigned long limit)
{
	unsigned long end = jiffies + limit;
	unsigned int count;
	LIST_HEAD(live);
	bool nag;

	while (access->undrained && !dvp_gives_up(access) &&
	       !(limit && time_after_eq(jiffies, end))) {
		dvp_yield_transition(access, DVP_POLL_INTERVAL);
		if (!access->undrained || dvp_gives_up(access))
			break;
		nag = time_after_eq(jiffies, access->nag_at);
		if (nag)
			access->nag_at = jiffies + DVP_NAG_INTERVAL;
		count = dvp_collect(access, &live);
		access->undrained = !dvp_drain(&live, 0, nag);
		dvp_put_collected(&live);
		if (!access->undrained)
			dvp_record_revoke(access, count);
	}
	return !access->undrained;
}
