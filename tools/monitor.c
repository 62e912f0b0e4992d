// SPDX-License-Identifier: GPL-2.0-only
/* The command "monitor": print the driver's trace events until a signal comes. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "options.h"
#include "trace.h"
#include "util.h"
#include "values.h"

/**
 * struct lines - text that has been read, but not printed
 * @fill: bytes in @buffer
 * @buffer: the text
 */
struct lines {
	size_t fill;
	char buffer[1 << 16];
};

static bool as_json;

/* Devices whose events are wanted; those of all without any. */
static char (*wanted)[BDF_SIZE];
static size_t nr_wanted;

static bool is_wanted(const struct trace_event *event)
{
	size_t i;

	for (i = 0; i < nr_wanted; i++)
		if (trace_is_about(event, wanted[i]))
			return true;
	return !nr_wanted;
}

/* Other lines, such as those about lost events, go to stderr. */
static void print_line(const char *line)
{
	struct trace_event event;
	json_t *value;

	if (!trace_parse(&event, line)) {
		complain("%s", line);
		return;
	}
	if (!is_wanted(&event)) {
		trace_free(&event);
		return;
	}
	if (as_json) {
		value = trace_value(&event);
		value_print(value, JSON_COMPACT);
		json_decref(value);
	} else {
		printf("%7llu.%06llu %-8s %s by %s (pid %d)\n",
		       (unsigned long long)event.microseconds / 1000000,
		       (unsigned long long)event.microseconds % 1000000,
		       event.name, event.fields, event.comm, event.pid);
	}
	trace_free(&event);
}

static void print_lines(struct lines *lines)
{
	char *start = lines->buffer, *end;

	while ((end = memchr(start, '\n',
			     lines->buffer + lines->fill - start))) {
		*end = '\0';
		print_line(start);
		start = end + 1;
	}
	lines->fill -= start - lines->buffer;
	memmove(lines->buffer, start, lines->fill);
	/* A line this long is not an event. */
	if (lines->fill == sizeof(lines->buffer))
		lines->fill = 0;
}

/* Read once only: there may always be more, and a signal must not wait. */
static void read_lines(int trace, struct lines *lines)
{
	ssize_t done;

	done = read(trace, lines->buffer + lines->fill,
		    sizeof(lines->buffer) - lines->fill);
	if (done > 0) {
		lines->fill += done;
		print_lines(lines);
	} else if (done < 0 && errno != EAGAIN && errno != EINTR) {
		fail("cannot read the trace: %s", strerror(errno));
	}
}

/* The instance must be removed however the program ends. */
static int catch_signals(void)
{
	sigset_t ends;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	fd = signalfd(-1, &ends, SFD_CLOEXEC);
	if (fd < 0)
		fail("cannot wait for signals: %s", strerror(errno));
	return fd;
}

static void follow(int signals, int trace)
{
	static struct lines lines;
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = trace, .events = POLLIN },
		/* POLLERR, which is always reported: nobody reads the output. */
		{ .fd = STDOUT_FILENO },
	};

	do {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			fail("cannot wait for trace data: %s",
			     strerror(errno));
		read_lines(trace, &lines);
	} while (!fds[0].revents && !(fds[2].revents & POLLERR) &&
		 !ferror(stdout));
	trace_stop();
	/* A reader that has seen enough is no error. */
	if (poll(fds + 2, 1, 0) > 0 && fds[2].revents & POLLERR)
		clearerr(stdout);
}

int command_monitor(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		OPTION_HELP,
		{}
	};
	int signals, trace;
	char *why;

	while (options_next(argc, argv, "jh", options) >= 0)
		as_json = true;
	wanted = allocate(argc, sizeof(*wanted));
	while (optind < argc)
		device_name(argv[optind++], wanted[nr_wanted++]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signals = catch_signals();
	trace = trace_start(&why);
	if (trace < 0)
		fail("%s", why);
	follow(signals, trace);
	return 0;
}
