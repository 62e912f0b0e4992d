// SPDX-License-Identifier: GPL-2.0-only
/* What the driver has in debugfs of its own doing: "state" and "buffers". */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "actor.h"
#include "events.h"
#include "inside.h"
#include "suites.h"
#include "tracing.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

/* As long as the buffer that was asked for last is the only one. */
static char expected[INSIDE_SIZE];

static void expect_buffer(int buffer, unsigned long size, unsigned int ranges,
			  const char *what)
{
	snprintf(expected, sizeof(expected),
		 "buffer %llu bar 2 size %lu ranges %u state %s pid %d comm suites\n",
		 inside_inode(buffer), size, ranges, what, getpid());
}

static void expect_more(const char *line)
{
	strncat(expected, line, sizeof(expected) - strlen(expected) - 1);
}

static void expect_importer(unsigned int mappings, unsigned int lists,
			    unsigned int pins)
{
	char line[192];

	snprintf(line, sizeof(line),
		 "\timporter %s map THRU_HOST_BRIDGE mappings %u lists %u pins %u driver dvp_importer pid %d comm suites\n",
		 inside_engine, mappings, lists, pins, getpid());
	expect_more(line);
}

/* How often the core itself pins what is mapped once. */
static unsigned int core_pins(void)
{
	return expect_kernel()->pins == PINS_BY_CORE;
}

static void fresh(void **state)
{
	(void)state;
	assert_string_equal(inside_read("state"),
			    "exporter own\nopen no\nquarantined no\nblocked closed\n"
			    "exports 0\nrevokes 0\nrestores 0\nrefusals 0\n");
	assert_string_equal(inside_read("buffers"), "");
}

static void state_follows(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);

	(void)state;
	assert_string_equal(inside_state("open"), "yes");
	assert_string_equal(inside_state("blocked"), "-");
	bench_export(vfio, BAR2, 0, PAGE);
	bench_export(vfio, BAR2, 0, PAGE);
	assert_int_equal(inside_number("exports"), 2);
	assert_int_equal(inside_number("revokes"), 0);

	bench_decoding(vfio, false);
	assert_string_equal(inside_state("blocked"), "disabled");
	assert_int_equal(inside_number("revokes"), 1);
	assert_int_equal(inside_number("restores"), 0);
	assert_memory_equal(inside_state("last_revoke"), "disabled ", 9);

	bench_decoding(vfio, true);
	assert_string_equal(inside_state("blocked"), "-");
	assert_int_equal(inside_number("restores"), 1);

	bench_close(vfio);
	assert_string_equal(inside_state("open"), "no");
	assert_string_equal(inside_state("blocked"), "closed");
	assert_int_equal(inside_number("revokes"), 2);
	assert_memory_equal(inside_state("last_revoke"), "closed ", 7);
	assert_int_equal(inside_number("refusals"), 0);
}

/* Opened, closed, switched off and on: it all concerns nobody. */
static void without_buffers(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);

	(void)state;
	bench_decoding(vfio, false);
	bench_decoding(vfio, true);
	bench_drop(bench_export(vfio, BAR2, 0, PAGE));
	bench_decoding(vfio, false);
	bench_close(vfio);
	assert_int_equal(inside_number("exports"), 1);
	assert_int_equal(inside_number("revokes"), 0);
	assert_int_equal(inside_number("restores"), 0);
	assert_string_equal(inside_state("last_revoke"), "");
	assert_int_equal(tracing_count("dvp_revoke"), 0);
	assert_int_equal(tracing_count("dvp_restore"), 0);
}

static void buffer_listed(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ MIB, PAGE }, { 0, 2 * PAGE }, { 2 * PAGE, PAGE },
	};
	struct vfio *vfio = bench_open(inside_memory);
	int buffer = bench_export_ranges(vfio, BAR2, ranges,
					 ARRAY_SIZE(ranges));

	(void)state;
	expect_buffer(buffer, 4 * PAGE, 2, "live");
	expect_more("\trange 0x100000 0x1000\n\trange 0x0 0x3000\n");
	assert_string_equal(inside_read("buffers"), expected);
	bench_drop(buffer);
	assert_string_equal(inside_read("buffers"), "");
}

/* A page of BAR 2 with one importer. */
static void assert_importer(int buffer, unsigned int mappings,
			    unsigned int lists, unsigned int pins)
{
	expect_buffer(buffer, PAGE, 1, "live");
	expect_more("\trange 0x0 0x1000\n");
	expect_importer(mappings, lists, pins);
	assert_string_equal(inside_read("buffers"), expected);
}

static void importers_listed(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importers[2] = { bench_importer(inside_engine), bench_importer(inside_engine) };

	(void)state;
	assert_ok(importer_attach(importers[0], buffer));
	assert_importer(buffer, 0, 0, 0);
	assert_ok(importer_map(importers[0]));
	assert_importer(buffer, 1, 0, core_pins());
	assert_ok(importer_unmap(importers[0]));
	assert_ok(importer_map_own(importers[0], 1));
	assert_importer(buffer, 0, 1, 0);
	assert_ok(importer_unmap(importers[0]));
	assert_importer(buffer, 0, 0, 0);

	/* The same line twice. */
	assert_ok(importer_attach(importers[1], buffer));
	expect_importer(0, 0, 0);
	assert_string_equal(inside_read("buffers"), expected);
	assert_ok(importer_detach(importers[0]));
	assert_importer(buffer, 0, 0, 0);
	assert_ok(importer_detach(importers[1]));
	assert_null(strstr(inside_read("buffers"), "importer"));
}

static void revoked_listed(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);

	(void)state;
	bench_decoding(vfio, false);
	expect_buffer(buffer, PAGE, 1, "revoked");
	expect_more("\trange 0x0 0x1000\n");
	assert_string_equal(inside_read("buffers"), expected);
	bench_decoding(vfio, true);
	assert_non_null(strstr(inside_read("buffers"), " state live "));

	/* What is left of it has nothing of the device. */
	bench_close(vfio);
	assert_string_equal(inside_read("buffers"), "");
}

static void many_ranges(void **state)
{
	struct vfio_region_dma_range ranges[100];
	struct vfio *vfio = bench_open(inside_memory);
	char line[64];
	int buffer, i;

	(void)state;
	for (i = 0; i < 100; i++)
		ranges[i] = (struct vfio_region_dma_range) {
			2 * i * PAGE, PAGE
		};
	buffer = bench_export_ranges(vfio, BAR2, ranges, 100);
	expect_buffer(buffer, 100 * PAGE, 100, "live");
	for (i = 0; i < 64; i++) {
		snprintf(line, sizeof(line), "\trange %#x 0x1000\n",
			 (unsigned int)(2 * i * PAGE));
		expect_more(i ? line : "\trange 0x0 0x1000\n");
	}
	expect_more("\tmore 36\n");
	assert_string_equal(inside_read("buffers"), expected);
}

/* More than a read takes at once, each of them once and in their order. */
static void many_buffers(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);
	const char *text;
	char line[64];
	int buffers[120], i;

	(void)state;
	for (i = 0; i < 120; i++)
		buffers[i] = bench_export(vfio, BAR2, i * PAGE, PAGE);
	text = inside_read("buffers");
	assert_true(strlen(text) > 2 * PAGE);
	for (i = 0; i < 120; i++) {
		snprintf(line, sizeof(line), "buffer %llu ",
			 inside_inode(buffers[i]));
		assert_memory_equal(text, line, strlen(line));
		text = strstr(text + 1, "buffer ") ?: text + strlen(text);
	}
	assert_string_equal(text, "");
}

/* A name must not pass for a line of the file. */
static void odd_name(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);

	(void)state;
	prctl(PR_SET_NAME, "a\nbuffer 1\\\xfc");
	bench_export(vfio, BAR2, 0, PAGE);
	prctl(PR_SET_NAME, "suites");
	assert_non_null(strstr(inside_read("buffers"),
			       " comm a\\012buffer 1\\134\\374\n\trange"));
}

/* What the two tell while an importer takes its time, and afterwards. */
static void slow_seen(void **state)
{
	struct actor actor = { .act = act_off, .vfio = bench_open(inside_memory) };
	int buffer = bench_export(actor.vfio, BAR2, 0, PAGE);
	int importer = bench_importer(inside_engine);
	long long started, told, released, ended, took;
	char words[128];

	(void)state;
	assert_ok(importer_attach_as(importer, buffer, DVP_IMPORTER_REVOCABLE,
				     60000));
	assert_ok(importer_map(importer));
	started = bench_now_ms();
	actor_start(&actor);
	wait_until(importer_notifications(importer) == 1);
	told = bench_now_ms();

	expect_buffer(buffer, PAGE, 1, "revoked");
	expect_more("\trange 0x0 0x1000\n");
	expect_importer(1, 0, core_pins());
	assert_string_equal(inside_read("buffers"), expected);
	assert_string_equal(inside_state("blocked"), "disabled");
	assert_int_equal(inside_number("revokes"), 0);
	assert_int_equal(tracing_count("dvp_revoke"), 0);
	assert_false(actor.done);

	/* So that the time can be told from none. */
	usleep(200000);
	released = bench_now_ms();
	assert_ok(importer_unmap(importer));
	actor_join(&actor);
	ended = bench_now_ms();
	assert_ok(actor.result);
	assert_memory_equal(inside_state("last_revoke"), "disabled ", 9);
	took = atoll(inside_state("last_revoke") + 9);
	assert_in_range(took, 1000 * (released - told - 1),
			1000 * (ended - started + 1));
	snprintf(words, sizeof(words),
		 "device=%s reasons=disabled buffers=1 microseconds=%lld kept=0",
		 inside_memory, took);
	assert_string_equal(tracing_last("dvp_revoke"), words);
}

/* Closed although the importer does not let go. */
static void quarantine_seen(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importer = bench_importer(inside_engine);
	char words[128];

	(void)state;
	assert_ok(importer_attach_as(importer, buffer, DVP_IMPORTER_REVOCABLE,
				     DVP_IMPORTER_UNTIL_CALL));
	assert_ok(importer_map(importer));
	bench_close(vfio);
	assert_string_equal(inside_state("quarantined"), "yes");
	assert_non_null(strstr(tracing_last("dvp_revoke"), " kept=1"));
	expect_buffer(buffer, PAGE, 1, "quarantined");
	expect_more("\trange 0x0 0x1000\n");
	expect_importer(1, 0, core_pins());
	assert_string_equal(inside_read("buffers"), expected);
	snprintf(words, sizeof(words), "device=%s buffers=1", inside_memory);
	assert_string_equal(tracing_last("dvp_quarantine"), words);

	assert_ok(importer_unmap(importer));
	assert_string_equal(inside_state("quarantined"), "no");
	assert_string_equal(inside_read("buffers"), "");
	snprintf(words, sizeof(words), "device=%s buffers=0", inside_memory);
	assert_string_equal(tracing_last("dvp_quarantine"), words);
}

/* Two reasons at a time: the first one revokes, the last one restores. */
static void reasons_add_up(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);

	(void)state;
	bench_export(vfio, BAR2, 0, PAGE);
	bench_decoding(vfio, false);
	bench_close(vfio);
	assert_string_equal(inside_state("blocked"), "closed,disabled");
	assert_int_equal(inside_number("revokes"), 1);
	assert_memory_equal(inside_state("last_revoke"), "disabled ", 9);
}

/* Reads both until it is killed, or cannot. */
static pid_t start_reader(void)
{
	static char text[INSIDE_SIZE];
	pid_t child;
	int ret;

	child = fork();
	if (child)
		return child;
	do {
		ret = bench_debugfs(inside_memory, "buffers", text, sizeof(text)) ?:
		      bench_debugfs(inside_memory, "state", text, sizeof(text));
	} while (!ret);
	_exit(1);
}

/* Whoever reads takes part in nothing: all comes and goes as without. */
static void read_all_the_time(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);
	pid_t reader = start_reader();
	int buffers[2], importer, status, i;

	(void)state;
	for (i = 0; i < 50; i++) {
		buffers[0] = bench_export(vfio, BAR2, 0, PAGE);
		buffers[1] = bench_export(vfio, BAR2, PAGE, PAGE);
		importer = bench_importer(inside_engine);
		assert_ok(importer_attach(importer, buffers[0]));
		assert_ok(importer_map(importer));
		bench_decoding(vfio, false);
		bench_drop(buffers[1]);
		bench_drop(buffers[0]);
		bench_decoding(vfio, true);
		bench_drop(importer);
	}
	assert_int_equal(waitpid(reader, &status, WNOHANG), 0);
	kill(reader, SIGKILL);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	wait_until(!*inside_read("buffers"));
}

/* What is not known is not told. */
static void delegated(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);
	int importer = bench_importer(inside_engine);
	char text[16];

	(void)state;
	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE)));
	assert_string_equal(inside_read("state"), "exporter intree\nopen yes\n");
	assert_error(bench_debugfs(inside_memory, "buffers", text, sizeof(text)),
		     ENOENT);
	bench_decoding(vfio, false);
	bench_close(vfio);
	assert_string_equal(inside_read("state"), "exporter intree\nopen no\n");
	assert_int_equal(tracing_count("dvp_export"), 0);
	assert_int_equal(tracing_count("dvp_attach"), 0);
	assert_int_equal(tracing_count("dvp_revoke"), 0);
}

#define INSIDE(name, function) \
	{ "inside: " name, function, inside_setup, inside_teardown, NULL }

static int run_own(void)
{
	const struct CMUnitTest tests[] = {
		INSIDE("a device that was just bound has done nothing", fresh),
		INSIDE("a quarantine is seen, and its end", quarantine_seen),
		INSIDE("state follows exports, revokes and restores",
		       state_follows),
		INSIDE("what concerns no buffer is no revoke", without_buffers),
		INSIDE("reasons add up, and the first one revokes",
		       reasons_add_up),
		INSIDE("a buffer is listed with its owner and its ranges",
		       buffer_listed),
		INSIDE("importers are listed with what they hold",
		       importers_listed),
		INSIDE("a revoked buffer is listed until it is closed",
		       revoked_listed),
		INSIDE("of many ranges the first ones are listed", many_ranges),
		INSIDE("of many buffers all are listed", many_buffers),
		INSIDE("a process's odd name stays in its line", odd_name),
		INSIDE("who holds up a revoke is seen at once", slow_seen),
		INSIDE("reading disturbs nobody", read_all_the_time),
	};

	return run_group("inside", tests);
}

static int run_delegated(void)
{
	const struct CMUnitTest tests[] = {
		INSIDE("of what others export nothing is told", delegated),
	};

	return run_group("inside", tests);
}

int suite_inside(void)
{
	if (!bench_is_ours())
		return 0;
	return expects(shows_inside) ? run_own() : run_delegated();
}
