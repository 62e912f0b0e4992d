// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver tells of its own doing: "state" and "buffers" in debugfs, and
 * its tracepoints.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "actor.h"
#include "events.h"
#include "suites.h"
#include "tracing.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

#define TEXT_SIZE 65536

static const char *memory, *engine;

/* All of a file of the exporter's, until the next one is read. */
static const char *inside(const char *file)
{
	static char text[TEXT_SIZE];

	assert_ok(bench_debugfs(memory, file, text, sizeof(text)));
	return text;
}

/* What "state" has behind a key; "" if it has not got that. */
static const char *state_of(const char *key)
{
	static char value[1200];
	const char *line = inside("state");

	snprintf(value, sizeof(value), "\n%s ", key);
	line = strstr(line, value);
	if (line)
		line += strlen(value);
	snprintf(value, sizeof(value), "%.*s",
		 line ? (int)strcspn(line, "\n") : 0, line ? line : "");
	return value;
}

static long long number_of(const char *key)
{
	return atoll(state_of(key));
}

static unsigned long long inode(int buffer)
{
	struct stat stat;

	assert_sys(fstat(buffer, &stat));
	return stat.st_ino;
}

/* As long as the buffer that was asked for last is the only one. */
static char expected[TEXT_SIZE];

static void expect_buffer(int buffer, unsigned long size, unsigned int ranges,
			  const char *what)
{
	snprintf(expected, sizeof(expected),
		 "buffer %llu bar 2 size %lu ranges %u state %s pid %d comm suites\n",
		 inode(buffer), size, ranges, what, getpid());
}

static void expect_more(const char *line)
{
	strncat(expected, line, sizeof(expected) - strlen(expected) - 1);
}

static void expect_importer(unsigned int mappings, unsigned int lists,
			    unsigned int pins)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "\timporter %s map THRU_HOST_BRIDGE mappings %u lists %u pins %u\n",
		 engine, mappings, lists, pins);
	expect_more(line);
}

/* How often the core itself pins what is mapped once. */
static unsigned int core_pins(void)
{
	return expect_kernel()->pins == PINS_BY_CORE;
}

static void decoding_off(struct vfio *vfio)
{
	assert_ok(vfio_set_command(vfio, 0, PCI_COMMAND_MEMORY));
}

static void decoding_on(struct vfio *vfio)
{
	assert_ok(vfio_set_command(vfio, PCI_COMMAND_MEMORY, 0));
}

static void fresh(void **state)
{
	(void)state;
	assert_string_equal(inside("state"),
			    "exporter own\nopen no\nblocked closed\n"
			    "exports 0\nrevokes 0\nrestores 0\nrefusals 0\n");
	assert_string_equal(inside("buffers"), "");
}

static void state_follows(void **state)
{
	struct vfio *vfio = bench_open(memory);

	(void)state;
	assert_string_equal(state_of("open"), "yes");
	assert_string_equal(state_of("blocked"), "-");
	bench_export(vfio, BAR2, 0, PAGE);
	bench_export(vfio, BAR2, 0, PAGE);
	assert_int_equal(number_of("exports"), 2);
	assert_int_equal(number_of("revokes"), 0);

	decoding_off(vfio);
	assert_string_equal(state_of("blocked"), "disabled");
	assert_int_equal(number_of("revokes"), 1);
	assert_int_equal(number_of("restores"), 0);
	assert_memory_equal(state_of("last_revoke"), "disabled ", 9);

	decoding_on(vfio);
	assert_string_equal(state_of("blocked"), "-");
	assert_int_equal(number_of("restores"), 1);

	bench_close(vfio);
	assert_string_equal(state_of("open"), "no");
	assert_string_equal(state_of("blocked"), "closed");
	assert_int_equal(number_of("revokes"), 2);
	assert_memory_equal(state_of("last_revoke"), "closed ", 7);
	assert_int_equal(number_of("refusals"), 0);
}

/* Opened, closed, switched off and on: it all concerns nobody. */
static void without_buffers(void **state)
{
	struct vfio *vfio = bench_open(memory);

	(void)state;
	decoding_off(vfio);
	decoding_on(vfio);
	bench_drop(bench_export(vfio, BAR2, 0, PAGE));
	decoding_off(vfio);
	bench_close(vfio);
	assert_int_equal(number_of("exports"), 1);
	assert_int_equal(number_of("revokes"), 0);
	assert_int_equal(number_of("restores"), 0);
	assert_string_equal(state_of("last_revoke"), "");
	assert_int_equal(tracing_count("dvp_revoke"), 0);
	assert_int_equal(tracing_count("dvp_restore"), 0);
}

static void buffer_listed(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ MIB, PAGE }, { 0, 2 * PAGE }, { 2 * PAGE, PAGE },
	};
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export_ranges(vfio, BAR2, ranges,
					 ARRAY_SIZE(ranges));

	(void)state;
	expect_buffer(buffer, 4 * PAGE, 2, "live");
	expect_more("\trange 0x100000 0x1000\n\trange 0x0 0x3000\n");
	assert_string_equal(inside("buffers"), expected);
	bench_drop(buffer);
	assert_string_equal(inside("buffers"), "");
}

/* A page of BAR 2 with one importer. */
static void assert_importer(int buffer, unsigned int mappings,
			    unsigned int lists, unsigned int pins)
{
	expect_buffer(buffer, PAGE, 1, "live");
	expect_more("\trange 0x0 0x1000\n");
	expect_importer(mappings, lists, pins);
	assert_string_equal(inside("buffers"), expected);
}

static void importers_listed(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importers[2] = { bench_importer(engine), bench_importer(engine) };

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
	assert_string_equal(inside("buffers"), expected);
	assert_ok(importer_detach(importers[0]));
	assert_importer(buffer, 0, 0, 0);
	assert_ok(importer_detach(importers[1]));
	assert_null(strstr(inside("buffers"), "importer"));
}

static void revoked_listed(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);

	(void)state;
	decoding_off(vfio);
	expect_buffer(buffer, PAGE, 1, "revoked");
	expect_more("\trange 0x0 0x1000\n");
	assert_string_equal(inside("buffers"), expected);
	decoding_on(vfio);
	assert_non_null(strstr(inside("buffers"), " state live "));

	/* What is left of it has nothing of the device. */
	bench_close(vfio);
	assert_string_equal(inside("buffers"), "");
}

static void many_ranges(void **state)
{
	struct vfio_region_dma_range ranges[100];
	struct vfio *vfio = bench_open(memory);
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
	assert_string_equal(inside("buffers"), expected);
}

/* More than a read takes at once, each of them once and in their order. */
static void many_buffers(void **state)
{
	struct vfio *vfio = bench_open(memory);
	const char *text;
	char line[64];
	int buffers[120], i;

	(void)state;
	for (i = 0; i < 120; i++)
		buffers[i] = bench_export(vfio, BAR2, i * PAGE, PAGE);
	text = inside("buffers");
	assert_true(strlen(text) > 2 * PAGE);
	for (i = 0; i < 120; i++) {
		snprintf(line, sizeof(line), "buffer %llu ",
			 inode(buffers[i]));
		assert_memory_equal(text, line, strlen(line));
		text = strstr(text + 1, "buffer ") ?: text + strlen(text);
	}
	assert_string_equal(text, "");
}

/* A name must not pass for a line of the file. */
static void odd_name(void **state)
{
	struct vfio *vfio = bench_open(memory);

	(void)state;
	prctl(PR_SET_NAME, "a\nbuffer 1\\\xfc");
	bench_export(vfio, BAR2, 0, PAGE);
	prctl(PR_SET_NAME, "suites");
	assert_non_null(strstr(inside("buffers"),
			       " comm a\\012buffer 1\\134\\374\n\trange"));
}

static int act_off(struct actor *actor)
{
	return vfio_set_command(actor->vfio, 0, PCI_COMMAND_MEMORY);
}

/* What the two tell while an importer takes its time, and afterwards. */
static void slow_seen(void **state)
{
	struct actor actor = { .act = act_off, .vfio = bench_open(memory) };
	int buffer = bench_export(actor.vfio, BAR2, 0, PAGE);
	int importer = bench_importer(engine);
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
	assert_string_equal(inside("buffers"), expected);
	assert_string_equal(state_of("blocked"), "disabled");
	assert_int_equal(number_of("revokes"), 0);
	assert_int_equal(tracing_count("dvp_revoke"), 0);
	assert_false(actor.done);

	/* So that the time can be told from none. */
	usleep(200000);
	released = bench_now_ms();
	assert_ok(importer_unmap(importer));
	actor_join(&actor);
	ended = bench_now_ms();
	assert_ok(actor.result);
	assert_int_equal(sscanf(state_of("last_revoke"), "disabled %lld",
				&took), 1);
	assert_in_range(took, 1000 * (released - told - 1),
			1000 * (ended - started + 1));
	snprintf(words, sizeof(words),
		 "device=%s reasons=disabled buffers=1 microseconds=%lld",
		 memory, took);
	assert_string_equal(tracing_last("dvp_revoke"), words);
}

/* Two reasons at a time: the first one revokes, the last one restores. */
static void reasons_add_up(void **state)
{
	struct vfio *vfio = bench_open(memory);

	(void)state;
	bench_export(vfio, BAR2, 0, PAGE);
	decoding_off(vfio);
	bench_close(vfio);
	assert_string_equal(state_of("blocked"), "closed,disabled");
	assert_int_equal(number_of("revokes"), 1);
	assert_memory_equal(state_of("last_revoke"), "disabled ", 9);
}

/* Reads both until it is killed. */
static pid_t start_reader(void)
{
	pid_t child;

	child = fork();
	if (child)
		return child;
	for (;;) {
		inside("buffers");
		inside("state");
	}
}

/* Whoever reads takes part in nothing: all comes and goes as without. */
static void read_all_the_time(void **state)
{
	struct vfio *vfio = bench_open(memory);
	pid_t reader = start_reader();
	int buffers[2], importer, status, i;

	(void)state;
	for (i = 0; i < 50; i++) {
		buffers[0] = bench_export(vfio, BAR2, 0, PAGE);
		buffers[1] = bench_export(vfio, BAR2, PAGE, PAGE);
		importer = bench_importer(engine);
		assert_ok(importer_attach(importer, buffers[0]));
		assert_ok(importer_map(importer));
		decoding_off(vfio);
		bench_drop(buffers[1]);
		bench_drop(buffers[0]);
		decoding_on(vfio);
		bench_drop(importer);
	}
	assert_int_equal(waitpid(reader, &status, WNOHANG), 0);
	kill(reader, SIGKILL);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	wait_until(!*inside("buffers"));
}

/* Each is counted, and both tell whom and why. */
static void assert_refused(unsigned int number, const char *importer,
			   const char *why)
{
	char words[1200];

	assert_int_equal(number_of("refusals"), number);
	snprintf(words, sizeof(words), "%s%s%s", importer ? importer : "",
		 importer ? ": " : "", why);
	assert_string_equal(state_of("last_refusal"), words);
	assert_int_equal(tracing_count("dvp_refuse"), number);
	snprintf(words, sizeof(words), "device=%s importer=%s why=%s", memory,
		 importer ? importer : "-", why);
	assert_string_equal(tracing_last("dvp_refuse"), words);
}

static void exports_refused(void **state)
{
	struct {
		struct vfio_device_feature_dma_buf get;
		struct vfio_region_dma_range range;
	} call = { .get.region_index = 7, .get.nr_ranges = 1 };
	const uint32_t get = VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_DMA_BUF;
	struct vfio *vfio = bench_open(memory);

	(void)state;
	assert_error(vfio_feature(vfio, get, &call, sizeof(call)), ENODEV);
	assert_refused(1, NULL, "region 7 is no memory BAR that the device has");
	call.get.nr_ranges = 0;
	assert_error(vfio_feature(vfio, get, &call, sizeof(call)), EINVAL);
	assert_refused(2, NULL, "the export makes no sense: it has no ranges");
	assert_error(vfio_export_range(vfio, BAR2, 0x3ff000, 2 * PAGE), EINVAL);
	assert_refused(3, NULL, "range 0 of BAR 2, 0x3ff000 + 0x2000, is empty, not of whole pages or not inside its 0x400000 bytes, or the sum is too large");
	assert_int_equal(number_of("exports"), 0);
}

static void attaches_refused(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importer = bench_importer(engine);

	(void)state;
	assert_error(importer_attach_as(importer, buffer, DVP_IMPORTER_NO_PEER,
					0), EOPNOTSUPP);
	assert_refused(1, engine, "its driver does not take memory without pages (allow_peer2peer)");
	decoding_off(vfio);
	assert_error(importer_attach(importer, buffer), ENODEV);
	assert_refused(2, engine, "the buffer is revoked: disabled");
	bench_close(vfio);
	assert_error(importer_attach(importer, buffer), ENODEV);
	assert_refused(3, engine, "the buffer is revoked: closed");
	/* The next user's memory is there, and it is another one. */
	bench_open(memory);
	assert_error(importer_attach(importer, buffer), ENODEV);
	assert_refused(4, engine, "the buffer is revoked: closed");
}

/* The sentence is that of the log, which has a limit, and this has not. */
static void no_way_refused(void **state)
{
	static const char why[] =
		"no peer-to-peer path from dvp_importer: it is not a PCI device nor below one";
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int klog = bench_keep(assert_ok(klog_open_end()));
	int importer = bench_importer("platform");
	const char *const words[] = { memory, why, NULL };
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_error(importer_attach(importer, buffer), EINVAL);
	assert_refused(100, "dvp_importer", why);
	assert_true(klog_count(klog, words) < 100);
}

static void maps_refused(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importer = bench_importer(engine);

	(void)state;
	assert_ok(importer_attach(importer, buffer));
	assert_error(importer_map_own(importer, 99), EOPNOTSUPP);
	assert_refused(1, engine, "there is no version 99 of the list of physical addresses");
	decoding_off(vfio);
	assert_error(importer_map(importer), ENODEV);
	assert_refused(2, engine, "the buffer is revoked: disabled");
	assert_error(importer_map_own(importer, 1), ENODEV);
	assert_refused(3, engine, "the buffer is revoked: disabled");
}

static void pins_refused(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int importer = bench_importer(engine);

	(void)state;
	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE)));
	if (expect_kernel()->pins != PINS_REFUSED)
		assert_ok(importer_pin(importer));
	if (expect_kernel()->pins == PINS_ALLOWED) {
		assert_non_null(strstr(inside("buffers"), " pins 1\n"));
		return;
	}
	assert_error(importer_pin(importer), EOPNOTSUPP);
	assert_refused(1, engine, "its driver pins the buffer, which may have to go");
}

/* What would be for the lack of something that may be there next time. */
static void not_refused(void **state)
{
	struct vfio *vfio = bench_open(memory);
	const uint32_t flags = VFIO_DEVICE_FEATURE_DMA_BUF;
	char byte = 0;

	(void)state;
	assert_error(vfio_feature(vfio, flags | VFIO_DEVICE_FEATURE_SET, &byte,
				  sizeof(byte)), EINVAL);
	assert_ok(vfio_feature(vfio, flags | VFIO_DEVICE_FEATURE_PROBE, &byte,
			       sizeof(byte)));
	assert_int_equal(number_of("refusals"), 0);
	assert_string_equal(state_of("last_refusal"), "");
}

/* The last event of that name, of a buffer and the engine. */
static void assert_traced(const char *event, int buffer, const char *more)
{
	char words[256];

	snprintf(words, sizeof(words), "device=%s buffer=%llu importer=%s%s",
		 memory, inode(buffer), engine, more);
	assert_string_equal(tracing_last(event), words);
}

static void all_traced(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ MIB, PAGE }, { 0, PAGE },
	};
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export_ranges(vfio, BAR2, ranges, 2);
	int importer = bench_importer(engine);
	char words[256];

	(void)state;
	snprintf(words, sizeof(words),
		 "device=%s buffer=%llu bar=2 size=8192 ranges=2", memory,
		 inode(buffer));
	assert_string_equal(tracing_last("dvp_export"), words);
	assert_ok(importer_attach(importer, buffer));
	assert_traced("dvp_attach", buffer, " map=THRU_HOST_BRIDGE");
	assert_ok(importer_map(importer));
	assert_traced("dvp_map", buffer, " as=mapping entries=1");
	assert_ok(importer_unmap(importer));
	assert_traced("dvp_unmap", buffer, " as=mapping entries=1");
	assert_ok(importer_map_own(importer, 1));
	assert_traced("dvp_map", buffer, " as=list entries=2");

	decoding_off(vfio);
	assert_traced("dvp_unmap", buffer, " as=list entries=2");
	snprintf(words, sizeof(words),
		 "device=%s reasons=disabled buffers=1 microseconds=", memory);
	assert_memory_equal(tracing_last("dvp_revoke"), words, strlen(words));
	decoding_on(vfio);
	snprintf(words, sizeof(words), "device=%s buffers=1", memory);
	assert_string_equal(tracing_last("dvp_restore"), words);
	assert_ok(importer_detach(importer));
	assert_traced("dvp_detach", buffer, "");

	assert_int_equal(tracing_count("dvp_export"), 1);
	assert_int_equal(tracing_count("dvp_attach"), 1);
	assert_int_equal(tracing_count("dvp_map"), 2);
	assert_int_equal(tracing_count("dvp_unmap"), 2);
	assert_int_equal(tracing_count("dvp_revoke"), 1);
	assert_int_equal(tracing_count("dvp_restore"), 1);
	assert_int_equal(tracing_count("dvp_detach"), 1);
	assert_int_equal(tracing_count("dvp_refuse"), 0);
}

/* The tracepoints go with the driver, in the middle of it. */
static void unloaded(void **state)
{
	(void)state;
	bench_drop(bench_export(bench_open(memory), BAR2, 0, PAGE));
	bench_teardown(NULL);
	assert_ok(module_unload(bench_driver()));
	assert_sys_error(access(TRACING "/events/dmabuf_vfio_pci", F_OK), ENOENT);
}

/* What is not known is not told. */
static void delegated(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int importer = bench_importer(engine);
	char text[16];

	(void)state;
	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE)));
	assert_string_equal(inside("state"), "exporter intree\nopen yes\n");
	assert_error(bench_debugfs(memory, "buffers", text, sizeof(text)),
		     ENOENT);
	decoding_off(vfio);
	bench_close(vfio);
	assert_string_equal(inside("state"), "exporter intree\nopen no\n");
	assert_int_equal(tracing_count("dvp_export"), 0);
	assert_int_equal(tracing_count("dvp_attach"), 0);
	assert_int_equal(tracing_count("dvp_revoke"), 0);
}

/* Bound anew, a device has done nothing yet. */
static int inside_setup(void **state)
{
	bench_setup(state);
	memory = bench_find(IVSHMEM, 0);
	engine = bench_find(EDU, 0);
	assert_ok(device_unbind(memory));
	assert_ok(device_bind(memory, bench_driver()));
	tracing_start();
	return 0;
}

static int inside_teardown(void **state)
{
	bench_teardown(state);
	tracing_stop();
	return 0;
}

static int reload_teardown(void **state)
{
	tracing_stop();
	return bench_reload_teardown(state);
}

#define INSIDE(name, function) \
	{ "inside: " name, function, inside_setup, inside_teardown, NULL }
#define INSIDE_RELOADS(name, function) \
	{ "inside: " name, function, inside_setup, reload_teardown, NULL }

static int run_own(void)
{
	const struct CMUnitTest tests[] = {
		INSIDE("a device that was just bound has done nothing", fresh),
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
		INSIDE("refused exports are counted, and told why",
		       exports_refused),
		INSIDE("refused attaches are counted, and told why",
		       attaches_refused),
		INSIDE("refusals have no limit, unlike the log",
		       no_way_refused),
		INSIDE("refused maps are counted, and told why", maps_refused),
		INSIDE("a refused pin is counted, and told why", pins_refused),
		INSIDE("a call that is none is no refusal", not_refused),
		INSIDE("each step is traced, with its values", all_traced),
		INSIDE_RELOADS("the driver unloads while it is traced",
			       unloaded),
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
