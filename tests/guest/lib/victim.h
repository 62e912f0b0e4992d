/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that holds a device, a buffer of it and its importer, and is killed. */
#ifndef GUEST_VICTIM_H
#define GUEST_VICTIM_H

#include <stdbool.h>
#include <sys/types.h>

#include "importer.h"
#include "vfio.h"

/**
 * enum victim_fd - descriptors, which are closed in the order of their numbers
 * @VICTIM_DEVICE: of the device
 * @VICTIM_BUFFER: of the dma-buf
 * @VICTIM_IMPORTER: of the importer
 * @VICTIM_FDS: how many these are
 */
enum victim_fd {
	VICTIM_DEVICE,
	VICTIM_BUFFER,
	VICTIM_IMPORTER,
	VICTIM_FDS,
};

/**
 * struct victim_plan - what it does
 * @order: in which its descriptors are closed
 * @kind: of the importer
 * @hold_ms: of the importer
 * @act: what it does at last, or NULL to wait: 0 or a negative errno
 */
struct victim_plan {
	enum victim_fd order[VICTIM_FDS];
	enum dvp_importer_kind kind;
	unsigned int hold_ms;
	int (*act)(const struct vfio *vfio);
};

/* Every order of three descriptors. */
#define VICTIM_ORDERS 6
extern const enum victim_fd victim_orders[VICTIM_ORDERS][VICTIM_FDS];

int victim_off(const struct vfio *vfio);
int victim_reset(const struct vfio *vfio);

/* Returns when it has everything and, if there is an @act, waits in it. */
pid_t victim_start(const struct victim_plan *plan);
/* Fails the test if it does not go, or the device does not come free after it. */
void victim_kill(pid_t victim);

#endif /* GUEST_VICTIM_H */
