// SPDX-License-Identifier: GPL-2.0-only
/*
 * An importer that takes the physical addresses of the buffer, and maps them in
 * an IOMMU domain of its own.
 */

#include "bench.h"
#include "suites.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX
#define CHUNK DVP_IMPORTER_TRANSFER_MAX
#define VERSION 1
#define HOLD_MS 500

static const struct vfio_region_dma_range ranges[] = {
	{ 2 * MIB, MIB }, { PAGE, PAGE }, { MIB, 5 * PAGE },
};

/* An importer that is attached to these ranges, and lets go after a while. */
static int attach(struct vfio *vfio, unsigned int hold_ms)
{
	int buffer = bench_export_ranges(vfio, BAR2, ranges,
					 ARRAY_SIZE(ranges));
	int importer = bench_importer(bench_find(EDU, 0));

	assert_ok(importer_attach_as(importer, buffer, DVP_IMPORTER_REVOCABLE,
				     hold_ms));
	return importer;
}

static void lists_ranges(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = attach(vfio, 0);
	struct dvp_importer_entry entries[ARRAY_SIZE(ranges)];
	struct dvp_importer_report report;
	struct bar bar;
	size_t i;

	(void)state;
	assert_ok(device_bar(bench_find(IVSHMEM, 0), BAR2, &bar));
	assert_ok(importer_map_own(importer, VERSION));
	assert_ok(importer_report(importer, &report, entries,
				  ARRAY_SIZE(entries)));
	assert_int_equal(report.nents, ARRAY_SIZE(ranges));
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		assert_int_equal(entries[i].address,
				 bar.start + ranges[i].offset);
		assert_int_equal(entries[i].length, ranges[i].length);
	}
}

static void bytes_move(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = attach(vfio, 0);
	uint64_t offset = 0;
	size_t i;

	(void)state;
	assert_ok(importer_map_own(importer, VERSION));
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		bench_move(vfio, importer, offset, ranges[i].offset, CHUNK);
		offset += ranges[i].length;
		bench_move(vfio, importer, offset - CHUNK,
			   ranges[i].offset + ranges[i].length - CHUNK, CHUNK);
	}
	/* Afterwards the device is where it was. */
	assert_ok(importer_unmap(importer));
	assert_ok(importer_map(importer));
	bench_move(vfio, importer, 0, ranges[0].offset, CHUNK);
}

static void revoked(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = attach(vfio, 0);

	(void)state;
	assert_ok(importer_map_own(importer, VERSION));
	bench_decoding(vfio, false);
	assert_false(importer_is_mapped(importer));
	assert_error(importer_map_own(importer, VERSION), ENODEV);
	bench_decoding(vfio, true);
	assert_ok(importer_map_own(importer, VERSION));
	bench_move(vfio, importer, 0, ranges[0].offset, CHUNK);
	bench_close(vfio);
	assert_false(importer_is_mapped(importer));
	assert_error(importer_map_own(importer, VERSION), ENODEV);
}

static void waited_for(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = attach(vfio, HOLD_MS);
	long long start;

	(void)state;
	assert_ok(importer_map_own(importer, VERSION));
	start = bench_now_ms();
	bench_decoding(vfio, false);
	assert_true(bench_now_ms() - start >= HOLD_MS);
	assert_false(importer_is_mapped(importer));
}

/* Mappings of both kinds, of which the last one counts. */
static void both_kinds(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int own = attach(vfio, HOLD_MS), other;
	long long start;

	(void)state;
	other = bench_importer(bench_find(EDU, 1));
	assert_ok(importer_attach(other, bench_export(vfio, BAR2, 0, PAGE)));
	assert_ok(importer_map(other));
	assert_ok(importer_map_own(own, VERSION));
	start = bench_now_ms();
	bench_close(vfio);
	assert_true(bench_now_ms() - start >= HOLD_MS);
	assert_false(importer_is_mapped(own));
	assert_false(importer_is_mapped(other));
}

static void unknown_version(void **state)
{
	int importer = attach(bench_open_memory(), 0);

	(void)state;
	assert_error(importer_map_own(importer, 0), EOPNOTSUPP);
	assert_error(importer_map_own(importer, VERSION + 1), EOPNOTSUPP);
	assert_ok(importer_map_own(importer, VERSION));
}

static void other_exporter(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = bench_importer(bench_find(EDU, 0));

	(void)state;
	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE)));
	assert_error(importer_map_own(importer, VERSION), EOPNOTSUPP);
}

#define PHYSICAL(name, function) TEST("physical", name, function)

int suite_physical(void)
{
	const struct CMUnitTest tests[] = {
		PHYSICAL("the list has the ranges, where they are in the BAR",
			 lists_ranges),
		PHYSICAL("bytes move through a domain of the importer's own",
			 bytes_move),
		PHYSICAL("a revoke takes the list back, until the memory is there",
			 revoked),
		PHYSICAL("a revoke waits for who holds the list", waited_for),
		PHYSICAL("closing waits for mappings of all kinds", both_kinds),
		PHYSICAL("a list of an unknown version is refused",
			 unknown_version),
	};
	const struct CMUnitTest none[] = {
		PHYSICAL("another exporter's buffer has no list",
			 other_exporter),
	};

	return expects(physical) ? run_group("physical", tests) :
				    run_group("physical", none);
}
