/* SPDX-License-Identifier: GPL-2.0-only */
/* History of a device's exports, for operators. */
#ifndef DVP_RECORD_H
#define DVP_RECORD_H

#include <linux/compiler_attributes.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device;
struct dvp_access;
struct dvp_buffer;
struct seq_file;

/* Room for an importer's name and a message. */
#define DVP_REFUSAL_SIZE 1024

/**
 * struct dvp_record - history since the device was bound
 * @lock: protects the rest; innermost
 * @revokes: revokes of at least one buffer
 * @restores: restores of at least one buffer
 * @refusals: calls that failed and were reported by dvp_refuse*(); see
 *	docs/debugfs.md
 * @revoke_reasons: of the last revoke, DVP_BLOCK_*
 * @revoke_us: duration of the last revoke in microseconds, until the last importer
 *	had let go
 * @refusal: importer and reason of the last refusal
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

void dvp_record_revoke(struct dvp_access *access, unsigned int buffers);
void dvp_record_restore(struct dvp_access *access, unsigned int buffers);
void dvp_record_print(struct seq_file *seq, struct dvp_access *access);

__printf(5, 6) void dvp_record_refusal(struct ratelimit_state *limit,
				       const struct device *logger,
				       struct dvp_access *access,
				       const struct device *importer,
				       const char *fmt, ...);
int dvp_refuse_revoked(struct dvp_buffer *buf, const struct device *importer);

/* Note why a call fails. */
#define dvp_refuse(...) dvp_record_refusal(NULL, NULL, __VA_ARGS__)

/* The same, in the kernel's log as well, with a rate limit for each caller. */
#define dvp_refuse_logged(...) do { \
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, \
				      DEFAULT_RATELIMIT_BURST); \
	dvp_record_refusal(&limit, __VA_ARGS__); \
} while (0)

#endif /* DVP_RECORD_H */
