/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the command "selftest". */
#ifndef TOOLS_SELFTEST_H
#define TOOLS_SELFTEST_H

#include <stdbool.h>
#include <sys/types.h>

#include "facts.h"
#include "vfio.h"

/**
 * enum trial_event - a tracepoint that a trial must reach
 * @TRIAL_EXPORT: export
 * @TRIAL_REVOKE: revoke
 * @TRIAL_RESTORE: restore
 */
enum trial_event {
	TRIAL_EXPORT,
	TRIAL_REVOKE,
	TRIAL_RESTORE,
	TRIAL_EVENTS,
};

/**
 * struct trial - a device that is tested
 * @facts: what was found
 * @bdf: the device
 * @vfio: the device, open
 * @buffers: file descriptors of dma-bufs, a page of each BAR
 * @inodes: their inode numbers, by which debugfs lists them
 * @nr_buffers: number of @buffers
 * @lists: debugfs lists the device's buffers
 * @trace: where trace events are read; -1 if they cannot be
 * @seen: a bit for each event that was read
 */
struct trial {
	struct facts *facts;
	const char *bdf;
	struct vfio vfio;
	int buffers[NR_BARS];
	ino_t inodes[NR_BARS];
	unsigned int nr_buffers;
	bool lists;
	int trace;
	unsigned int seen;
};

/* What debugfs and tracepoints tell; what they cannot tell is added to the facts. */
void trial_watch(struct trial *trial);
void trial_unwatch(struct trial *trial);
/*
 * Whether debugfs lists the buffers in this state, without mappings if they are revoked;
 * NULL is for none at all.
 */
enum known trial_lists(const struct trial *trial, const char *state);
/* The type of the path by which a device has attached to the first buffer; or NULL. */
char *trial_importer(const struct trial *trial, const char *importer);
/* Whether the event has happened by now. */
enum known trial_saw(struct trial *trial, enum trial_event event);

/*
 * Let each DRM device import that can; returns how many have.  They keep it until
 * trial_drop().
 */
unsigned int trial_import(struct trial *trial);
void trial_drop(void);

/* Test a device; returns false if it was not tested, which is @level. */
bool trial_run(struct facts *facts, const char *bdf, enum level level);

#endif /* TOOLS_SELFTEST_H */
