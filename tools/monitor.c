// SPDX-License-Identifier: GPL-2.0-only
/* Prints what the driver traces, line by line, until a signal ends it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"
#include "trace.h"
#include "util.h"
#include "values.h"

/**
 * struct lines - what has been read, up to the last line that is complete
 * @fill: how much of it there is
 * @buffer: it
 */
struct lines {
	size_t fill;
	char buffer[1 << 16];
};

static bool as_json;

/* What is no event, such as that some were lost, is for people. */
static void print_line(const char *line)
{
	struct trace_event event;
	json_t *value;

	if (!trace_parse(&event, line)) {
		complain("%s", line);
		return;
	}
	if (as_json) {
		value = trace_value(&event);
		value_print(value, JSON_COMPACT);
		json_decref(value);
	} else {
		printf("%14.6f %-8s %s by %s (pid %d)\n", event.time,
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
	/* No line is that long. */
	if (lines->fill == sizeof(lines->buffer))
		lines->fill = 0;
}

/* Once: there may always be more, and a signal would wait for the end of it. */
static void read_lines(int trace, struct lines *lines)
{
	ssize_t done;

	done = read(trace, lines->buffer + lines->fill,
		    sizeof(lines->buffer) - lines->fill);
	if (done > 0) {
		lines->fill += done;
		print_lines(lines);
	} else if (done < 0 && errno != EAGAIN && errno != EINTR) {
		fail("the trace cannot be read: %s", strerror(errno));
	}
}

/* The instance must go, however the program ends. */
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
		fail("signals cannot be waited for: %s", strerror(errno));
	return fd;
}

static void follow(int signals, int trace)
{
	static struct lines lines;
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = trace, .events = POLLIN },
		/* Nobody reads the output any more: an error is always told. */
		{ .fd = STDOUT_FILENO },
	};

	do {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			fail("the trace cannot be waited for: %s",
			     strerror(errno));
		read_lines(trace, &lines);
	} while (!fds[0].revents && !(fds[2].revents & POLLERR) &&
		 !ferror(stdout));
	trace_stop();
	/* That somebody has seen enough is no error. */
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
	int signals;

	while (options_next(argc, argv, "jh", options) >= 0)
		as_json = true;
	if (optind < argc)
		fail_usage(argv[0]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signals = catch_signals();
	follow(signals, trace_start());
	return 0;
}
