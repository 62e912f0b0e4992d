// SPDX-License-Identifier: GPL-2.0-only
/* Memory of which one range is longer than an entry of an sg_table can be. */
#include "bench.h"
#include "suites.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define CHUNK	DVP_IMPORTER_TRANSFER_MAX
#define GIB	(1024 * MIB)

/* The longest entry: what 32 bits can count, in whole pages. */
#define LONGEST	(4 * GIB - PAGE)

/* An importer that has mapped all of the second ivshmem's 8 GiB. */
static int import(struct vfio **vfio)
{
	const char *bdf = bench_find(IVSHMEM, 1);
	int importer = bench_importer(bench_find(EDU, 0));
	struct bar bar;

	assert_ok(device_bar(bdf, BAR2, &bar));
	assert_int_equal(bar.size, 8 * GIB);
	*vfio = bench_open(bdf);
	assert_ok(importer_attach(importer, bench_export(*vfio, BAR2, 0,
							 bar.size)));
	assert_ok(importer_map(importer));
	return importer;
}

static void entries_fit(void **state)
{
	struct dvp_importer_report report;
	struct dvp_importer_entry entries[3];
	struct vfio *vfio;
	int importer = import(&vfio);

	(void)state;
	assert_ok(importer_report(importer, &report, entries, 3));
	assert_int_equal(report.nents, 3);
	assert_int_equal(entries[0].length, LONGEST);
	assert_int_equal(entries[1].length, LONGEST);
	assert_int_equal(entries[2].length, 2 * PAGE);
	assert_int_equal(entries[1].address, entries[0].address + LONGEST);
	assert_int_equal(entries[2].address, entries[1].address + LONGEST);
}

static void check(struct vfio *vfio, int importer, uint64_t offset,
		  unsigned int seed)
{
	uint8_t data[CHUNK], got[CHUNK];

	bench_pattern(data, sizeof(data), seed);
	assert_ok(importer_write(importer, offset, data, sizeof(data)));
	assert_ok(vfio_read(vfio, BAR2, offset, got, sizeof(got)));
	assert_memory_equal(got, data, sizeof(got));

	memset(got, 0, sizeof(got));
	assert_ok(importer_read(importer, offset, got, sizeof(got)));
	assert_memory_equal(got, data, sizeof(got));
}

/* Where entries end, and where they begin. */
static void bytes_move(void **state)
{
	struct vfio *vfio;
	int importer = import(&vfio);

	(void)state;
	check(vfio, importer, LONGEST - CHUNK, 1);
	check(vfio, importer, LONGEST, 2);
	check(vfio, importer, 2 * LONGEST - CHUNK, 3);
	check(vfio, importer, 8 * GIB - CHUNK, 4);
}

#define HUGE(name, function) TEST("huge", name, function)

int suite_huge(void)
{
	const struct CMUnitTest tests[] = {
		HUGE("a range of 8 GiB has entries as long as they can be",
		     entries_fit),
		HUGE("bytes move in and out of every entry", bytes_move),
	};

	return run_group("huge", tests);
}
