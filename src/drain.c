// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for importers to let go, and naming those that do not. */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "revoke.h"
#include "compat/dma_buf.h"
#include "buffer.h"
#include "dvp.h"

/* Interval of the messages about an importer that does not let go. */
#define DVP_NAG_INTERVAL (10 * HZ)

static void dvp_nag_about(struct dvp_buffer *buf,
			  struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;

	pr_warn_ratelimited("%s: waiting to take back BAR %u: importer %s (driver %s) still holds %u mapping(s) of a buffer of %zu bytes%s; attached by process %d (%*pE), exported by process %d (%*pE); the wait ends when the driver unmaps, at the latest when the importing program closes its handle\n",
			    buf->access->name, buf->bar, dev_name(attach->dev),
			    dev_driver_string(attach->dev), att->mappings + att->lists,
			    buf->size,
			    att->pins > att->mappings ? ", which the driver has pinned" : "",
			    att->importer.pid, (int)strlen(att->importer.comm),
			    att->importer.comm, buf->exporter.pid,
			    (int)strlen(buf->exporter.comm), buf->exporter.comm);
}

/* Say who holds up the user of the device, and what ends that. */
static void dvp_nag(struct dvp_buffer *buf)
{
	struct dma_buf_attachment *attach;
	struct dvp_attachment *att;
	bool named = false;

	dma_resv_lock(&buf->resv, NULL);
	if (buf->dmabuf)
		list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
			att = attach->priv;
			if (!att->mappings && !att->lists)
				continue;
			dvp_nag_about(buf, attach);
			named = true;
		}
	if (!named && buf->mappings)
		pr_warn("%s: waiting to take back BAR %u: an importer has detached without unmapping a buffer of %zu bytes\n",
			buf->access->name, buf->bar, buf->size);
	dma_resv_unlock(&buf->resv);
}

/* Returns false if the work is not done after DVP_NAG_INTERVAL. */
static bool dvp_wait_work(struct dvp_buffer *buf)
{
	/* Without memory for a snapshot all that is left is to wait for all fences. */
	if (buf->all_work)
		return dma_resv_wait_timeout(&buf->resv,
					     DMA_RESV_USAGE_BOOKKEEP, false,
					     DVP_NAG_INTERVAL);
	return !buf->work || dma_fence_wait_timeout(buf->work, false,
						    DVP_NAG_INTERVAL);
}

static bool dvp_is_unmapped(struct dvp_buffer *buf)
{
	/* Pairs with the release in dvp_uncount(). */
	return !smp_load_acquire(&buf->mappings);
}

/*
 * Hotplug says so before it removes any device.  One that is in D3cold or whose
 * link is being reset does not answer either, but comes back with its mappings.
 */
static bool dvp_is_torn_out(struct pci_dev *pdev)
{
	return READ_ONCE(pci_physfn(pdev)->error_state) ==
	       pci_channel_io_perm_failure;
}

/*
 * With a whole switch torn out, the PCI core may remove the importers only after
 * this device.  They reach nothing any more, so do not wait for them.  A fence
 * does not tell whose it is: it may be that of any attached importer.
 */
static bool dvp_held_by_gone(struct dvp_buffer *buf, bool by_fence)
{
	struct dma_buf_attachment *attach;
	struct dvp_attachment *att;
	bool gone = false;

	dma_resv_lock(&buf->resv, NULL);
	if (buf->dmabuf)
		list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
			att = attach->priv;
			if (!by_fence && !att->mappings && !att->lists)
				continue;
			gone = dev_is_pci(attach->dev) &&
			       dvp_is_torn_out(to_pci_dev(attach->dev));
			if (!gone)
				break;
		}
	dma_resv_unlock(&buf->resv);
	if (gone)
		pr_warn("%s: not waiting any longer for BAR %u: the importers that hold it are gone\n",
			buf->access->name, buf->bar);
	return gone;
}

/**
 * dvp_drain() - wait until no importer reaches a buffer
 * @buf: buffer, whose importers have been told
 * @killable: return if the caller is being killed
 *
 * There is no limit of time: to go on would let an importer write into memory that
 * belongs to somebody else by then.  Neither wait holds the reservation lock, which
 * importers need to unmap.
 *
 * Context: sleeps; dvp_access.transition is held.
 * Return: 0, or -EINTR if the caller was killed.  While there are fences, that is
 * noticed every DVP_NAG_INTERVAL: dma_fence_wait_timeout() cannot tell a fatal
 * signal from any other.
 */
int dvp_drain(struct dvp_buffer *buf, bool killable)
{
	wait_queue_head_t *drained = &buf->access->drained;
	long left;

	while (!dvp_wait_work(buf)) {
		pr_warn("%s: waiting to take back BAR %u: work of an importer on a buffer of %zu bytes still runs\n",
			buf->access->name, buf->bar, buf->size);
		if (dvp_held_by_gone(buf, true))
			break;
		if (killable && fatal_signal_pending(current))
			return -EINTR;
	}

	do {
		left = killable ?
		       wait_event_killable_timeout(*drained,
						   dvp_is_unmapped(buf),
						   DVP_NAG_INTERVAL) :
		       wait_event_timeout(*drained, dvp_is_unmapped(buf),
					  DVP_NAG_INTERVAL);
		if (left)
			return left < 0 ? -EINTR : 0;
		dvp_nag(buf);
	} while (!dvp_held_by_gone(buf, false));
	return 0;
}
