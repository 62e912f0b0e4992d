/* SPDX-License-Identifier: GPL-2.0-only */
/* Revocation of a device's buffers: block reasons, revoke, restore, quarantine. */
#ifndef DVP_REVOKE_H
#define DVP_REVOKE_H

#include <linux/bits.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct dvp_buffer;
struct vfio_pci_core_device;

/*
 * Reasons to block access to the memory.
 *
 * DVP_BLOCK_CLOSED: the device is not open.
 * DVP_BLOCK_DISABLED: the device does not answer: memory decoding is off, or it
 *	is in D1 to D3 or in a low-power state that its user asked for.
 * DVP_BLOCK_RESET: a reset is under way.
 * DVP_BLOCK_PF_RESET: a reset of this VF's PF is under way.
 * DVP_BLOCK_ERROR: the device is cut off after a PCI error, or gone.
 * DVP_BLOCK_SYSTEM: the system goes to sleep, or shuts down.
 */
#define DVP_BLOCK_CLOSED	BIT(0)
#define DVP_BLOCK_DISABLED	BIT(1)
#define DVP_BLOCK_RESET		BIT(2)
#define DVP_BLOCK_PF_RESET	BIT(3)
#define DVP_BLOCK_ERROR		BIT(4)
#define DVP_BLOCK_SYSTEM	BIT(5)

/* How long the start of a revoke waits with dvp_access.transition held. */
#define DVP_SLICE (HZ / 4)

/* How often to look after that whether importers have let go. */
#define DVP_POLL_INTERVAL max(HZ / 50, 1)

/* Interval of the messages about an importer that does not let go. */
#define DVP_NAG_INTERVAL (10 * HZ)

/* How long a device that is opened or closed waits for importers. */
#define DVP_CLOSE_WAIT HZ

/* Room for an importer's name and a message. */
#define DVP_REFUSAL_SIZE 1024

/**
 * struct dvp_record - history since the device was bound
 * @lock: protects the rest; innermost
 * @revokes: revokes of at least one buffer
 * @restores: restores of at least one buffer
 * @refusals: calls that failed and were reported by dvp_refuse*(); see
 *	docs/debugfs.md
 * @revoke_reasons: of the last revoke, DVP_BLOCK_*
 * @revoke_us: duration of the last revoke in microseconds, until the last importer
 *	had let go
 * @refusal: importer and reason of the last refusal
 */
struct dvp_record {
	spinlock_t lock;	/* all members */
	u64 revokes;
	u64 restores;
	u64 refusals;
	unsigned long revoke_reasons;
	u64 revoke_us;
	char refusal[DVP_REFUSAL_SIZE];
};

/**
 * struct dvp_access - access of importers to the memory of a device
 * @ref: one reference of the bound device, one of each buffer
 * @transition: serializes changes of @reasons and their effects; held, with breaks,
 *	while a revoke waits for importers, so nothing that lets go may take it
 * @list_lock: protects @buffers and @last_number; innermost
 * @buffers: exported since the device was opened, in the order of exports, or, if it
 *	is closed, those in quarantine; each has a dma-buf that holds a reference on it
 * @last_number: number of the last export, and so the number of exports
 * @reasons: why access is blocked, DVP_BLOCK_* (@transition)
 * @writers: writes under way to registers that decide on DVP_BLOCK_DISABLED
 *	(@transition)
 * @revoked: the last notification was a revoke (@transition)
 * @notified: the last transition was a revoke, of which all importers have been
 *	notified (written with @transition held)
 * @undrained: importers still hold mappings after the last revoke (@transition)
 * @revoke_start: time of the last notification (@transition)
 * @nag_at: in jiffies, when to name those that have not let go (@transition)
 * @close_by: in jiffies, when to stop waiting because the device is being closed, or
 *	0; set without a lock
 * @drained: woken when a mapping goes
 * @record: history
 * @exp_name: exporter's name of all dma-bufs: driver and device
 * @name: of the device; the end of @exp_name
 */
struct dvp_access {
	struct kref ref;
	struct mutex transition;	/* @reasons to @nag_at */
	spinlock_t list_lock;		/* @buffers, @last_number */
	struct list_head buffers;
	u64 last_number;
	unsigned long reasons;
	unsigned int writers;
	bool revoked;
	bool notified;
	bool undrained;
	ktime_t revoke_start;
	unsigned long nag_at;
	unsigned long close_by;
	wait_queue_head_t drained;
	struct dvp_record record;
	char exp_name[48];
	const char *name;
};

/* buffer.c */
struct dvp_access *dvp_access_create(const char *name);
void dvp_access_put(struct dvp_access *access);
unsigned int dvp_access_mappings(struct dvp_access *access);
unsigned int dvp_collect(struct dvp_access *access, struct list_head *live);
void dvp_put_collected(struct list_head *live);
void dvp_forget_work(struct dvp_buffer *buf);
void dvp_buffer_put(struct dvp_buffer *buf);
bool dvp_buffer_unlist(struct dvp_buffer *buf);
bool dvp_is_gone(struct dvp_buffer *buf);
bool dvp_is_dead(struct dvp_buffer *buf);

/* revoke.c */
void dvp_revoke_close(struct dvp_access *access);
bool dvp_revoke_block(struct dvp_access *access, unsigned long reason,
		      unsigned long limit);
void dvp_revoke_unblock(struct dvp_access *access, unsigned long reason,
			struct vfio_pci_core_device *vdev);
int dvp_revoke_begin(struct dvp_access *access, bool disables);
void dvp_revoke_end(struct dvp_access *access,
		    struct vfio_pci_core_device *vdev);
void dvp_revoke_add(struct dvp_buffer *buf);
int dvp_revoke_buffer(struct dvp_buffer *buf);
void dvp_revoke_remove(struct dvp_buffer *buf);

/* drain.c */
extern bool dvp_holds_pinned;
void dvp_log_holders(struct dvp_buffer *buf, const char *what);
bool dvp_held_by_gone(struct dvp_buffer *buf);
bool dvp_drain(struct list_head *live, unsigned long slice, bool nag);
void dvp_yield_transition(struct dvp_access *access, unsigned long time);
bool dvp_wait_drained(struct dvp_access *access, unsigned long limit);

/* quarantine.c */
void dvp_quarantine_begin(struct dvp_access *access);
void dvp_quarantine_check(struct dvp_buffer *buf);
bool dvp_in_quarantine(struct dvp_access *access, const char *what);
void dvp_quarantine_wait(struct dvp_access *access);

#endif /* DVP_REVOKE_H */
