/* SPDX-License-Identifier: GPL-2.0-only */
/* Revocation of a device's buffers: revoke, restore, the wait for importers, quarantine. */
#ifndef DVP_REVOKE_H
#define DVP_REVOKE_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/types.h>

#include "buffer.h"

struct vfio_pci_core_device;

/* How long the start of a revoke waits with dvp_access.transition held. */
#define DVP_SLICE (HZ / 4)

/* How often to look after that whether importers have let go. */
#define DVP_POLL_INTERVAL max(HZ / 50, 1)

/* Interval of the messages about an importer that does not let go. */
#define DVP_NAG_INTERVAL (10 * HZ)

/* How long a device that is opened or closed waits for importers. */
#define DVP_CLOSE_WAIT HZ

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
