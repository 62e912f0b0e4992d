/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites about events share: a device whose memory an importer has mapped
 * and written to, and checks of its state after revokes and restores.
 */
#ifndef GUEST_EVENTS_H
#define GUEST_EVENTS_H

#include <linux/pci_regs.h>

#include "bench.h"

#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

/**
 * struct place - bytes of a device's memory that can be written and read back
 * @kind: of the device
 * @nth: such device of the machine
 * @bar: BAR number
 * @offset: in the BAR
 * @size: in bytes
 */
struct place {
	enum device_kind kind;
	unsigned int nth;
	unsigned int bar;
	unsigned int offset;
	unsigned int size;
};

/* Memory; has power management and a function-level reset. */
#define PLACE_NVME	{ NVME, 0, 2, PAGE, 512 }
/* A table of multicast addresses; has power management and reports errors. */
#define PLACE_E1000E	{ E1000E, 0, 0, 0x5200, 512 }
/* Memory; has neither. */
#define PLACE_IVSHMEM	{ IVSHMEM, 0, 2, PAGE, 512 }

/* Lets the kernel rescan the bus, and assign addresses to the device. */
void place_revive(const struct place *place);

/**
 * struct subject - a device whose memory is exported and imported
 * @place: what is written
 * @bdf: the device
 * @vfio: the device, open
 * @buffer: BAR, exported from its start
 * @importer: has it mapped; reads a register of the device at each notification
 * @values: the first bytes, as last written before each notification
 * @seed: of the pattern that was written last
 */
struct subject {
	struct place place;
	const char *bdf;
	struct vfio *vfio;
	int buffer;
	int importer;
	uint32_t values[DVP_IMPORTER_SIGHTS];
	unsigned int seed;
};

/* Opens, exports, imports, and moves bytes. */
void subject_open(struct subject *subject, const struct place *place);
/* The same for a device that has been opened; @hold_ms as for an attach. */
void subject_import(struct subject *subject, struct vfio *vfio,
		    unsigned int hold_ms);

/* The importer has been notified @count times in all, and cannot map. */
void subject_is_revoked(struct subject *subject, unsigned int count);
/* The same, but a new mapping works, and bytes move again. */
void subject_is_restored(struct subject *subject, unsigned int count);
/*
 * Waits until it is restored after one event: notified twice in all, each time while
 * the device answered.
 */
void subject_went_and_came(struct subject *subject);
/* There was no notification beyond the first @count, and bytes move. */
void subject_is_untouched(struct subject *subject, unsigned int count);
/*
 * The device answered at notification number @notification, from 0: with what was last
 * written if it came before an event, with any value if after.
 */
void subject_answered(struct subject *subject, unsigned int notification);

/* Position of a capability in config space; fails the test without it. */
unsigned int find_capability(struct vfio *vfio, uint8_t id);

/* An eventfd for VFIO_PCI_ERR_IRQ_INDEX or VFIO_PCI_REQ_IRQ_INDEX, or -errno. */
int open_irq(const struct vfio *vfio, unsigned int index);
/* The same; fails the test on an error, and closes the eventfd at its end. */
int watch_irq(struct vfio *vfio, unsigned int index);
/* Whether it was signalled since the last call. */
bool was_told(int event);

#endif /* GUEST_EVENTS_H */
