/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Move a device from its driver to this one, and back.  Its former state is kept
 * until the next boot in a file of three lines, /run/dmabuf-vfio-pci/DEVICE.
 */
#ifndef TOOLS_BINDING_H
#define TOOLS_BINDING_H

#include "device.h"

/**
 * struct before - what a device had before it was bound; "" for what is not known
 * @driver: kernel driver
 * @override: driver_override; "" or "(null)" for none
 * @saved: driver that driverctl had saved for it
 */
struct before {
	char driver[WORD_SIZE];
	char override[WORD_SIZE];
	char saved[WORD_SIZE];
};

/* Read the present state. */
void before_look(const char *bdf, struct before *before);
void before_remember(const char *bdf, const struct before *before);
/* Whether something is remembered of it. */
bool before_is_known(const char *bdf);
void before_recall(const char *bdf, struct before *before);
void before_forget(const char *bdf);

/*
 * The rest return 0 or a negative errno.  Those that unbind a driver wait for users
 * of the device, and say so.  An interrupt then ends the program; the device goes
 * back to its driver as soon as it is closed.
 */
int binding_release(const char *bdf);
/* Bind to a driver by driver_override; "" lets the kernel choose. */
int binding_set(const char *bdf, const char *driver);
/* Give the device back to the driver that it had. */
int binding_restore(const char *bdf, const struct before *before);

#endif /* TOOLS_BINDING_H */
