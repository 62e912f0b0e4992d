// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revocation: the memory of a device may become unreachable at any time.
 * Before it does, every importer has been told and has let go; none gets a
 * mapping again until the memory is back.
 *
 * Whoever makes the memory unreachable reports a reason beforehand and takes it
 * back afterwards.  The set of reasons decides; dvp_access_apply() compares it
 * with what importers were told last and acts on the difference.
 *
 * Lock order: an importer's own locks, dvp_access.transition, the reservation
 * locks of the buffers one at a time, dvp_access.list_lock.  No lock is held
 * here while the caller calls into vfio-pci-core.
 */
#include <linux/dma-resv.h>
#include <linux/pci.h>

#include "revoke.h"
#include "compat/dma_buf.h"
#include "compat/slab.h"
#include "buffer.h"
#include "dvp.h"

/* How often an importer that does not let go is named in the log. */
#define DVP_NAG_INTERVAL (10 * HZ)

/**
 * dvp_access_create() - start the books on a device that nobody has open
 * @name: of the device
 *
 * Context: may sleep.
 * Return: the new object with one reference, or NULL without memory.
 */
struct dvp_access *dvp_access_create(const char *name)
{
	size_t size = strlen(name) + 1;
	struct dvp_access *access;

	access = kvzalloc_flex(*access, name, size, GFP_KERNEL);
	if (!access)
		return NULL;
	kref_init(&access->ref);
	mutex_init(&access->transition);
	spin_lock_init(&access->list_lock);
	INIT_LIST_HEAD(&access->buffers);
	init_waitqueue_head(&access->drained);
	dvp_record_init(&access->record);
	access->reasons = DVP_BLOCK_CLOSED;
	access->revoked = true;
	memcpy(access->name, name, size);
	return access;
}

static void dvp_access_free(struct kref *ref)
{
	kvfree(container_of(ref, struct dvp_access, ref));
}

/**
 * dvp_access_put() - give back a reference
 * @access: object
 *
 * Context: any that may free vmalloc memory, that is process or softirq.
 */
void dvp_access_put(struct dvp_access *access)
{
	kref_put(&access->ref, dvp_access_free);
}

/*
 * Collect the buffers that are still open somewhere, each with a reference on
 * its file.  One whose last reference is gone has no importer any more.
 * Returns how many there are.
 */
static unsigned int dvp_access_collect(struct dvp_access *access,
				       struct list_head *live)
{
	struct dvp_buffer *buf;
	unsigned int count = 0;

	spin_lock(&access->list_lock);
	list_for_each_entry(buf, &access->buffers, node) {
		if (!get_file_active(&buf->dmabuf->file))
			continue;
		list_add_tail(&buf->transition_node, live);
		count++;
	}
	spin_unlock(&access->list_lock);
	return count;
}

static void dvp_access_mark(struct dvp_buffer *buf, bool revoked)
{
	dma_resv_lock(buf->dmabuf->resv, NULL);
	buf->revoked = revoked;
	dma_resv_unlock(buf->dmabuf->resv);
}

static void dvp_access_notify(struct dvp_buffer *buf)
{
	dma_resv_lock(buf->dmabuf->resv, NULL);
	dma_buf_invalidate_mappings(buf->dmabuf);
	dma_resv_unlock(buf->dmabuf->resv);
}

/* Name those who hold up the device's user, so that somebody can help. */
static void dvp_access_nag(struct dvp_access *access, struct dvp_buffer *buf)
{
	struct dma_buf_attachment *attach;
	struct dvp_attachment *att;
	bool named = false;

	dma_resv_lock(buf->dmabuf->resv, NULL);
	list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
		att = attach->priv;
		if (!att->mappings && !att->lists)
			continue;
		pr_warn("%s: waiting to take back BAR %u: importer %s still holds %u mapping(s) of a buffer of %zu bytes\n",
			access->name, buf->bar, dev_name(attach->dev),
			att->mappings + att->lists, buf->dmabuf->size);
		named = true;
	}
	if (!named && buf->mappings)
		pr_warn("%s: waiting to take back BAR %u: an importer has detached without unmapping a buffer of %zu bytes\n",
			access->name, buf->bar, buf->dmabuf->size);
	dma_resv_unlock(buf->dmabuf->resv);
}

static bool dvp_is_unmapped(struct dvp_buffer *buf)
{
	/* Pairs with the release in dvp_uncount(). */
	return !smp_load_acquire(&buf->mappings);
}

/*
 * Wait until no importer reaches the buffer.  This has no end of its own: to go
 * on would let an importer write into memory that is somebody else's by then.
 * Neither wait holds the reservation lock, which unmapping needs.
 */
static void dvp_access_drain(struct dvp_access *access, struct dvp_buffer *buf)
{
	while (!dma_resv_wait_timeout(buf->dmabuf->resv,
				      DMA_RESV_USAGE_BOOKKEEP, false,
				      DVP_NAG_INTERVAL))
		pr_warn("%s: waiting to take back BAR %u: work of an importer on a buffer of %zu bytes still runs\n",
			access->name, buf->bar, buf->dmabuf->size);

	while (!wait_event_timeout(access->drained, dvp_is_unmapped(buf),
				   DVP_NAG_INTERVAL))
		dvp_access_nag(access, buf);
}

/*
 * Importers are all told before the first is waited for, so that the time is
 * that of the slowest one and not of their sum.
 */
static void dvp_access_revoke(struct dvp_access *access,
			      struct list_head *live, unsigned int count)
{
	ktime_t start = ktime_get();
	struct dvp_buffer *buf;

	list_for_each_entry(buf, live, transition_node)
		dvp_access_mark(buf, true);
	list_for_each_entry(buf, live, transition_node)
		dvp_access_notify(buf);
	list_for_each_entry(buf, live, transition_node)
		dvp_access_drain(access, buf);
	dvp_record_revoke(access, count, start);
}

/* At the first word, an importer may try any of them, those new to it as well. */
static void dvp_access_restore(struct dvp_access *access,
			       struct list_head *live, unsigned int count)
{
	struct dvp_buffer *buf;

	list_for_each_entry(buf, live, transition_node)
		dvp_access_mark(buf, false);
	list_for_each_entry(buf, live, transition_node)
		dvp_access_notify(buf);
	dvp_record_restore(access, count);
}

static void dvp_access_turn(struct dvp_access *access, bool revoke)
{
	struct dvp_buffer *buf, *next;
	unsigned int count;
	LIST_HEAD(live);

	count = dvp_access_collect(access, &live);
	if (!count)
		return;
	if (revoke)
		dvp_access_revoke(access, &live, count);
	else
		dvp_access_restore(access, &live, count);

	/* The last reference takes the buffer with it, but not from here. */
	list_for_each_entry_safe(buf, next, &live, transition_node)
		fput(buf->dmabuf->file);
}

static void dvp_access_apply(struct dvp_access *access)
{
	bool revoke = access->reasons;

	lockdep_assert_held(&access->transition);

	if (access->revoked == revoke)
		return;
	access->revoked = revoke;
	/* None is added meanwhile, though one may go. */
	if (!list_empty(&access->buffers))
		dvp_access_turn(access, revoke);
}

/*
 * Whether the device answers.  In D1 and D2 it does not, either, although the core
 * calls its memory enabled until D3hot.  The registers are read
 * without the core's lock: whoever changes one reports that before and after
 * (dvp_access_begin()), so a value that is just changing is looked at again.
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
 * Switched off counts at once.  Switched on counts only when no other write is
 * under way, as that one may be about to switch off: it will look again.
 */
static void dvp_access_look(struct dvp_access *access,
			    struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held(&access->transition);

	/* Without a user the core has no registers to look at. */
	if (access->reasons & DVP_BLOCK_CLOSED)
		return;
	if (!dvp_device_enabled(vdev))
		access->reasons |= DVP_BLOCK_DISABLED;
	else if (!access->writers)
		access->reasons &= ~DVP_BLOCK_DISABLED;
}

/**
 * dvp_access_open() - the device has a user
 * @access: of the device
 * @vdev: the device, enabled by the core
 *
 * Context: may sleep.
 */
void dvp_access_open(struct dvp_access *access,
		     struct vfio_pci_core_device *vdev)
{
	dvp_access_unblock(access, DVP_BLOCK_CLOSED, vdev);
}

/**
 * dvp_access_close() - the device's user is gone: all its buffers are dead
 * @access: of the device
 *
 * Returns when nobody reaches the memory any more.  The buffers are forgotten,
 * so that no later user brings them back.
 *
 * Context: may sleep, and does so as long as importers need; before the core
 * disables the device.
 */
void dvp_access_close(struct dvp_access *access)
{
	dvp_access_block(access, DVP_BLOCK_CLOSED);

	spin_lock(&access->list_lock);
	while (!list_empty(&access->buffers))
		list_del_init(access->buffers.next);
	spin_unlock(&access->list_lock);
}

/**
 * dvp_access_block() - the memory is about to become unreachable
 * @access: of the device
 * @reason: DVP_BLOCK_*
 *
 * Returns when nobody reaches it any more.
 *
 * Context: may sleep, and does so as long as importers need.  Locks of the
 * PCI and VFIO cores may be held, those of importers must not.
 */
void dvp_access_block(struct dvp_access *access, unsigned long reason)
{
	mutex_lock(&access->transition);
	access->reasons |= reason;
	dvp_access_apply(access);
	mutex_unlock(&access->transition);
}

/**
 * dvp_access_unblock() - a reason is gone
 * @access: of the device
 * @reason: DVP_BLOCK_*
 * @vdev: the device
 *
 * Whatever the reason was, the device may come out of it with its memory
 * switched off or on: that is looked up anew.
 *
 * Context: may sleep.
 */
void dvp_access_unblock(struct dvp_access *access, unsigned long reason,
			struct vfio_pci_core_device *vdev)
{
	mutex_lock(&access->transition);
	access->reasons &= ~reason;
	dvp_access_look(access, vdev);
	dvp_access_apply(access);
	mutex_unlock(&access->transition);
}

/**
 * dvp_access_begin() - the user is about to change whether the device answers
 * @access: of the device
 * @disables: it looks as if the device will not
 *
 * Context: may sleep, and does so as long as importers need if @disables.
 * Every call is followed by one of dvp_access_end().
 */
void dvp_access_begin(struct dvp_access *access, bool disables)
{
	mutex_lock(&access->transition);
	access->writers++;
	if (disables)
		access->reasons |= DVP_BLOCK_DISABLED;
	dvp_access_apply(access);
	mutex_unlock(&access->transition);
}

/**
 * dvp_access_end() - the user has made the change, or failed to
 * @access: of the device
 * @vdev: the device
 *
 * Looks what became of it: the user may have replaced what it wrote between
 * our look at it and the core's.
 *
 * Context: may sleep, and does so as long as importers need if the device does
 * not answer against expectation.
 */
void dvp_access_end(struct dvp_access *access,
		    struct vfio_pci_core_device *vdev)
{
	mutex_lock(&access->transition);
	access->writers--;
	dvp_access_look(access, vdev);
	dvp_access_apply(access);
	mutex_unlock(&access->transition);
}

/**
 * dvp_access_add() - enter a new buffer, which has no importer yet
 * @access: of the device that it was exported from
 * @buf: buffer; holds a reference on @access from now on
 *
 * Context: may sleep, and does so while a revoke waits for importers.
 * Return: 0, or -EINTR if the caller was killed meanwhile.
 */
int dvp_access_add(struct dvp_access *access, struct dvp_buffer *buf)
{
	if (mutex_lock_killable(&access->transition))
		return -EINTR;
	buf->revoked = access->revoked;
	spin_lock(&access->list_lock);
	buf->number = ++access->last_number;
	list_add_tail(&buf->node, &access->buffers);
	spin_unlock(&access->list_lock);
	mutex_unlock(&access->transition);
	return 0;
}

/**
 * dvp_access_remove() - strike out a buffer whose last reference is gone
 * @access: that it may have been added to
 * @buf: buffer
 *
 * Takes no lock that is held while importers are waited for: an importer may
 * be busy closing this buffer.
 *
 * Context: any process context.
 */
void dvp_access_remove(struct dvp_access *access, struct dvp_buffer *buf)
{
	spin_lock(&access->list_lock);
	list_del_init(&buf->node);
	spin_unlock(&access->list_lock);
}
