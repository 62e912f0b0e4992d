/* SPDX-License-Identifier: GPL-2.0-only */
/* What the driver traces, in an instance that is the test's own. */
#ifndef GUEST_TRACING_H
#define GUEST_TRACING_H

#define TRACING "/sys/kernel/tracing"

void tracing_start(void);
void tracing_stop(void);

/*
 * How many events there were of that name, such as "dvp_map"; and what the last
 * one said, until the next call: "" if there was none.
 */
unsigned int tracing_count(const char *event);
const char *tracing_last(const char *event);

#endif /* GUEST_TRACING_H */
