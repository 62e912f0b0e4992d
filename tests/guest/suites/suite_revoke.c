// SPDX-License-Identifier: GPL-2.0-only
/* The memory goes: importers are told, mappings end, and none comes back. */
#include <linux/pci_regs.h>
#include <pthread.h>

#include "actor.h"
#include "bench.h"
#include "suites.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

static int import_slowly(int buffer, unsigned int hold_ms)
{
	int importer = bench_importer(bench_find(EDU, 0));

	assert_ok(importer_attach_as(importer, buffer, DVP_IMPORTER_REVOCABLE,
				     hold_ms));
	assert_ok(importer_map(importer));
	return importer;
}

static int import(int buffer)
{
	return import_slowly(buffer, 0);
}

/* Told @count times in all, and without a mapping. */
static void assert_revoked(int importer, unsigned int count)
{
	assert_int_equal(importer_notifications(importer), count);
	assert_false(importer_is_mapped(importer));
	assert_error(importer_map(importer), ENODEV);
}

static void on_close(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, MIB));

	(void)state;
	bench_close(vfio);
	assert_revoked(importer, 1);
}

static void on_decoding_off(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, MIB));

	(void)state;
	bench_decoding(vfio, false);
	assert_revoked(importer, 1);
}

static void restored(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, MIB));

	(void)state;
	bench_decoding(vfio, false);
	bench_decoding(vfio, true);
	assert_int_equal(importer_notifications(importer), 2);
	assert_false(importer_is_mapped(importer));

	assert_ok(importer_map(importer));
	bench_move(vfio, importer, PAGE, PAGE, 512);
}

static void over_and_over(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, MIB));
	unsigned int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		bench_decoding(vfio, false);
		assert_revoked(importer, 2 * i + 1);
		bench_decoding(vfio, true);
		assert_ok(importer_map(importer));
	}
}

static void unmapped_is_told(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = bench_importer(bench_find(EDU, 0));

	(void)state;
	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE)));
	bench_decoding(vfio, false);
	assert_revoked(importer, 1);
}

/* Writes @size bytes at @offset of config space that set the command. */
static void write_command(struct vfio *vfio, unsigned int offset, size_t size,
			  uint16_t command)
{
	uint8_t bytes[64];

	assert_ok(vfio_read(vfio, CONFIG, offset, bytes, size));
	memcpy(bytes + PCI_COMMAND - offset, &command,
	       size < sizeof(command) ? size : sizeof(command));
	assert_ok(vfio_write(vfio, CONFIG, offset, bytes, size));
}

/* Every way to reach the memory bit: alone, or in a write of its neighbours. */
static void any_width(void **state)
{
	static const struct {
		unsigned int offset;
		size_t size;
	} writes[] = {
		{ PCI_COMMAND, 1 },
		{ PCI_COMMAND, 2 },
		{ PCI_COMMAND, 4 },
		{ PCI_COMMAND - 1, 2 },
		{ PCI_COMMAND - 1, 3 },
		{ PCI_VENDOR_ID, 8 },
		{ PCI_VENDOR_ID, 64 },
	};
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, PAGE));
	uint16_t command;
	unsigned int i;

	(void)state;
	assert_ok(vfio_read(vfio, CONFIG, PCI_COMMAND, &command, 2));
	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		write_command(vfio, writes[i].offset, writes[i].size,
			      command & ~PCI_COMMAND_MEMORY);
		assert_revoked(importer, 2 * i + 1);
		write_command(vfio, writes[i].offset, writes[i].size, command);
		assert_int_equal(importer_notifications(importer), 2 * i + 2);
		assert_ok(importer_map(importer));
	}
}

static void bus_master(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, PAGE)), i;

	(void)state;
	for (i = 0; i < 10; i++) {
		assert_ok(vfio_set_command(vfio, PCI_COMMAND_MASTER, 0));
		assert_ok(vfio_set_command(vfio, 0, PCI_COMMAND_MASTER));
	}
	assert_true(importer_is_mapped(importer));
	assert_int_equal(importer_notifications(importer), 0);
}

static void other_registers(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, PAGE));
	uint8_t bytes[64];

	(void)state;
	assert_ok(vfio_set_command(vfio, 0, 0));
	assert_ok(vfio_read(vfio, CONFIG, PCI_COMMAND + 1, bytes, 59));
	assert_ok(vfio_write(vfio, CONFIG, PCI_COMMAND + 1, bytes, 59));
	assert_true(importer_is_mapped(importer));
	assert_int_equal(importer_notifications(importer), 0);
}

/* What switches decoding off on its way there must not. */
static void past_the_end(void **state)
{
	static const uint8_t zeros[4096];
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, PAGE));

	(void)state;
	assert_error(vfio_write(vfio, CONFIG, PCI_COMMAND, zeros,
				sizeof(zeros)), EFAULT);
	assert_true(importer_is_mapped(importer));
	assert_int_equal(importer_notifications(importer), 0);
}

static void other_device(void **state)
{
	struct vfio *vfio = bench_open_memory();
	struct vfio *other = bench_open(bench_find(IVSHMEM, 1));
	int importer = import(bench_export(vfio, BAR2, 0, PAGE));

	(void)state;
	bench_decoding(other, false);
	bench_close(other);
	assert_true(importer_is_mapped(importer));
	assert_int_equal(importer_notifications(importer), 0);
}

static void *close_it(void *vfio)
{
	bench_close(vfio);
	return NULL;
}

/* Until it lets go, the importer still reaches the memory, and we wait a while. */
static void slow_close(void **state)
{
	uint8_t data[512];
	struct vfio *vfio = bench_open_memory();
	int importer = import_slowly(bench_export(vfio, BAR2, 0, PAGE), 700);
	long long start = bench_now_ms();
	pthread_t closer;

	(void)state;
	bench_pattern(data, sizeof(data), 2);
	assert_int_equal(pthread_create(&closer, NULL, close_it, vfio), 0);
	wait_until(importer_notifications(importer) == 1);
	assert_ok(importer_write(importer, 0, data, sizeof(data)));

	assert_int_equal(pthread_join(closer, NULL), 0);
	assert_true(bench_now_ms() - start >= 700);
	assert_revoked(importer, 1);
	bench_open_memory();
}

static void slow_decoding_off(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import_slowly(bench_export(vfio, BAR2, 0, PAGE), 1000);
	long long start = bench_now_ms();

	(void)state;
	bench_decoding(vfio, false);
	assert_true(bench_now_ms() - start >= 1000);
	assert_revoked(importer, 1);
}

/* Any lock of the revoke is held until the importer has let go. */
static void others_need_no_lock(void **state)
{
	static const unsigned int registers[] = {
		PCI_COMMAND + 1, PCI_CACHE_LINE_SIZE, PCI_INTERRUPT_LINE,
	};
	struct vfio *vfio = bench_open_memory();
	int importer = import_slowly(bench_export(vfio, BAR2, 0, PAGE), 5000);
	struct actor writer = { .act = act_off, .vfio = vfio };
	uint8_t byte;
	size_t i;

	(void)state;
	actor_start(&writer);
	wait_until(importer_notifications(importer) == 1);
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		assert_ok(vfio_read(vfio, CONFIG, registers[i], &byte, 1));
		assert_ok(vfio_write(vfio, CONFIG, registers[i], &byte, 1));
	}
	assert_true(importer_is_mapped(importer));

	actor_join(&writer);
	assert_ok(writer.result);
	assert_revoked(importer, 1);
}

/* The mapping ends at once, but the device's work on the memory does not. */
static void unfinished_work(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, PAGE));
	long long start = bench_now_ms();

	(void)state;
	assert_ok(importer_work(importer, 2000));
	bench_decoding(vfio, false);
	assert_true(bench_now_ms() - start >= 2000);
	assert_revoked(importer, 1);
}

/* The mapping ends with the importer: nobody waits for the rest of its time. */
static void detached_meanwhile(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import_slowly(bench_export(vfio, BAR2, 0, PAGE), 60000);
	struct actor actor = { .act = act_off, .vfio = vfio };

	(void)state;
	actor_start(&actor);
	wait_until(importer_notifications(importer) == 1);
	assert_false(actor.done);
	bench_drop(importer);
	actor_join(&actor);
	assert_ok(actor.result);
}

static int importer_holders(void)
{
	return assert_ok(module_references("dvp_importer"));
}

/* Whoever holds the buffer goes on adding work, each time before the last ends. */
static void later_work(void **state)
{
	int before = importer_holders();
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE), importer = import(buffer);
	struct actor actor = { .act = act_off, .vfio = vfio };
	long long start = bench_now_ms();

	(void)state;
	assert_ok(importer_work(importer, 2000));
	actor_start(&actor);
	wait_until(importer_notifications(importer) == 1);
	while (!actor.done && bench_now_ms() - start < 20000) {
		assert_ok(importer_work(importer, 3000));
		usleep(200000);
	}
	actor_join(&actor);
	assert_ok(actor.result);
	assert_in_range(bench_now_ms() - start, 2000, 15000);
	assert_revoked(importer, 1);
	bench_drop(importer);
	bench_drop(buffer);
	/* The work keeps the importer's module. */
	wait_until(importer_holders() == before);
}

/* What a fence says of a buffer that nobody reaches does not matter. */
static void work_of_nobody(void **state)
{
	int before = importer_holders();
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE), importer = import(buffer);
	long long start;

	(void)state;
	assert_ok(importer_work(importer, 5000));
	assert_ok(importer_detach(importer));
	start = bench_now_ms();
	bench_decoding(vfio, false);
	assert_in_range(bench_now_ms() - start, 0, 4000);
	bench_drop(importer);
	bench_drop(buffer);
	wait_until(importer_holders() == before);
}

static bool is_logged(int klog, const char *const *words)
{
	return klog_count(klog, words);
}

/*
 * One that unmaps at its next call only, as xe does, and has perhaps pinned as well,
 * which not every kernel lets an exporter refuse.
 */
static void named_in_log(void **state)
{
	bool pins = expect_kernel()->pins != PINS_REFUSED;
	const char *const words[] = {
		"still holds 1 mapping(s)", bench_find(EDU, 0),
		"driver dvp_importer", "(suites)",
		pins ? "which the driver has pinned" : "bytes; attached by", NULL
	};
	int klog = bench_keep(assert_ok(klog_open_end()));
	struct vfio *vfio = bench_open_memory();
	int importer = import_slowly(bench_export(vfio, BAR2, 0, PAGE),
				     DVP_IMPORTER_UNTIL_CALL);
	struct actor actor = { .act = act_off, .vfio = vfio };
	uint8_t byte = 0;

	(void)state;
	if (expect_kernel()->pins == PINS_ALLOWED)
		assert_ok(importer_pin(importer));
	if (pins)
		assert_ok(importer_pin(importer));
	actor_start(&actor);
	wait_until(is_logged(klog, words));
	assert_false(actor.done);
	assert_true(importer_is_mapped(importer));
	/* A submission finds that the memory has gone. */
	assert_error(importer_write(importer, 0, &byte, sizeof(byte)), ENODEV);
	actor_join(&actor);
	assert_ok(actor.result);
	assert_false(importer_is_mapped(importer));
}

/* And one that never makes another call: the end of the program is enough. */
static void ends_with_program(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import_slowly(bench_export(vfio, BAR2, 0, PAGE),
				     DVP_IMPORTER_UNTIL_CALL);
	struct actor actor = { .act = act_off, .vfio = vfio };

	(void)state;
	actor_start(&actor);
	wait_until(importer_notifications(importer) == 1 &&
		   task_sleeps(actor.tid));
	assert_false(actor.done);
	bench_drop(importer);
	actor_join(&actor);
	assert_ok(actor.result);
}

static void slow_ones_overlap(void **state)
{
	struct vfio *vfio = bench_open_memory();
	long long start, took;
	int importers[4];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		importers[i] = import_slowly(bench_export(vfio, BAR2, i * PAGE,
							  PAGE), 1000);
	start = bench_now_ms();
	bench_decoding(vfio, false);
	took = bench_now_ms() - start;
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		assert_revoked(importers[i], 1);
	if (expects(notifies_all_first))
		assert_in_range(took, 1000, 3900);
	else
		assert_in_range(took, 4000, 6000);
}

static void dead_for_good(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importer = import(buffer);
	int other = bench_importer(bench_find(EDU, 0));

	(void)state;
	bench_close(vfio);
	vfio = bench_open_memory();
	bench_decoding(vfio, false);
	bench_decoding(vfio, true);
	assert_revoked(importer, 1);
	assert_error(importer_attach(other, buffer), ENODEV);
	/* The same range can be exported anew. */
	assert_ok(importer_attach(other, bench_export(vfio, BAR2, 0, PAGE)));
	assert_ok(importer_map(other));
}

static void closed_while_off(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, PAGE));

	(void)state;
	bench_decoding(vfio, false);
	bench_close(vfio);
	vfio = bench_open_memory();
	assert_revoked(importer, 1);
}

/* A DMA fault would be in the kernel's log, which init looks through. */
static void during_transfer(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, PAGE));
	struct actor worker = { .act = act_transfer, .importer = importer };
	uint8_t byte = 0;

	(void)state;
	assert_ok(vfio_write(vfio, BAR2, 0, &byte, sizeof(byte)));
	actor_start(&worker);
	/* The first transfer has come through, the next one runs. */
	wait_until(!vfio_read(vfio, BAR2, 0, &byte, sizeof(byte)) &&
		   byte == ACT_BYTE);
	bench_decoding(vfio, false);
	actor_join(&worker);
	assert_error(worker.result, ENODEV);
	assert_revoked(importer, 1);
}

static void many_at_once(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importers[16];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		importers[i] = import(bench_export(vfio, BAR2, i * PAGE,
						   2 * PAGE));
	bench_decoding(vfio, false);
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		assert_revoked(importers[i], 1);
}

#define REVOKE(name, function) TEST("revoke", name, function)

int suite_revoke(void)
{
	const struct CMUnitTest tests[] = {
		REVOKE("closing the device tells and unmaps", on_close),
		REVOKE("decoding off tells and unmaps", on_decoding_off),
		REVOKE("decoding on tells again, and bytes move again",
		       restored),
		REVOKE("off and on can be repeated", over_and_over),
		REVOKE("who has not mapped is told as well",
		       unmapped_is_told),
		REVOKE("the memory bit counts in writes of any width",
		       any_width),
		REVOKE("switching bus mastering leaves the mapping alone",
		       bus_master),
		REVOKE("writing other registers leaves the mapping alone",
		       other_registers),
		REVOKE("a write past the end of config space leaves it alone",
		       past_the_end),
		REVOKE("another device leaves the mapping alone",
		       other_device),
		REVOKE("a slow importer is waited for on close, and served",
		       slow_close),
		REVOKE("a slow importer is waited for on decoding off",
		       slow_decoding_off),
		REVOKE("other registers are written while a revoke waits",
		       others_need_no_lock),
		REVOKE("work that an importer has announced is waited for",
		       unfinished_work),
		REVOKE("a slow importer that detaches ends the wait",
		       detached_meanwhile),
		REVOKE("an idle importer that keeps its mapping ends the wait with its program",
		       ends_with_program),
		REVOKE("slow importers of many buffers are waited for",
		       slow_ones_overlap),
		REVOKE("a closed buffer stays dead when the device reopens",
		       dead_for_good),
		REVOKE("a buffer that is off when closed stays dead",
		       closed_while_off),
		REVOKE("a running transfer ends before its mapping",
		       during_transfer),
		REVOKE("many buffers are revoked at once", many_at_once),
	};
	const struct CMUnitTest says[] = {
		REVOKE("who does not let go is named in the log",
		       named_in_log),
	};
	const struct CMUnitTest snapshot[] = {
		REVOKE("work that is announced during a revoke is not waited for",
		       later_work),
		REVOKE("work on a buffer that nobody imports is not waited for",
		       work_of_nobody),
	};
	int failed;

	failed = run_group("revoke", tests);
	if (expects(names_slow))
		failed += run_group("revoke", says);
	if (expects(waits_for_snapshot))
		failed += run_group("revoke", snapshot);
	return failed;
}
