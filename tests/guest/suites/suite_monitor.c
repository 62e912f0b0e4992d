// SPDX-License-Identifier: GPL-2.0-only
/*
 * "monitor" of the operator's command: with the driver's events, and with one that
 * is made up, which there is whoever exports: a probe in a function of the kernel, in
 * the system that has the driver's tracepoints.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"
#include "tracing.h"

/* The file that tells what a monitor has made for itself. */
static unsigned int count_instances(void)
{
	static const char path[] = TRACING "/instances";
	unsigned int count = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

#define KPROBES TRACING "/kprobe_events"
#define PROBED "vfio_pci_core_match"

/* An event of the driver's system. */
static void add_event_on(const char *function)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "p:dmabuf_vfio_pci/dvp_test %s constant=\\0x123\n", function);
	assert_ok(write_file(KPROBES, line));
}

/* On a function that opening a device calls. */
static void add_event(void)
{
	add_event_on(PROBED);
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
	assert_int_equal(json_integer_value(json_object_get(event, "version")), 1);
	assert_true(json_is_integer(json_object_get(event, "time_us")));
	json_decref(event);
	end_monitor(monitor, SIGTERM);
	remove_event();
}

/* Whether it ends before it has said that much more. */
static bool ends_soon(int from)
{
	size_t length = 0;
	char some[4096];
	ssize_t done;

	do {
		done = read(from, some, sizeof(some));
		length += done > 0 ? done : 0;
	} while (done > 0 && length < 4 * MIB);
	return !done;
}

/* Whoever reads of its own reading reads without end. */
static void without_end(void **state)
{
	struct pollfd ready = { .events = POLLIN };
	pid_t monitor;
	char line[64];

	(void)state;
	add_event_on("vfs_read");
	monitor = tool_start(&ready.fd, "monitor", NULL);
	bench_keep(ready.fd);
	/* It follows once it has something to tell. */
	do {
		assert_ok(read_file("/proc/self/comm", line, sizeof(line)));
	} while (poll(&ready, 1, 100) == 0);
	assert_sys(kill(monitor, SIGINT));
	if (!ends_soon(ready.fd))
		kill(monitor, SIGKILL);
	end_monitor(monitor, SIGINT);
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

/* The next line that has the words; the others are of other events. */
static void expect_line(FILE *lines, const char *words)
{
	char line[1200];

	do {
		assert_non_null(fgets(line, sizeof(line), lines));
	} while (!strstr(line, words));
}

/* What happens before it follows is not told: exports until it does. */
static FILE *follow(struct vfio *vfio, int from)
{
	struct pollfd ready = { .fd = from, .events = POLLIN };
	FILE *lines = fdopen(dup(from), "r");

	assert_non_null(lines);
	do {
		bench_drop(bench_export(vfio, 2, 0, PAGE));
	} while (poll(&ready, 1, 100) == 0);
	return lines;
}

static void follows_driver(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0), *engine = bench_find(EDU, 0);
	struct vfio *vfio = bench_open(bdf);
	int importer = bench_importer(engine), from;
	char words[128];
	pid_t monitor;
	FILE *lines;

	(void)state;
	monitor = tool_start(&from, "monitor", NULL);
	bench_keep(from);
	lines = follow(vfio, from);
	snprintf(words, sizeof(words), " export   device=%s buffer=", bdf);
	expect_line(lines, words);

	assert_ok(importer_attach(importer, bench_export(vfio, 2, 0, PAGE)));
	assert_ok(importer_map(importer));
	bench_decoding(vfio, false);
	assert_error(importer_map(importer), ENODEV);
	bench_decoding(vfio, true);
	expect_line(lines, " attach   ");
	expect_line(lines, " map      ");
	expect_line(lines, " unmap    ");
	snprintf(words, sizeof(words),
		 " revoke   device=%s reasons=disabled buffers=1 microseconds=",
		 bdf);
	expect_line(lines, words);
	snprintf(words, sizeof(words),
		 " refuse   device=%s importer=%s why=the buffer is revoked: disabled by suites (pid ",
		 bdf, engine);
	expect_line(lines, words);
	expect_line(lines, " restore  ");
	fclose(lines);
	end_monitor(monitor, SIGINT);
}

/* Of two devices that export by turns, only one is told of. */
static void filtered(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0), *other = bench_find(IVSHMEM, 1);
	struct vfio *vfio = bench_open(bdf), *others = bench_open(other);
	char line[512], words[64];
	pid_t monitor;
	FILE *lines;
	int from, i;

	(void)state;
	monitor = tool_start(&from, "monitor", bdf, NULL);
	bench_keep(from);
	lines = follow(vfio, from);
	for (i = 0; i < 3; i++) {
		bench_drop(bench_export(others, 2, 0, PAGE));
		bench_drop(bench_export(vfio, 2, 0, PAGE));
	}
	snprintf(words, sizeof(words), " device=%s ", bdf);
	for (i = 0; i < 3; i++) {
		assert_non_null(fgets(line, sizeof(line), lines));
		if (!strstr(line, words))
			fail_msg("unexpected: %s", line);
	}
	fclose(lines);
	end_monitor(monitor, SIGINT);
}

#define MONITOR(name, function) TEST("monitor", name, function)

int suite_monitor(void)
{
	const struct CMUnitTest own[] = {
		MONITOR("monitor tells what the driver does", follows_driver),
		MONITOR("monitor can follow one device", filtered),
	};
	const struct CMUnitTest tests[] = {
		MONITOR("monitor prints events", followed),
		MONITOR("monitor prints events as JSON", followed_json),
		MONITOR("monitor ends when it is told to, whatever there is to tell",
			without_end),
		MONITOR("monitor removes what a killed one has left", killed),
	};

	if (!bench_is_ours())
		return 0;
	return run_group("monitor", tests) +
	       (expects(shows_inside) ? run_group("monitor", own) : 0);
}
