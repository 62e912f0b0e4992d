/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small files in sysfs, and the BARs of a PCI function.  The tests in the guest use
 * this, too.  Functions return 0 or a negative errno.
 */
#ifndef TOOLS_SYSFS_H
#define TOOLS_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICES		"/sys/bus/pci/devices"

#define BDF_SIZE	16

/* The kernel's <linux/ioport.h>: the flags of a BAR in sysfs. */
#define BAR_IO		0x00000100
#define BAR_MEM		0x00000200
#define BAR_PREFETCH	0x00002000
#define BAR_MEM_64	0x00100000
#define BAR_UNSET	0x20000000

/**
 * struct bar - a base address register
 * @start: physical address
 * @size: in bytes; 0 if the device does not have it
 * @flags: BAR_*
 */
struct bar {
	uint64_t start;
	uint64_t size;
	uint64_t flags;
};

/* The first line, without its end. */
int read_line(const char *path, char *line, size_t size);
int write_file(const char *path, const char *words);
/* The last component of what a link points to; "" if there is none. */
int read_link_name(const char *path, char *name, size_t size);

/* Whether pages of it can be exported. */
bool bar_is_exportable(const struct bar *bar);

int device_bar(const char *bdf, unsigned int index, struct bar *bar);

#endif /* TOOLS_SYSFS_H */
