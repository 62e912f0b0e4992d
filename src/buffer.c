// SPDX-License-Identifier: GPL-2.0-only
/* The buffers of a device: references on them, and what can be asked of all. */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>

#include "compat/slab.h"
#include "buffer.h"
#include "dvp.h"

/* The state of a device that is not open, with one reference; or NULL. */
struct dvp_access *dvp_access_create(const char *name)
{
	struct dvp_access *access;

	access = kzalloc_obj(*access);
	if (!access)
		return NULL;
	kref_init(&access->ref);
	mutex_init(&access->transition);
	spin_lock_init(&access->list_lock);
	INIT_LIST_HEAD(&access->buffers);
	init_waitqueue_head(&access->drained);
	spin_lock_init(&access->record.lock);
	access->reasons = DVP_BLOCK_CLOSED;
	access->revoked = true;
	snprintf(access->exp_name, sizeof(access->exp_name), DVP_NAME " %s",
		 name);
	access->name = access->exp_name + sizeof(DVP_NAME);
	return access;
}

static void dvp_access_free(struct kref *ref)
{
	kfree(container_of(ref, struct dvp_access, ref));
}

/* Drop a reference. */
void dvp_access_put(struct dvp_access *access)
{
	kref_put(&access->ref, dvp_access_free);
}

/* Drop the fences of the work that the last revoke has waited for. */
void dvp_forget_work(struct dvp_buffer *buf)
{
	buf->all_work = false;
	if (!buf->work)
		return;
	while (buf->nr_work)
		dma_fence_put(buf->work[--buf->nr_work]);
	kvfree(buf->work);
	buf->work = NULL;
}

static void dvp_buffer_free(struct kref *ref)
{
	struct dvp_buffer *buf = container_of(ref, struct dvp_buffer, ref);

	if (buf->mapping)
		iput(buf->mapping->host);
	dvp_forget_work(buf);
	dma_resv_fini(&buf->resv);
	dvp_access_put(buf->access);
	kvfree(buf->ranges);
	kfree(buf);
}

/* Drop a reference.  Context: process. */
void dvp_buffer_put(struct dvp_buffer *buf)
{
	kref_put(&buf->ref, dvp_buffer_free);
}

/**
 * dvp_buffer_unlist() - take a buffer off its device's list
 * @buf: buffer, on the list or not
 *
 * Context: any process context.
 * Return: true if no buffer is left on the list.
 */
bool dvp_buffer_unlist(struct dvp_buffer *buf)
{
	struct dvp_access *access = buf->access;
	bool empty;

	spin_lock(&access->list_lock);
	list_del_init(&buf->node);
	empty = list_empty(&access->buffers);
	spin_unlock(&access->list_lock);
	return empty;
}

/**
 * dvp_is_gone() - whether a buffer has been taken back for good
 * @buf: buffer
 *
 * Context: any process context.  The answer may change from false to true unless
 * dvp_access.transition is held.
 * Return: true if the device was closed since the buffer was exported, or its owner has
 * revoked it for good and no importer holds it.
 */
bool dvp_is_gone(struct dvp_buffer *buf)
{
	bool gone;

	spin_lock(&buf->access->list_lock);
	gone = list_empty(&buf->node);
	spin_unlock(&buf->access->list_lock);
	return gone || READ_ONCE(buf->quarantined);
}

/**
 * dvp_is_dead() - whether a buffer is never restored
 * @buf: buffer
 *
 * Context: any process context.  The answer may change from false to true unless the
 * buffer's reservation lock is held.
 * Return: true if the buffer is gone, or is being revoked for good.
 */
bool dvp_is_dead(struct dvp_buffer *buf)
{
	return READ_ONCE(buf->ended) || dvp_is_gone(buf);
}

/**
 * dvp_collect() - list the buffers of a device
 * @access: of the device
 * @live: empty list; gets the buffers, linked by @transition_node, with a reference
 *	on each, to be dropped by dvp_put_collected()
 *
 * Context: any process context; @access->transition is held until they are dropped.
 * Return: how many there are.
 */
unsigned int dvp_collect(struct dvp_access *access, struct list_head *live)
{
	struct dvp_buffer *buf;
	unsigned int count = 0;

	lockdep_assert_held(&access->transition);

	spin_lock(&access->list_lock);
	list_for_each_entry(buf, &access->buffers, node) {
		kref_get(&buf->ref);
		list_add_tail(&buf->transition_node, live);
		count++;
	}
	spin_unlock(&access->list_lock);
	return count;
}

/* Drop what dvp_collect() has collected; the list is empty afterwards. */
void dvp_put_collected(struct list_head *live)
{
	struct dvp_buffer *buf, *next;

	list_for_each_entry_safe(buf, next, live, transition_node)
		dvp_buffer_put(buf);
	INIT_LIST_HEAD(live);
}

/* How many mappings importers hold, also pinned ones, and those in quarantine. */
unsigned int dvp_access_mappings(struct dvp_access *access)
{
	struct dvp_buffer *buf;
	unsigned int count = 0;

	spin_lock(&access->list_lock);
	list_for_each_entry(buf, &access->buffers, node)
		count += READ_ONCE(buf->mappings);
	spin_unlock(&access->list_lock);
	return count;
}
