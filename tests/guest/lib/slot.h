/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots of the machine `events`, whose devices come and go.  Functions return 0 or
 * a negative errno.
 */
#ifndef GUEST_SLOT_H
#define GUEST_SLOT_H

#include <limits.h>
#include <stdbool.h>

#include "device.h"

/**
 * struct slot - where a device sits
 * @port: the port above it
 * @control: offset of the slot's control register in the port's config space
 * @power: file that switches the slot on and off
 * @klog: what the kernel says from now on; whoever calls slot_find() closes it
 * @memory: number of the memory backend in it, 0 for another one
 */
struct slot {
	char port[BDF_SIZE];
	unsigned int control;
	char power[PATH_MAX];
	int klog;
	unsigned int memory;
};

int slot_find(struct slot *slot, const char *bdf);

/* Whether the kernel has finished handling the arrival of a device. */
bool slot_is_filled(const struct slot *slot);
/* Whether the kernel has finished handling a removal. */
bool slot_is_empty(const struct slot *slot);

/* Puts an ivshmem, with memory of its own, into the empty slot of a port. */
int slot_plug_memory(struct slot *slot, const char *name, const char *bus);
/* Removes the device by surprise. */
int slot_tear_out(const struct slot *slot);
/*
 * While the kernel waits for the user of what was torn out, and does not touch the
 * slot: so that it has a light to put out when it is done.
 */
int slot_light_up(const struct slot *slot);

#endif /* GUEST_SLOT_H */
