/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver's debugfs files and tracepoints of a device that was just bound. */
#ifndef GUEST_INSIDE_H
#define GUEST_INSIDE_H

#define INSIDE_SIZE 65536

/* Of the test: the exporter, and an importer. */
extern const char *inside_memory, *inside_engine;

/* Contents of a debugfs file of the exporter; valid until the next call. */
const char *inside_read(const char *file);
/* Value of a key in "state"; valid until the next call; "" without the key. */
const char *inside_state(const char *key);
long long inside_number(const char *key);
/* By which the debugfs files identify a dma-buf. */
unsigned long long inside_inode(int buffer);

/* Each test starts with a newly bound exporter and with tracing on. */
int inside_setup(void **state);
int inside_teardown(void **state);

#endif /* GUEST_INSIDE_H */
