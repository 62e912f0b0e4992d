/* SPDX-License-Identifier: GPL-2.0-only */
/* What has happened to a device's memory, for those who look. */
#ifndef DVP_RECORD_H
#define DVP_RECORD_H

#include <linux/compiler_attributes.h>
#include <linux/ktime.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device;
struct dvp_access;
struct dvp_buffer;
struct seq_file;

/* For an importer's name and a line of the kernel's log. */
#define DVP_REFUSAL_SIZE 1024

/**
 * struct dvp_record - what has happened since the device was bound
 * @lock: protects the rest; innermost
 * @revokes: how often buffers were revoked, any number of them at a time
 * @restores: how often buffers were restored
 * @refusals: calls of users and importers that were answered with an error,
 *	other than for want of memory or of a readable argument
 * @revoke_reasons: why the last revoke was, DVP_BLOCK_*
 * @revoke_us: how long it took until the last importer had let go, in
 *	microseconds
 * @refusal: who was refused last, and why
 *
 * What is done while no buffer is there to be revoked or restored is not
 * counted.
 */
struct dvp_record {
	spinlock_t lock;	/* all members */
	u64 revokes;
	u64 restores;
	u64 refusals;
	unsigned long revoke_reasons;
	u64 revoke_us;
	char refusal[DVP_REFUSAL_SIZE];
};

void dvp_record_init(struct dvp_record *record);
void dvp_record_revoke(struct dvp_access *access, unsigned int buffers,
		       ktime_t start);
void dvp_record_restore(struct dvp_access *access, unsigned int buffers);
void dvp_record_print(struct seq_file *seq, struct dvp_access *access);

__printf(3, 4) void dvp_refuse(struct dvp_access *access,
			       const struct device *importer,
			       const char *fmt, ...);
int dvp_refuse_revoked(struct dvp_buffer *buf, const struct device *importer);

/* What dvp_refuse_limited() describes; each place has a limit of its own. */
#define dvp_refuse_logged(...) do { \
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, \
				      DEFAULT_RATELIMIT_BURST); \
	dvp_refuse_limited(&limit, __VA_ARGS__); \
} while (0)
__printf(5, 6) void dvp_refuse_limited(struct ratelimit_state *limit,
				       const struct device *logger,
				       struct dvp_access *access,
				       const struct device *importer,
				       const char *fmt, ...);

#endif /* DVP_RECORD_H */
