/* SPDX-License-Identifier: GPL-2.0-only */
/* What the examples share. Each ends the program when it fails. */
#ifndef EXAMPLES_RANGE_H
#define EXAMPLES_RANGE_H

/* Says what failed, and errno. */
_Noreturn void die(const char *what);

/*
 * Opens a PCI device that is bound to a VFIO driver: returns its file descriptor.
 * The device stays open until the program ends.
 */
int open_device(const char *bdf);

/* Exports a part of a BAR: returns the file descriptor of the dma-buf. */
int export_range(int device, unsigned int bar, unsigned long long offset,
		 unsigned long long length);

#endif /* EXAMPLES_RANGE_H */
