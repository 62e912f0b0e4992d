// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs out in the middle of a call: of each operation the 1st, 2nd, 3rd ...
 * allocation fails, until there is none left, and in the end all of them.  Either
 * the operation says so and has done nothing, or it has done all that it should.
 *
 * That counts all allocations of the call, whoever makes them: the driver, VFIO,
 * the DMA API, the test importer, the file system.  Init sees to it that nothing
 * has leaked, and each test unloads the driver.
 *
 * Needs a kernel with FAILSLAB and FAIL_PAGE_ALLOC.  What a kernel thread or an
 * interrupt does is not covered: errors that are reported, hotplug, waking up.
 */
#include <stdio.h>

#include "failnth.h"
#include "faults.h"
#include "suites.h"

/* Which allocation fails, beside the 1st, 2nd, 3rd ...: all. */
#define EVERY		0

#define MAX_TESTS	64

static bool is_understood(int error)
{
	return error == ENOMEM || (rig.op->error && error == rig.op->error);
}

static int act(unsigned int nth, bool *hit)
{
	int ret;

	if (nth == EVERY)
		faults_arm_all();
	else
		faults_arm(nth);
	ret = rig.op->act();
	*hit = !faults_disarm();
	return ret;
}

/* Returns whether there was such an allocation. */
static bool try_with(unsigned int nth, unsigned int *failures)
{
	const struct operation *op = rig.op;
	bool hit;
	int ret;

	ret = act(nth, &hit);
	if (ret) {
		if (!hit || op->cannot_fail || !is_understood(-ret))
			fail_msg("allocation %u failed%s: %s", nth,
				 hit ? "" : ", which it has not got",
				 strerror(-ret));
		++*failures;
		if (op->nothing)
			op->nothing();
		assert_ok(op->act());
	}
	if (op->whole)
		op->whole();
	assert_ok(op->undo());
	return hit;
}

/* Whatever is left of the operation, the memory can be imported. */
static void assert_usable(void)
{
	static const struct operation plain = { .ranges = 1 };

	if (rig.importer >= 0)
		bench_drop(rig.importer);
	rig_drop();
	rig_close();
	rig.op = &plain;
	if (!module_is_loaded(bench_driver()))
		assert_ok(bench_reload(""));
	rig_begin_mapped();
	rig_move_bytes();
}

/* Those of one kind, one after the other. */
static void each_of(enum faults_kind kind, unsigned int *points,
		    unsigned int *failures)
{
	unsigned int spare, nth;

	assert_ok(faults_choose(kind));
	spare = rig.op->spare ? rig.op->spare() : 0;
	for (nth = spare + 1; try_with(nth, failures); nth++)
		++*points;
}

static void each_allocation(void **state)
{
	const struct operation *op = *state;
	unsigned int points = 0, failures = 0;

	rig.op = op;
	op->begin();
	/* What there is for good after a first time is there now. */
	assert_false(try_with(NO_ALLOCATION, &failures));
	each_of(FAULTS_SLAB, &points, &failures);
	each_of(FAULTS_PAGES, &points, &failures);
	printf("# %u failure points, of which %u made it fail: %s\n", points,
	       failures, op->name);
	rig.points += points;
	rig.failures += failures;
	/* Not for a module: the core would be left without its code. */
	if (!op->spare) {
		assert_ok(faults_choose(FAULTS_ALL));
		try_with(EVERY, &failures);
	}
	assert_usable();

	if (!op->may_need_none)
		assert_int_not_equal(points, 0);
	if (!op->may_need_none && !op->cannot_fail)
		assert_int_not_equal(failures, 0);
}

static int setup(void **state)
{
	const struct operation *op = *state;

	/* Without an interrupt: the ACPI tables tell at length where one leads. */
	rig.bdf = bench_find(IVSHMEM, op->length ? 1 : 0);
	rig.vfio = (struct vfio) { -1, -1, -1 };
	rig.buffer = -1;
	rig.hold = (struct hold)NO_HOLD;
	rig.importer = -1;
	rig.revokes = 0;
	return bench_setup(state);
}

/* All references are gone: the driver lets go of the device, and goes itself. */
static int teardown(void **state)
{
	faults_disarm();
	rig_drop();
	rig_close();
	return bench_reload_teardown(state);
}

static int prepare(void **state)
{
	int ret = faults_prepare();

	(void)state;
	if (ret)
		print_error("this kernel has no allocations that fail: %s\n",
			    strerror(-ret));
	return ret;
}

static int finish(void **state)
{
	(void)state;
	faults_finish();
	return 0;
}

static size_t add_tests(struct CMUnitTest *tests, size_t count,
			const struct operation *op)
{
	for (; op->name; op++) {
		if (op->applies && !op->applies())
			continue;
		tests[count++] = (struct CMUnitTest) {
			op->name, each_allocation, setup, teardown, (void *)op
		};
	}
	return count;
}

int suite_failnth(void)
{
	/* Those that are not filled in do not count. */
	struct CMUnitTest tests[MAX_TESTS] = { 0 };
	size_t count;
	int failed;

	count = add_tests(tests, 0, failnth_device);
	add_tests(tests, count, failnth_buffer);
	failed = cmocka_run_group_tests_name("failnth", tests, prepare, finish);
	printf("# %u failure points, of which %u made it fail: failnth, in all\n",
	       rig.points, rig.failures);
	return failed;
}
