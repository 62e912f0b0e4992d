// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine whose IOMMU translates, and an importer with so narrow addresses
 * that they run out half-way: what was mapped until then must be undone.
 */
#include "bench.h"
#include "suites.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

/* 16 MiB of addresses, of which the first page is never given out. */
#define NARROW_MASK 24

/* An importer with narrow addresses; closing it does not widen them. */
static int narrow_importer(unsigned int bits)
{
	int importer = bench_importer(bench_find(EDU, 0));

	assert_ok(importer_set_dma_mask(importer, bits));
	return importer;
}

static int narrow_setup(void **state)
{
	bench_setup(state);
	bench_drop(narrow_importer(NARROW_MASK));
	return 0;
}

static int narrow_teardown(void **state)
{
	bench_teardown(state);
	bench_drop(narrow_importer(64));
	return 0;
}

/* Freed addresses come back with a delay, and lost ones never do. */
static void check_space(int importer, int buffer)
{
	int i;

	assert_ok(importer_attach(importer, buffer));
	for (i = 0; i < 10; i++) {
		wait_until(!importer_map(importer));
		assert_ok(importer_unmap(importer));
	}
	assert_ok(importer_detach(importer));
}

/* A frame buffer of 16 MiB is a page too large. */
static void one_range(void **state)
{
	struct vfio *vfio = bench_open(bench_find(VGA, 0));
	int importer = bench_importer(bench_find(EDU, 0)), large, small;

	(void)state;
	large = bench_export(vfio, BAR0, 0, 16 * MIB);
	small = bench_export(vfio, BAR0, 0, 8 * MIB);
	check_space(importer, small);
	assert_ok(importer_attach(importer, large));
	assert_true(importer_map(importer) < 0);
	assert_ok(importer_detach(importer));
	check_space(importer, small);
}

/* The same again and again, so that nothing is merged. */
static void several_ranges(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 0, 4 * MIB }, { 0, 4 * MIB }, { 0, 4 * MIB },
		{ 0, 4 * MIB }, { 0, 4 * MIB },
	};
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int importer = bench_importer(bench_find(EDU, 0)), large, small, i;

	(void)state;
	large = bench_export_ranges(vfio, BAR2, ranges, ARRAY_SIZE(ranges));
	small = bench_export_ranges(vfio, BAR2, ranges, 2);
	for (i = 0; i < 10; i++) {
		assert_ok(importer_attach(importer, large));
		assert_true(importer_map(importer) < 0);
		assert_ok(importer_detach(importer));
	}
	check_space(importer, small);
	/* Nothing is counted as mapped that would be waited for. */
	bench_close(vfio);
}

#define IOVA(name, function) \
	{ "iova: " name, function, narrow_setup, narrow_teardown, NULL }

int suite_iova(void)
{
	const struct CMUnitTest tests[] = {
		IOVA("a range that needs too many addresses leaves none behind",
		     one_range),
	};
	const struct CMUnitTest several[] = {
		IOVA("ranges that need too many addresses leave none behind",
		     several_ranges),
	};
	int failed;

	failed = run_group("iova", tests);
	if (!expects(several_translated))
		failed += run_group("iova", several);
	return failed;
}
