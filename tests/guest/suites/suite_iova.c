// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine whose IOMMU translates: several ranges are one span of addresses.
 * And an importer with so narrow addresses that they run out half-way: what was
 * mapped until then must be undone.
 */
#include "bench.h"
#include "suites.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define BAR2 VFIO_PCI_BAR2_REGION_INDEX
#define CHUNK DVP_IMPORTER_TRANSFER_MAX

/* Neither in order nor adjacent, together less than the BAR. */
static const struct vfio_region_dma_range scattered[] = {
	{ 3 * MIB, 64 * PAGE }, { PAGE, PAGE }, { MIB, MIB },
	{ 8 * PAGE, 3 * PAGE }, { 2 * MIB, PAGE },
};

static uint64_t total(const struct vfio_region_dma_range *ranges, size_t count)
{
	uint64_t sum = 0;

	while (count--)
		sum += ranges[count].length;
	return sum;
}

/* The first and the last bytes of every range. */
static void check_ranges(struct vfio *vfio, int importer,
			 const struct vfio_region_dma_range *ranges,
			 size_t count)
{
	uint64_t offset = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		bench_move(vfio, importer, offset, ranges[i].offset, CHUNK / 2);
		offset += ranges[i].length;
		bench_move(vfio, importer, offset - CHUNK / 2,
			   ranges[i].offset + ranges[i].length - CHUNK / 2,
			   CHUNK / 2);
	}
}

static void one_span(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int importer = bench_importer(bench_find(EDU, 0));
	struct dvp_importer_report report;
	struct dvp_importer_entry entry;

	(void)state;
	assert_ok(importer_attach(importer,
				  bench_export_ranges(vfio, BAR2, scattered,
						      ARRAY_SIZE(scattered))));
	assert_ok(importer_map(importer));
	assert_ok(importer_report(importer, &report, &entry, 1));
	assert_int_equal(report.nents, 1);
	assert_int_equal(entry.length, total(scattered, ARRAY_SIZE(scattered)));
	check_ranges(vfio, importer, scattered, ARRAY_SIZE(scattered));
}

/* One transfer that begins in one range and ends in the next. */
static void across_ranges(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int importer = bench_importer(bench_find(EDU, 0));
	uint64_t end = scattered[0].length;
	uint8_t data[CHUNK], got[CHUNK];

	(void)state;
	assert_ok(importer_attach(importer,
				  bench_export_ranges(vfio, BAR2, scattered,
						      ARRAY_SIZE(scattered))));
	assert_ok(importer_map(importer));
	bench_pattern(data, sizeof(data), 1);
	assert_ok(importer_write(importer, end - CHUNK / 2, data, sizeof(data)));
	assert_ok(vfio_read(vfio, BAR2, scattered[0].offset + end - CHUNK / 2,
			    got, CHUNK / 2));
	assert_ok(vfio_read(vfio, BAR2, scattered[1].offset, got + CHUNK / 2,
			    CHUNK / 2));
	assert_memory_equal(got, data, sizeof(got));
}

/* The end of the BAR before its start, and again: more than the BAR has. */
static void larger_than_bar(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 2 * MIB, 2 * MIB }, { 0, 2 * MIB + PAGE }, { 0, PAGE },
	};
	const struct dvp_importer_probe probe = {
		.function = "dma_map_resource",
		.argument = 2,
	};
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int importer = bench_importer(bench_find(EDU, 0));
	struct dvp_importer_probed seen;
	size_t i;

	(void)state;
	assert_ok(importer_attach(importer,
				  bench_export_ranges(vfio, BAR2, ranges,
						      ARRAY_SIZE(ranges))));
	assert_ok(importer_probe(importer, &probe));
	assert_ok(importer_map(importer));
	/* Nothing that goes on behind the BAR, not even for an instant. */
	assert_ok(importer_probed(importer, &seen));
	assert_in_range(seen.calls, 0, ARRAY_SIZE(seen.values));
	for (i = 0; i < seen.calls; i++)
		assert_in_range(seen.values[i], PAGE, bench_memory_size(vfio));
	check_ranges(vfio, importer, ranges, ARRAY_SIZE(ranges));
}

/* Spans of several importers, or of one device, are next to each other. */
static void many_spans(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int buffer = bench_export_ranges(vfio, BAR2, scattered,
					 ARRAY_SIZE(scattered));
	int importers[6], round;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(importers); i++) {
		importers[i] = bench_importer(bench_find(EDU, 0));
		assert_ok(importer_attach(importers[i], buffer));
		assert_ok(importer_map(importers[i]));
	}
	/* Every other one goes and comes; the rest must not notice. */
	for (round = 0; round < 20; round++) {
		for (i = 0; i < ARRAY_SIZE(importers); i += 2)
			assert_ok(importer_unmap(importers[i]));
		for (i = 0; i < ARRAY_SIZE(importers); i += 2)
			assert_ok(importer_map(importers[i]));
	}
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		bench_move(vfio, importers[i], scattered[0].length,
			   scattered[1].offset, CHUNK / 2);
}

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

static void fail_often(int importer, int buffer)
{
	int i;

	for (i = 0; i < 10; i++) {
		assert_ok(importer_attach(importer, buffer));
		assert_true(importer_map(importer) < 0);
		assert_ok(importer_detach(importer));
	}
}

/* The same again and again, so that nothing is merged. */
static void several_ranges(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 0, 4 * MIB }, { 0, 4 * MIB }, { 0, 4 * MIB },
		{ 0, 4 * MIB }, { 0, 4 * MIB },
	};
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int importer = bench_importer(bench_find(EDU, 0)), large, small;

	(void)state;
	large = bench_export_ranges(vfio, BAR2, ranges, ARRAY_SIZE(ranges));
	small = bench_export_ranges(vfio, BAR2, ranges, 2);
	fail_often(importer, large);
	check_space(importer, small);
	/* Nothing is counted as mapped that would be waited for. */
	bench_close(vfio);
}

/* As much as the BAR, in two halves, is a page too large for a span. */
static void no_span(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 8 * MIB, 8 * MIB }, { 0, 8 * MIB },
	};
	struct vfio *vfio = bench_open(bench_find(VGA, 0));
	int importer = bench_importer(bench_find(EDU, 0)), large, small;

	(void)state;
	large = bench_export_ranges(vfio, BAR0, ranges, ARRAY_SIZE(ranges));
	small = bench_export(vfio, BAR0, 0, 8 * MIB);
	fail_often(importer, large);
	check_space(importer, small);
	bench_close(vfio);
}

/* Freed addresses come back with a delay; those of each try, too. */
#define DELAY_US	100000

/* Whether it is now mapped in so many entries. */
static bool maps_in(int importer, unsigned int entries)
{
	struct dvp_importer_report report = { 0 };

	if (!importer_map(importer)) {
		assert_ok(importer_report(importer, &report, NULL, 0));
		if (report.nents == entries)
			return true;
		assert_ok(importer_unmap(importer));
	}
	usleep(DELAY_US);
	return false;
}

/*
 * Addresses are aligned to their size's next power of two, and the first page is
 * never given out.  So there is one place for these as a span, from 8 MiB on, which
 * somebody else has now and then.
 */
static void span_and_none(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 4 * MIB, 3 * MIB / 2 }, { 2 * MIB, 3 * MIB / 2 },
		{ 0, 3 * MIB / 2 },
	};
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 1));
	int importer = bench_importer(bench_find(EDU, 0));
	int other = bench_importer(bench_find(EDU, 0));
	unsigned int i;

	(void)state;
	assert_ok(importer_attach(other, bench_export(vfio, BAR2, 0, 6 * MIB)));
	assert_ok(importer_attach(importer,
				  bench_export_ranges(vfio, BAR2, ranges,
						      ARRAY_SIZE(ranges))));
	for (i = 0; i < 3; i++) {
		wait_until(!importer_map(other));
		wait_until(maps_in(importer, ARRAY_SIZE(ranges)));
		check_ranges(vfio, importer, ranges, ARRAY_SIZE(ranges));
		assert_ok(importer_unmap(importer));
		assert_ok(importer_unmap(other));

		wait_until(maps_in(importer, 1));
		check_ranges(vfio, importer, ranges, ARRAY_SIZE(ranges));
		assert_ok(importer_unmap(importer));
	}
}

#define IOVA(name, function) TEST("iova", name, function)
#define NARROW(name, function) \
	{ "iova: " name, function, narrow_setup, narrow_teardown, NULL }

int suite_iova(void)
{
	const struct CMUnitTest tests[] = {
		NARROW("a range that needs too many addresses leaves none behind",
		       one_range),
	};
	const struct CMUnitTest several[] = {
		IOVA("several ranges are one span of addresses", one_span),
		IOVA("one transfer goes from one range to the next",
		     across_ranges),
		IOVA("ranges that sum up to more than the BAR are mapped",
		     larger_than_bar),
		IOVA("spans come and go next to each other", many_spans),
		NARROW("ranges that need too many addresses leave none behind",
		       several_ranges),
		NARROW("ranges for which there is no span leave none behind",
		       no_span),
		NARROW("ranges are mapped as a span and one by one, by turns",
		       span_and_none),
	};
	int failed;

	failed = run_group("iova", tests);
	if (!expects(several_translated))
		failed += run_group("iova", several);
	return failed;
}
