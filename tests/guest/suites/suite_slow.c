// SPDX-License-Identifier: GPL-2.0-only
/* Importers that take their time, many of them. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "events.h"
#include "suites.h"

#define BUFFERS		64
#define HOLD_MS		200

/* A revoke of one buffer after the other would take 12.8 s. */
static void revoke_all(void (*event)(struct vfio *vfio))
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	const char *edu = bench_find(EDU, 0);
	int importers[BUFFERS], i;
	long long start, took;

	for (i = 0; i < BUFFERS; i++) {
		importers[i] = bench_importer(edu);
		assert_ok(importer_attach_as(importers[i],
					     bench_export(vfio, 2, i * PAGE,
							  PAGE),
					     DVP_IMPORTER_REVOCABLE, HOLD_MS));
		assert_ok(importer_map(importers[i]));
	}
	start = bench_now_ms();
	event(vfio);
	took = bench_now_ms() - start;
	for (i = 0; i < BUFFERS; i++) {
		assert_int_equal(importer_notifications(importers[i]), 1);
		assert_false(importer_is_mapped(importers[i]));
		assert_error(importer_map(importers[i]), ENODEV);
	}
	if (expects(notifies_all_first))
		assert_in_range(took, HOLD_MS, BUFFERS * HOLD_MS - 1);
	else
		assert_in_range(took, BUFFERS * HOLD_MS, INT32_MAX);
}

static void decoding_off(struct vfio *vfio)
{
	bench_decoding(vfio, false);
}

static void many_off(void **state)
{
	(void)state;
	revoke_all(decoding_off);
}

static void many_closed(void **state)
{
	(void)state;
	revoke_all(bench_close);
}

/* One buffer, held by many: they are all told at once. */
static void many_importers(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int buffer = bench_export(vfio, 2, 0, PAGE), importers[16];
	long long start, took;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(importers); i++) {
		importers[i] = bench_importer(bench_find(EDU, i % 2));
		assert_ok(importer_attach_as(importers[i], buffer,
					     DVP_IMPORTER_REVOCABLE, 500));
		assert_ok(importer_map(importers[i]));
	}
	start = bench_now_ms();
	bench_decoding(vfio, false);
	took = bench_now_ms() - start;
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		assert_false(importer_is_mapped(importers[i]));
	assert_in_range(took, 500, 7900);
}

/* The waits add up to a time in which each could not sleep for much longer. */
static void ends_at_once(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int importer = bench_importer(bench_find(EDU, 0)), i;
	long long start = bench_now_ms();

	(void)state;
	assert_ok(importer_attach_as(importer, bench_export(vfio, 2, 0, PAGE),
				     DVP_IMPORTER_REVOCABLE, 20));
	for (i = 0; i < 40; i++) {
		assert_ok(importer_map(importer));
		bench_decoding(vfio, false);
		bench_decoding(vfio, true);
	}
	assert_in_range(bench_now_ms() - start, 40 * 20, 40 * 200);
}

/* Each time with the device, the importer, and what is held. */
static void named_again(void **state)
{
	const char *exporter = bench_find(IVSHMEM, 0);
	const char *stubborn = bench_find(EDU, 0);
	const char *good = bench_find(EDU, 1);
	const char *const words[] = {
		exporter, "BAR 2", stubborn, "1 mapping", "8192 bytes", NULL
	};
	const char *const innocent[] = { "still holds", good, NULL };
	int klog = bench_keep(assert_ok(klog_open_end()));
	int again = bench_keep(assert_ok(klog_open_end()));
	struct vfio *vfio = bench_open(exporter);
	int buffer = bench_export(vfio, 2, 0, 2 * PAGE), importers[2];
	long long start;

	(void)state;
	importers[0] = bench_importer(stubborn);
	importers[1] = bench_importer(good);
	assert_ok(importer_attach_as(importers[0], buffer,
				     DVP_IMPORTER_REVOCABLE, 25000));
	assert_ok(importer_attach(importers[1], buffer));
	assert_ok(importer_map(importers[0]));
	assert_ok(importer_map(importers[1]));
	start = bench_now_ms();
	bench_decoding(vfio, false);
	/* Held for 25 s; an overloaded guest's clock loses some of its ticks. */
	assert_in_range(bench_now_ms() - start, 24000, 29000);
	assert_int_equal(klog_count(klog, words),
			 expects(names_slow) ? 2 : 0);
	assert_int_equal(klog_count(again, innocent), 0);
}

/* The importer itself has let go at once. */
static void works_long(void **state)
{
	const char *exporter = bench_find(IVSHMEM, 0);
	const char *const words[] = {
		exporter, "BAR 2", "work of an importer", "8192 bytes",
		"still runs", NULL
	};
	int klog = bench_keep(assert_ok(klog_open_end()));
	struct vfio *vfio = bench_open(exporter);
	int importer = bench_importer(bench_find(EDU, 0));

	(void)state;
	assert_ok(importer_attach(importer,
				  bench_export(vfio, 2, 0, 2 * PAGE)));
	assert_ok(importer_map(importer));
	assert_ok(importer_work(importer, 25000));
	bench_decoding(vfio, false);
	assert_int_equal(klog_count(klog, words),
			 expects(names_slow) ? 2 : 0);
}

/* It cannot be told any more, nor be named, but its mapping is still there. */
static void detached(void **state)
{
	const char *exporter = bench_find(IVSHMEM, 0);
	const char *const words[] = {
		exporter, "BAR 2", "detached without unmapping", "8192 bytes",
		NULL
	};
	int klog = bench_keep(assert_ok(klog_open_end()));
	struct actor actor = { .act = act_off, .vfio = bench_open(exporter) };
	int buffer = bench_export(actor.vfio, 2, 0, 2 * PAGE);
	int importer = bench_importer(bench_find(EDU, 0));

	(void)state;
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
	assert_ok(importer_hide(importer, true));
	actor_start(&actor);
	if (expects(names_slow))
		wait_until(klog_count(klog, words));
	else
		wait_until(task_sleeps(actor.tid));
	assert_false(actor.done);
	assert_int_equal(importer_notifications(importer), 0);
	assert_ok(importer_hide(importer, false));
	assert_ok(importer_unmap(importer));
	actor_join(&actor);
	assert_ok(actor.result);
}

static int act_export(struct actor *actor)
{
	return vfio_export_range(actor->vfio, 2, 0, PAGE);
}

#define WAITERS 64

/* However many wait.  What is exported meanwhile is revoked as well. */
static void exported_meanwhile(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	struct actor exporter = { .act = act_export, .vfio = vfio };
	int importer = bench_importer(bench_find(EDU, 0));
	static struct actor waiters[WAITERS];
	long long start;
	unsigned int i;

	(void)state;
	assert_ok(importer_attach_as(importer, bench_export(vfio, 2, 0, PAGE),
				     DVP_IMPORTER_REVOCABLE, 60000));
	assert_ok(importer_map(importer));
	for (i = 0; i < WAITERS; i++) {
		waiters[i] = (struct actor){ .act = act_off, .vfio = vfio };
		actor_start(&waiters[i]);
	}
	wait_until(importer_notifications(importer) == 1);
	for (i = 0; i < WAITERS; i++)
		wait_until(task_sleeps(waiters[i].tid));
	/* Past the time that the first one alone waits. */
	sleep(1);

	start = bench_now_ms();
	actor_start(&exporter);
	if (expects(exports_meanwhile)) {
		wait_until(exporter.done);
		assert_in_range(bench_now_ms() - start, 0, 8000);
		assert_false(waiters[0].done);
	} else {
		wait_until(task_sleeps(exporter.tid));
	}
	assert_true(importer_is_mapped(importer));
	assert_ok(importer_unmap(importer));
	actor_join(&exporter);
	for (i = 0; i < WAITERS; i++) {
		actor_join(&waiters[i]);
		assert_ok(waiters[i].result);
	}
	bench_keep(assert_ok(exporter.result));
	assert_error(importer_attach(bench_importer(bench_find(EDU, 0)),
				     exporter.result), ENODEV);
}

/* One that waits for importers before a write, which is not done then. */
static void write_killed(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int importer = bench_importer(bench_find(EDU, 0)), status;
	pid_t child;

	(void)state;
	assert_ok(importer_attach_as(importer, bench_export(vfio, 2, 0, PAGE),
				     DVP_IMPORTER_REVOCABLE, 60000));
	assert_ok(importer_map(importer));
	child = fork();
	if (!child)
		_exit(vfio_set_command(vfio, 0, PCI_COMMAND_MEMORY) < 0);
	wait_until(importer_notifications(importer) == 1);
	assert_sys(kill(child, SIGKILL));
	if (expects(quarantines)) {
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_true(importer_is_mapped(importer));
		/* The memory is still on, and the importer was told so. */
		assert_int_equal(importer_notifications(importer), 2);
		assert_ok(importer_unmap(importer));
		assert_ok(importer_map(importer));
	}
	assert_ok(importer_unmap(importer));
	if (!expects(quarantines))
		assert_int_equal(waitpid(child, &status, 0), child);
}

#define SLOW(name, function) TEST("slow", name, function)

int suite_slow(void)
{
	const struct CMUnitTest tests[] = {
		SLOW("64 buffers go in the time of the slowest importer",
		     many_off),
		SLOW("64 buffers are closed in the time of the slowest",
		     many_closed),
		SLOW("many importers of a buffer take the time of one",
		     many_importers),
		SLOW("a revoke ends when the last importer has unmapped",
		     ends_at_once),
		SLOW("a stubborn importer is named every ten seconds",
		     named_again),
		SLOW("work that goes on is named every ten seconds",
		     works_long),
		SLOW("one that is gone without unmapping is waited for",
		     detached),
		SLOW("an export does not wait for a revoke's importers",
		     exported_meanwhile),
		SLOW("a write that waits for importers can be killed",
		     write_killed),
	};

	return run_group("slow", tests);
}
