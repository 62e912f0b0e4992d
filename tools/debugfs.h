/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver has in debugfs about a device, as docs/debugfs.md describes it.
 * Newer drivers may say more: what is not known is passed on.
 */
#ifndef TOOLS_DEBUGFS_H
#define TOOLS_DEBUGFS_H

#include <jansson.h>

#define DEBUGFS "/sys/kernel/debug/dmabuf-vfio-pci"

/* All of a device's file, allocated; NULL and errno. */
char *debugfs_read(const char *bdf, const char *file);

/* The text of "state" as an object, of "buffers" as an array of them. */
json_t *state_parse(const char *lines);
json_t *buffers_parse(const char *lines);

#endif /* TOOLS_DEBUGFS_H */
