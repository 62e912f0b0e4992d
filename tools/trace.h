/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver's tracepoints, as text that the kernel makes of them. */
#ifndef TOOLS_TRACE_H
#define TOOLS_TRACE_H

#include <jansson.h>
#include <stdbool.h>

/**
 * struct trace_event - a line of trace_pipe
 * @time: in seconds, since the machine has booted
 * @name: of the event, without "dvp_"
 * @comm: name of the process
 * @pid: number of the process
 * @cpu: where it was
 * @fields: "NAME=VALUE ...", of which a value can have blanks
 *
 * Such a line is, with a process's name that can have anything in it:
 *
 *	qemu-system-123     [001] .....    12.345678: dvp_revoke: NAME=VALUE ...
 */
struct trace_event {
	double time;
	char *name;
	char *comm;
	int pid;
	unsigned int cpu;
	char *fields;
};

/* False if it is no event. */
bool trace_parse(struct trace_event *event, const char *line);
void trace_free(struct trace_event *event);
/* As an object; words among the fields that have no name are "text". */
json_t *trace_value(const struct trace_event *event);

/*
 * Starts to trace into an instance of its own, which is gone when it is stopped;
 * returns a file descriptor with lines.  What goes wrong ends the program with a
 * sentence.
 */
int trace_start(void);
void trace_stop(void);

#endif /* TOOLS_TRACE_H */
