/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver's tracepoints, as the kernel prints them. */
#ifndef TOOLS_TRACE_H
#define TOOLS_TRACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct trace_event - a line of trace_pipe
 * @microseconds: time since the machine booted
 * @name: of the event, without "dvp_"
 * @comm: name of the process, which can have anything in it
 * @pid: number of the process
 * @cpu: CPU that it ran on
 * @fields: "NAME=VALUE ...", whose values can have blanks
 *
 * For example:
 *
 *	qemu-system-123     [001] .....    12.345678: dvp_revoke: NAME=VALUE ...
 */
struct trace_event {
	uint64_t microseconds;
	char *name;
	char *comm;
	int pid;
	unsigned int cpu;
	char *fields;
};

/* False if the line is not an event. */
bool trace_parse(struct trace_event *event, const char *line);
void trace_free(struct trace_event *event);
/* As an object; words without a name are "text". */
json_t *trace_value(const struct trace_event *event);
/* Whether it is about the device, as exporter or as importer. */
bool trace_is_about(const struct trace_event *event, const char *bdf);

/*
 * Trace into an instance of its own, which goes when tracing stops; returns a file
 * descriptor to read lines from, or -1 and a sentence about why, allocated.
 */
int trace_start(char **why);
void trace_stop(void);

#endif /* TOOLS_TRACE_H */
