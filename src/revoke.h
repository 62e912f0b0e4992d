/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the memory of a device may be reached, and by whom it is. */
#ifndef DVP_ACCESS_H
#define DVP_ACCESS_H

#include <linux/bits.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "record.h"

struct dvp_buffer;
struct vfio_pci_core_device;

/*
 * Reasons for which the memory must not be reached.
 *
 * DVP_BLOCK_CLOSED: no user has the device open.
 * DVP_BLOCK_DISABLED: the device does not answer: memory decoding is off, or
 *	it is in D1 to D3 or in the low-power state that its user asked for.
 * DVP_BLOCK_RESET: a reset is under way.
 * DVP_BLOCK_PF_RESET: a reset of the PF that this VF belongs to is under way.
 * DVP_BLOCK_ERROR: the device is cut off after a PCI error, or gone.
 * DVP_BLOCK_SYSTEM: the system goes to sleep, or shuts down.
 */
#define DVP_BLOCK_CLOSED	BIT(0)
#define DVP_BLOCK_DISABLED	BIT(1)
#define DVP_BLOCK_RESET		BIT(2)
#define DVP_BLOCK_PF_RESET	BIT(3)
#define DVP_BLOCK_ERROR		BIT(4)
#define DVP_BLOCK_SYSTEM	BIT(5)

/**
 * struct dvp_access - who reaches the memory of a device, and whether they may
 * @ref: one reference of the bound device, one of each buffer
 * @transition: serializes changes of @reasons and what follows from them; held
 *	while importers are waited for, so nobody who must let go may take it
 * @list_lock: protects @buffers and @last_number; innermost
 * @buffers: exported since the device was opened, in their order
 * @last_number: of the buffer that was exported last, and so how many were
 * @reasons: why access is blocked, DVP_BLOCK_* (@transition)
 * @writers: writes under way to registers that decide on DVP_BLOCK_DISABLED
 *	(@transition)
 * @revoked: what the buffers were last told (@transition)
 * @drained: woken when the last mapping of a buffer goes
 * @record: what has happened so far
 * @name: of the device, for messages that may outlive it
 */
struct dvp_access {
	struct kref ref;
	struct mutex transition;	/* @reasons, @writers, @revoked */
	spinlock_t list_lock;		/* @buffers, @last_number */
	struct list_head buffers;
	u64 last_number;
	unsigned long reasons;
	unsigned int writers;
	bool revoked;
	wait_queue_head_t drained;
	struct dvp_record record;
	char name[];
};

struct dvp_access *dvp_access_create(const char *name);
void dvp_access_put(struct dvp_access *access);

void dvp_access_open(struct dvp_access *access,
		     struct vfio_pci_core_device *vdev);
void dvp_access_close(struct dvp_access *access);
void dvp_access_block(struct dvp_access *access, unsigned long reason);
void dvp_access_unblock(struct dvp_access *access, unsigned long reason,
			struct vfio_pci_core_device *vdev);
void dvp_access_begin(struct dvp_access *access, bool disables);
void dvp_access_end(struct dvp_access *access,
		    struct vfio_pci_core_device *vdev);

int dvp_access_add(struct dvp_access *access, struct dvp_buffer *buf);
void dvp_access_remove(struct dvp_access *access, struct dvp_buffer *buf);

#endif /* DVP_ACCESS_H */
