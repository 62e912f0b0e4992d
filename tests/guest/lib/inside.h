/* SPDX-License-Identifier: GPL-2.0-only */
/* What the driver tells of a device of which it knows nothing older. */
#ifndef GUEST_INSIDE_H
#define GUEST_INSIDE_H

#define INSIDE_SIZE 65536

/* Of the test: the exporter, and an importer. */
extern const char *inside_memory, *inside_engine;

/* All of a file of the exporter's in debugfs, until the next one is read. */
const char *inside_read(const char *file);
/* What "state" has behind a key, until the next call; "" if it has not got it. */
const char *inside_state(const char *key);
long long inside_number(const char *key);
/* What a dma-buf is called there. */
unsigned long long inside_inode(int buffer);

/* The exporter is bound anew for each test, which is traced. */
int inside_setup(void **state);
int inside_teardown(void **state);

#endif /* GUEST_INSIDE_H */
