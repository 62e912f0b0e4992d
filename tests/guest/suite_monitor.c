// SPDX-License-Identifier: GPL-2.0-only
/*
 * "monitor" of the operator's command, with an event that is made up: a probe in a
 * function of the kernel, in the system that has the driver's tracepoints.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

/* The file that tells what a monitor has made for itself. */
static unsigned int count_instances(void)
{
	static const char path[] = "/sys/kernel/debug/tracing/instances";
	unsigned int count = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

#define KPROBES "/sys/kernel/debug/tracing/kprobe_events"
#define PROBED "vfio_pci_core_match"

/* An event of the driver's system on a function that opening a device calls. */
static void add_event(void)
{
	assert_ok(write_file(KPROBES, "p:dmabuf_vfio_pci/dvp_test " PROBED
			     " constant=\\0x123\n"));
}

static void remove_event(void)
{
	assert_ok(write_file(KPROBES, "-:dmabuf_vfio_pci/dvp_test\n"));
}

/* One line of what a monitor says about the event, once it is ready. */
static void read_event(int from, char *line, size_t size)
{
	struct pollfd ready = { .fd = from, .events = POLLIN };
	struct vfio *vfio;
	FILE *file;

	wait_until(count_instances() == 1);
	file = fdopen(dup(from), "r");
	assert_non_null(file);
	/* What happens before it follows is not told. */
	do {
		vfio = bench_open_memory();
		bench_close(vfio);
	} while (poll(&ready, 1, 100) == 0);
	assert_non_null(fgets(line, size, file));
	fclose(file);
}

static void end_monitor(pid_t monitor, int signal)
{
	int status;

	assert_sys(kill(monitor, signal));
	assert_int_equal(waitpid(monitor, &status, 0), monitor);
	assert_int_equal(status, 0);
	assert_int_equal(count_instances(), 0);
}

static void followed(void **state)
{
	char line[512];
	pid_t monitor;
	int from;

	(void)state;
	add_event();
	monitor = tool_start(&from, "monitor", NULL);
	bench_keep(from);
	read_event(from, line, sizeof(line));
	if (!strstr(line, " test     (" PROBED) ||
	    !strstr(line, " constant=0x123 by suites (pid "))
		fail_msg("unexpected: %s", line);
	end_monitor(monitor, SIGINT);
	remove_event();
}

static void followed_json(void **state)
{
	char line[512];
	json_t *event;
	pid_t monitor;
	int from;

	(void)state;
	add_event();
	monitor = tool_start(&from, "monitor", "--json", NULL);
	bench_keep(from);
	read_event(from, line, sizeof(line));
	event = json_loads(line, 0, NULL);
	assert_non_null(event);
	assert_string_equal(json_string_value(json_object_get(event, "event")), "test");
	assert_string_equal(json_string_value(json_object_get(event, "comm")), "suites");
	assert_int_equal(json_integer_value(json_object_get(event, "constant")), 0x123);
	assert_int_equal(json_integer_value(json_object_get(event, "pid")), getpid());
	json_decref(event);
	end_monitor(monitor, SIGTERM);
	remove_event();
}

/* What a monitor that was killed leaves is removed by the next one. */
static void killed(void **state)
{
	pid_t monitor;
	int from, status;

	(void)state;
	add_event();
	monitor = tool_start(&from, "monitor", NULL);
	bench_keep(from);
	wait_until(count_instances() == 1);
	assert_sys(kill(monitor, SIGKILL));
	assert_int_equal(waitpid(monitor, &status, 0), monitor);
	assert_int_equal(count_instances(), 1);
	monitor = tool_start(&from, "monitor", NULL);
	/* Nobody reads what it says: then it ends, too. */
	close(from);
	assert_int_equal(waitpid(monitor, &status, 0), monitor);
	assert_int_equal(count_instances(), 0);
	remove_event();
}

#define MONITOR(name, function) TEST("monitor", name, function)

int suite_monitor(void)
{
	const struct CMUnitTest tests[] = {
		MONITOR("monitor prints events", followed),
		MONITOR("monitor prints events as JSON", followed_json),
		MONITOR("monitor removes what a killed one has left", killed),
	};

	return bench_is_ours() ? run_group("monitor", tests) : 0;
}
