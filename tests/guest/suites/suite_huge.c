// SPDX-License-Identifier: GPL-2.0-only
/* Memory of which one range is longer than an entry of an sg_table can be. */
#include "bench.h"
#include "suites.h"
#include "vtd.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define CHUNK	DVP_IMPORTER_TRANSFER_MAX
#define GIB	(1024 * MIB)
#define SIZE	(32 * GIB)

/* The longest entry: what 32 bits can count, in whole pages. */
#define LONGEST	(4 * GIB - PAGE)
#define ENTRIES	(SIZE / LONGEST + 1)

/* An importer that has mapped all of the second ivshmem's memory. */
static int import(struct vfio **vfio, struct bar *bar)
{
	const char *bdf = bench_find(IVSHMEM, 1);
	int importer = bench_importer(bench_find(EDU, 0));

	assert_ok(device_bar(bdf, BAR2, bar));
	assert_int_equal(bar->size, SIZE);
	*vfio = bench_open(bdf);
	assert_ok(importer_attach(importer, bench_export(*vfio, BAR2, 0,
							 bar->size)));
	assert_ok(importer_map(importer));
	return importer;
}

static void entries_fit(void **state)
{
	struct dvp_importer_entry entries[ENTRIES];
	struct dvp_importer_report report;
	struct vfio *vfio;
	struct bar bar;
	int importer = import(&vfio, &bar);
	size_t i;

	(void)state;
	assert_ok(importer_report(importer, &report, entries, ENTRIES));
	assert_int_equal(report.nents, ENTRIES);
	for (i = 0; i < ENTRIES - 1; i++) {
		assert_int_equal(entries[i].length, LONGEST);
		assert_int_equal(entries[i + 1].address,
				 entries[i].address + LONGEST);
	}
	assert_int_equal(entries[i].length, SIZE - i * LONGEST);
}

/* Where entries end and begin, and across all that 32 bits could not count. */
static void bytes_move(void **state)
{
	struct vfio *vfio;
	struct bar bar;
	int importer = import(&vfio, &bar);
	uint64_t at;

	(void)state;
	bench_move(vfio, importer, 0, 0, CHUNK);
	for (at = LONGEST; at < SIZE; at += LONGEST) {
		bench_move(vfio, importer, at - CHUNK, at - CHUNK, CHUNK);
		bench_move(vfio, importer, at, at, CHUNK);
	}
	for (at = 4 * GIB; at < SIZE; at += 4 * GIB)
		bench_move(vfio, importer, at - CHUNK / 2, at - CHUNK / 2, CHUNK);
	bench_move(vfio, importer, SIZE - CHUNK, SIZE - CHUNK, CHUNK);
}

/* As few entries of the IOMMU's as it can have. */
static void large_pages(void **state)
{
	struct vtd_pages pages;
	struct vfio *vfio;
	struct bar bar;
	int importer = import(&vfio, &bar);

	(void)state;
	assert_ok(vtd_walk(importer, bench_find(EDU, 0), bar.start, bar.size,
			   &pages));
	assert_int_equal(pages.size, SIZE);
	assert_int_equal(pages.count[0], 0);
	assert_int_equal(pages.count[1], 0);
	assert_int_equal(pages.count[2], SIZE / GIB);
}

#define HUGE(name, function) TEST("huge", name, function)

int suite_huge(void)
{
	const struct CMUnitTest tests[] = {
		HUGE("a range of 32 GiB has entries as long as they can be",
		     entries_fit),
		HUGE("bytes move in and out, at every boundary", bytes_move),
	};
	const struct CMUnitTest translated[] = {
		HUGE("the IOMMU maps it in pages of 1 GiB", large_pages),
	};
	int failed;

	failed = run_group("huge", tests);
	if (device_translated(bench_find(EDU, 0)))
		failed += run_group("huge", translated);
	return failed;
}
