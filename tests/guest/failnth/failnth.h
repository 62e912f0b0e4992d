/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations that are tried when memory runs out, and what they work on. */
#ifndef FAILNTH_H
#define FAILNTH_H

#include "bench.h"
#include "hold.h"

#define ALL_OR_NOTHING(what) \
	"failnth: " what " does all or nothing when memory runs out"
#define DONE_EVEN_THEN(what) \
	"failnth: " what " is done even when memory runs out"

/* An allocation that no operation gets to. */
#define NO_ALLOCATION	100000

/**
 * struct operation - what is tried
 * @name: of the test
 * @ranges: of the buffer, if there is one
 * @length: of each of them, if not a page; then the device is that with the large BAR
 * @applies: whether there is this operation, if not always
 * @begin: makes what it needs
 * @act: what is tried: 0 or a negative errno
 * @undo: the way back to where it can be tried again, likewise
 * @whole: what must hold if it says that it was done
 * @nothing: what must hold if it says that it was not done; it can be tried again
 * @spare: how many of its first allocations to leave alone
 * @error: what it may say beside ENOMEM
 * @cannot_fail: it says that it was done, whatever happens
 * @may_need_none: it may well not allocate anything
 */
struct operation {
	const char *name;
	unsigned int ranges;
	uint64_t length;
	bool (*applies)(void);
	void (*begin)(void);
	int (*act)(void);
	int (*undo)(void);
	void (*whole)(void);
	void (*nothing)(void);
	unsigned int (*spare)(void);
	int error;
	bool cannot_fail;
	bool may_need_none;
};

/* On the device, and on a buffer of it; each ends with one that has no name. */
extern const struct operation failnth_device[];
extern const struct operation failnth_buffer[];

/**
 * struct rig - what the test that runs works on
 * @op: what is tried
 * @bdf: device
 * @vfio: it, if it is open
 * @buffer: of its memory, or -1
 * @hold: on the buffer beside its descriptor, or instead of it
 * @importer: of the buffer, or -1
 * @revokes: how often the importer should have been told so far
 * @points: allocations that have failed, of all tests
 * @failures: operations that have, of all tests
 */
struct rig {
	const struct operation *op;
	const char *bdf;
	struct vfio vfio;
	int buffer;
	struct hold hold;
	int importer;
	unsigned int revokes;
	unsigned int points;
	unsigned int failures;
};

extern struct rig rig;

/* One step each; 0 or a negative errno. */
int rig_open(void);
int rig_close(void);
int rig_export(void);
int rig_drop(void);
int rig_export_by_path(void);
int rig_attach(void);
int rig_map(void);
int rig_undo_nothing(void);

/* All steps up to there. */
void rig_bind(void);
void rig_begin_open(void);
void rig_begin_exported(void);
void rig_begin_attached(void);
void rig_begin_attached_second(void);
void rig_begin_mapped(void);

/* Through the last range, which is the last one to be mapped. */
void rig_move_bytes(void);

#endif /* FAILNTH_H */
