/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's files in debugfs, as docs/debugfs.md describes them.  What a newer driver
 * adds is passed on.
 */
#ifndef TOOLS_DEBUGFS_H
#define TOOLS_DEBUGFS_H

#include <jansson.h>

/* The content of a device's file, allocated; NULL and errno if it cannot be read. */
char *debugfs_read(const char *bdf, const char *file);

/* The text of "state" as an object, of "buffers" as an array of them. */
json_t *state_parse(const char *lines);
json_t *buffers_parse(const char *lines);

#endif /* TOOLS_DEBUGFS_H */
