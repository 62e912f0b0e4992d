// SPDX-License-Identifier: GPL-2.0-only
/* Who may import, and what an importer gets: see docs/use-from-c.md. */

#include "bench.h"
#include "suites.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

/* No entry of an sg_table is longer: its length has 32 bits. */
#define LONGEST_ENTRY ((uint64_t)UINT32_MAX & ~(PAGE - 1))

static int open_edu(void)
{
	return bench_importer(bench_find(EDU, 0));
}

/* Attached and mapped; returns the importer. */
static int import(int buffer)
{
	int importer = open_edu();

	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
	return importer;
}

/* What holds for every mapping of a buffer of that size. */
static unsigned int check_table(int importer, uint64_t size)
{
	struct dvp_importer_entry *entries;
	struct dvp_importer_report report;
	const unsigned int room = 4096;
	uint64_t sum = 0;
	unsigned int i;

	entries = test_calloc(room, sizeof(*entries));
	assert_ok(importer_report(importer, &report, entries, room));
	assert_true(report.mapped);
	assert_int_equal(report.orig_nents,
			 expect_kernel()->copies_tables ? report.nents : 0);
	assert_in_range(report.nents, 1, room);
	for (i = 0; i < report.nents; i++) {
		assert_int_equal(entries[i].page_link, 0);
		assert_int_equal(entries[i].address % PAGE, 0);
		assert_int_equal(entries[i].length % PAGE, 0);
		assert_in_range(entries[i].length, PAGE, LONGEST_ENTRY);
		sum += entries[i].length;
	}
	assert_int_equal(sum, size);
	test_free(entries);
	return report.nents;
}

static void one_range(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, MIB, 2 * MIB);

	(void)state;
	assert_int_equal(check_table(import(buffer), 2 * MIB), 1);
}

static int import_ranges(const struct vfio_region_dma_range *ranges,
			 uint32_t count)
{
	return import(bench_export_ranges(bench_open_memory(), BAR2, ranges, count));
}

static void several_ranges(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 2 * MIB, MIB }, { 0, PAGE }, { 0, PAGE }, { MIB, 3 * PAGE },
	};
	int importer = import_ranges(ranges, ARRAY_SIZE(ranges));

	(void)state;
	assert_in_range(check_table(importer, MIB + 5 * PAGE), 1,
			ARRAY_SIZE(ranges));
}

/* More than 4 GiB: the same 4 MiB again and again. */
static void huge_buffer(void **state)
{
	struct vfio_region_dma_range ranges[1100];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct vfio_region_dma_range) { 0, 4 * MIB };
	check_table(import_ranges(ranges, ARRAY_SIZE(ranges)),
		    ARRAY_SIZE(ranges) * 4 * MIB);
}

static void several_refused(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 0, PAGE }, { MIB, PAGE },
	};
	struct vfio *vfio = bench_open_memory();
	int importer = open_edu(), buffer;

	(void)state;
	buffer = bench_export_ranges(vfio, BAR2, ranges, ARRAY_SIZE(ranges));
	assert_ok(importer_attach(importer, buffer));
	assert_error(importer_map(importer), expects(several_translated));
	assert_false(importer_is_mapped(importer));
}

static void adjacent_ranges(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ MIB, PAGE }, { MIB + PAGE, PAGE }, { MIB + 2 * PAGE, PAGE },
	};
	int importer = import_ranges(ranges, ARRAY_SIZE(ranges));

	(void)state;
	assert_int_equal(check_table(importer, 3 * PAGE), 1);
}

static void refuse_kind(enum dvp_importer_kind kind)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importer = open_edu();

	assert_error(importer_attach_as(importer, buffer, kind, 0),
		     EOPNOTSUPP);
	/* Nothing is left over that keeps a good importer away. */
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
}

static void no_peer(void **state)
{
	(void)state;
	refuse_kind(DVP_IMPORTER_NO_PEER);
}

static void is_static(void **state)
{
	(void)state;
	refuse_kind(DVP_IMPORTER_STATIC);
}

static void no_callback(void **state)
{
	(void)state;
	refuse_kind(DVP_IMPORTER_NO_CALLBACK);
}

static void no_pci_device(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importer = bench_importer("platform");
	int ret;

	(void)state;
	ret = importer_attach(importer, buffer);
	if (expects(no_path_attach)) {
		assert_error(ret, expects(no_path_attach));
	} else {
		assert_ok(ret);
		assert_error(importer_map(importer), expects(no_path_map));
	}
}

static void revoked(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int early = open_edu(), late = open_edu();

	(void)state;
	assert_ok(importer_attach(early, buffer));
	bench_decoding(vfio, false);
	assert_error(importer_map(early), ENODEV);
	assert_error(importer_attach(late, buffer), ENODEV);
}

static void closed(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int early = open_edu(), late = open_edu();

	(void)state;
	assert_ok(importer_attach(early, buffer));
	bench_close(vfio);
	assert_error(importer_map(early), ENODEV);
	assert_error(importer_attach(late, buffer), ENODEV);
}

/* Attached to a page of a device that is kept open. */
static int attach_page(void)
{
	struct vfio *vfio = bench_open_memory();
	int importer = open_edu();

	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE)));
	return importer;
}

static void pin_and_map(void **state)
{
	int importer = attach_page();

	(void)state;
	assert_ok(importer_pin(importer));
	assert_ok(importer_pin(importer));
	assert_ok(importer_map(importer));
	check_table(importer, PAGE);
}

static void no_map_after_pin(void **state)
{
	int importer = attach_page();

	(void)state;
	assert_ok(importer_pin(importer));
	assert_error(importer_map(importer), EOPNOTSUPP);
}

static void no_second_pin(void **state)
{
	int importer = attach_page();

	(void)state;
	assert_ok(importer_pin(importer));
	assert_error(importer_pin(importer), EOPNOTSUPP);
}

static void no_second_pin_mapped(void **state)
{
	int importer = attach_page();

	(void)state;
	assert_ok(importer_map(importer));
	assert_ok(importer_pin(importer));
	assert_error(importer_pin(importer), EOPNOTSUPP);
}

/* The first pin could pass unnoticed, but no mapping follows it any more. */
static void no_map_after_late_pin(void **state)
{
	int importer = attach_page();

	(void)state;
	assert_ok(importer_map(importer));
	assert_ok(importer_pin(importer));
	assert_ok(importer_unmap(importer));
	assert_error(importer_map(importer), EOPNOTSUPP);
}

static void no_pin(void **state)
{
	int importer = attach_page();

	(void)state;
	assert_error(importer_pin(importer), EOPNOTSUPP);
	assert_ok(importer_map(importer));
	assert_error(importer_pin(importer), EOPNOTSUPP);
}

static void unpinned(void **state)
{
	int importer = attach_page();

	(void)state;
	assert_ok(importer_pin(importer));
	assert_ok(importer_unpin(importer));
	assert_ok(importer_map(importer));
	check_table(importer, PAGE);
}

/* As after a pin that was refused, by a driver that does not look. */
static void unpin_without_pin(void **state)
{
	int importer = attach_page();

	(void)state;
	assert_ok(importer_unpin(importer));
	assert_ok(importer_map(importer));
	assert_ok(importer_unpin(importer));
	assert_ok(importer_unmap(importer));
	assert_ok(importer_map(importer));
	check_table(importer, PAGE);
}

/* A pin is no way around a revoke. */
static void pinned_and_revoked(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = import(bench_export(vfio, BAR2, 0, PAGE));

	(void)state;
	assert_ok(importer_pin(importer));
	bench_close(vfio);
	assert_false(importer_is_mapped(importer));
	assert_error(importer_map(importer),
		     expect_kernel()->pins == PINS_BY_CORE ?
		     EOPNOTSUPP : ENODEV);
}

static void map_again(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, MIB);
	int importer = open_edu(), i;

	(void)state;
	assert_ok(importer_attach(importer, buffer));
	for (i = 0; i < 50; i++) {
		assert_ok(importer_map(importer));
		check_table(importer, MIB);
		assert_ok(importer_unmap(importer));
	}
}

static void many_importers(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, MIB);
	int importers[8];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		importers[i] = import(buffer);
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		check_table(importers[i], MIB);
}

static void many_buffers(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importers[8];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		importers[i] = import(bench_export(vfio, BAR2, i * PAGE,
						   2 * PAGE));
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		check_table(importers[i], 2 * PAGE);
}

static void given_away(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importer = import(buffer);

	(void)state;
	/* The attachment holds the buffer: nobody else has a descriptor. */
	bench_drop(buffer);
	check_table(importer, PAGE);
}

#define IMPORTER(name, function) TEST("importer", name, function)

static int run_several(void)
{
	const struct CMUnitTest work[] = {
		IMPORTER("several ranges sum up, in DMA addresses only",
			 several_ranges),
		IMPORTER("ranges of more than 4 GiB have entries that fit",
			 huge_buffer),
	};
	const struct CMUnitTest fail[] = {
		IMPORTER("several ranges behind an IOMMU cannot be mapped",
			 several_refused),
	};
	const struct CMUnitTest merged[] = {
		IMPORTER("adjacent ranges are one entry", adjacent_ranges),
	};
	int failed;

	failed = bench_maps_several() ? run_group("importer", work) :
					run_group("importer", fail);
	if (expects(merges_adjacent))
		failed += run_group("importer", merged);
	return failed;
}

static int run_pins(void)
{
	const struct CMUnitTest allowed[] = {
		IMPORTER("who obeys a revoke may pin, and map", pin_and_map),
		IMPORTER("a map after the last unpin works", unpinned),
		IMPORTER("a pin does not keep a revoked mapping",
			 pinned_and_revoked),
	};
	const struct CMUnitTest by_core[] = {
		IMPORTER("a map after the importer's own pin is refused",
			 no_map_after_pin),
		IMPORTER("a second pin is refused", no_second_pin),
		IMPORTER("a second pin is refused while mapped",
			 no_second_pin_mapped),
		IMPORTER("a map after a pin while mapped is refused",
			 no_map_after_late_pin),
		IMPORTER("a map after the last unpin works", unpinned),
		IMPORTER("a pin does not keep a revoked mapping",
			 pinned_and_revoked),
	};
	const struct CMUnitTest refused[] = {
		IMPORTER("an importer's own pin is refused", no_pin),
	};

	switch (expect_kernel()->pins) {
	case PINS_ALLOWED:
		return run_group("importer", allowed);
	case PINS_BY_CORE:
		return run_group("importer", by_core);
	default:
		return run_group("importer", refused);
	}
}

int suite_importer(void)
{
	const struct CMUnitTest tests[] = {
		IMPORTER("one range is one entry of DMA addresses only",
			 one_range),
		IMPORTER("who cannot reach peers is refused", no_peer),
		IMPORTER("an unpin without a pin changes nothing",
			 unpin_without_pin),
		IMPORTER("a static importer is refused", is_static),
		IMPORTER("a device without a PCI parent is refused",
			 no_pci_device),
		IMPORTER("a revoked buffer is no device to attach or map",
			 revoked),
		IMPORTER("a closed buffer is no device to attach or map",
			 closed),
		IMPORTER("an attachment can be mapped again and again",
			 map_again),
		IMPORTER("many importers share a buffer", many_importers),
		IMPORTER("a device has many buffers", many_buffers),
		IMPORTER("a mapping outlives the buffer's descriptor",
			 given_away),
	};
	/* Before 7.1 the core itself refuses it, with a warning. */
	const struct CMUnitTest core_passes_on[] = {
		IMPORTER("an importer without a callback is refused",
			 no_callback),
	};
	int failed;

	failed = run_group("importer", tests) + run_several() + run_pins();
	if (expect_kernel()->no_callback)
		failed += run_group("importer", core_passes_on);
	return failed;
}
