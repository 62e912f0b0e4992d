// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sg_table as the kernel's importers read it.  Each believes something else of
 * it: that lengths fit into 32 bits, that pages can be counted, that the end is marked,
 * that entries can be shortened in place.
 */
#include "bench.h"
#include "suites.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define GIB	(1024 * MIB)

/* The longest entry: what 32 bits can count, in whole pages. */
#define LONGEST	(4 * GIB - PAGE)

#define MOST	64

/**
 * struct layout - a buffer
 * @nth: of which ivshmem
 * @count: of its ranges
 * @ranges: in the order of the buffer
 */
struct layout {
	unsigned int nth;
	unsigned int count;
	struct vfio_region_dma_range ranges[5];
};

static const struct layout one_page = { 0, 1, { { 3 * PAGE, PAGE } } };
static const struct layout one_range = { 0, 1, { { MIB + PAGE, 513 * PAGE } } };
static const struct layout several = {
	0, 5, {
		{ 3 * MIB, 7 * PAGE },
		{ PAGE, PAGE },
		{ MIB, 300 * PAGE },
		{ 0, PAGE },
		{ 3 * MIB - PAGE, PAGE },
	},
};

/* More than one entry can have, and more than two can. */
static const struct layout longer = {
	1, 2, {
		{ 20 * GIB, LONGEST + PAGE },
		{ 3 * GIB, 2 * PAGE },
	},
};

static const struct layout longest = {
	1, 1, { { 20 * GIB, 8 * GIB } },
};

/**
 * struct table - what an importer has
 * @importer: file descriptor
 * @buffer: file descriptor
 * @nents: how many entries there are
 * @entries: they
 * @size: of them all
 */
struct table {
	int importer;
	int buffer;
	unsigned int nents;
	struct dvp_importer_entry entries[MOST];
	uint64_t size;
};

/*
 * Open for all tests. With DEBUG_OBJECTS_FREE a kernel that maps BARs when it opens a
 * device looks for objects in each page of them when it closes it, which takes a minute
 * for 32 GiB.
 */
static struct vfio devices[2];

static int open_devices(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		const char *bdf = bench_find(IVSHMEM, i);

		assert_ok(device_bind(bdf, bench_driver()));
		assert_ok(vfio_open(&devices[i], bdf));
	}
	return 0;
}

static int close_devices(void **state)
{
	(void)state;
	vfio_close(&devices[0]);
	vfio_close(&devices[1]);
	return 0;
}

static void look(struct table *table)
{
	struct dvp_importer_report report;
	unsigned int i;

	memset(table->entries, 0, sizeof(table->entries));
	assert_ok(importer_report(table->importer, &report, table->entries, MOST));
	assert_in_range(report.nents, 1, MOST);
	if (!expect_kernel()->copies_tables)
		assert_int_equal(report.orig_nents, 0);
	table->nents = report.nents;
	table->size = 0;
	for (i = 0; i < table->nents; i++) {
		assert_in_range(table->entries[i].length, PAGE, LONGEST);
		assert_int_equal(table->entries[i].length % PAGE, 0);
		assert_int_equal(table->entries[i].address % PAGE, 0);
		table->size += table->entries[i].length;
	}
}

static void import(struct table *table, const struct layout *layout)
{
	uint64_t size = 0;
	unsigned int i;

	table->importer = bench_importer(bench_find(EDU, 0));
	table->buffer = bench_export_ranges(&devices[layout->nth], BAR2,
					    layout->ranges, layout->count);
	assert_ok(importer_attach(table->importer, table->buffer));
	assert_ok(importer_map(table->importer));
	look(table);
	for (i = 0; i < layout->count; i++)
		size += layout->ranges[i].length;
	assert_int_equal(table->size, size);
}

/* Those bytes of the table, with what is next to each other as one. */
static unsigned int cut_out(const struct table *table, uint64_t start,
			    uint64_t length, struct dvp_importer_entry *runs)
{
	uint64_t at = 0, from, to, address;
	unsigned int i, count = 0;

	for (i = 0; i < table->nents; at += table->entries[i++].length) {
		from = start > at ? start : at;
		to = at + table->entries[i].length;
		if (to > start + length)
			to = start + length;
		if (from >= to)
			continue;
		address = table->entries[i].address + from - at;
		if (count && runs[count - 1].address + runs[count - 1].length == address)
			runs[count - 1].length += to - from;
		else
			runs[count++] = (struct dvp_importer_entry) { address, to - from, 0 };
	}
	return count;
}

static void check(struct table *table, enum dvp_importer_reader reader,
		  uint64_t start, uint64_t length)
{
	struct dvp_importer_entry expected[MOST] = { 0 }, runs[MOST] = { 0 };
	struct dvp_importer_walk walk = {
		.reader = reader,
		.capacity = MOST,
		.start = start,
		.length = length,
		.entries = (uintptr_t)runs,
	};
	struct table before = *table;

	assert_ok(importer_walk(table->importer, &walk));
	assert_int_equal(walk.nents, cut_out(table, start, length, expected));
	assert_memory_equal(runs, expected, sizeof(runs));
	look(table);
	assert_memory_equal(table->entries, before.entries, sizeof(before.entries));
}

/* From each end of an entry and beside it to each, or all of it. */
static void check_parts(struct table *table, enum dvp_importer_reader reader)
{
	uint64_t at[3 * MOST], end = 0;
	unsigned int i, j, count = 0;

	check(table, reader, 0, table->size);
	for (i = 0; i < table->nents; i++) {
		at[count++] = end;
		if (table->entries[i].length > 2 * PAGE)
			at[count++] = end + PAGE;
		end += table->entries[i].length;
		at[count++] = end - PAGE;
	}
	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			if (at[i] < at[j])
				check(table, reader, at[i], at[j] - at[i]);
}

/* A million pages one by one take too long where everything is checked. */
static void check_ends(struct table *table, enum dvp_importer_reader reader)
{
	uint64_t end = 0;
	unsigned int i;

	check(table, reader, 0, 4 * PAGE);
	for (i = 0; i < table->nents; i++) {
		end += table->entries[i].length;
		if (end < table->size)
			check(table, reader, end - PAGE, 2 * PAGE);
	}
	check(table, reader, end - 2 * PAGE, 2 * PAGE);
}

static void check_layout(const struct layout *layout, enum dvp_importer_reader reader)
{
	struct table table;

	import(&table, layout);
	if (reader == DVP_IMPORTER_WALK_ENTRIES)
		check(&table, reader, 0, table.size);
	else if (reader == DVP_IMPORTER_WALK_PAGES && table.size > GIB)
		check_ends(&table, reader);
	else
		check_parts(&table, reader);
	bench_drop(table.importer);
	bench_drop(table.buffer);
}

static void check_all(enum dvp_importer_reader reader)
{
	check_layout(&one_page, reader);
	check_layout(&one_range, reader);
	check_layout(&longest, reader);
	if (!bench_maps_several())
		return;
	check_layout(&several, reader);
	check_layout(&longer, reader);
}

static void by_entries(void **state)
{
	(void)state;
	check_all(DVP_IMPORTER_WALK_ENTRIES);
}

static void by_pages(void **state)
{
	(void)state;
	check_all(DVP_IMPORTER_WALK_PAGES);
}

static void by_cursor(void **state)
{
	(void)state;
	check_all(DVP_IMPORTER_WALK_CURSOR);
}

static void by_region(void **state)
{
	(void)state;
	check_all(DVP_IMPORTER_WALK_REGION);
}

/* The test importer has left its own limit at 64 KiB. */
static void longest_entries(void **state)
{
	struct table table;

	(void)state;
	import(&table, &longest);
	assert_int_equal(table.nents, 3);
	assert_int_equal(table.entries[0].length, LONGEST);
	assert_int_equal(table.entries[1].length, LONGEST);
	assert_int_equal(table.entries[2].length, 2 * PAGE);
}

/* It is where the buffer's is. */
static void past_the_end(void **state)
{
	struct dvp_importer_walk walk = { .length = PAGE };
	struct table table;

	(void)state;
	import(&table, &one_range);
	walk.start = table.size;
	walk.reader = DVP_IMPORTER_WALK_CURSOR;
	assert_error(importer_walk(table.importer, &walk), ERANGE);
	walk.reader = DVP_IMPORTER_WALK_PAGES;
	assert_error(importer_walk(table.importer, &walk), ERANGE);
	walk.reader = DVP_IMPORTER_WALK_REGION;
	assert_error(importer_walk(table.importer, &walk), ERANGE);
}

#define WALK(name, function) TEST("walk", name, function)

int suite_walk(void)
{
	const struct CMUnitTest tests[] = {
		WALK("virtio_gpu finds the buffer in the entries", by_entries),
		WALK("amdgpu finds the buffer page by page", by_pages),
		WALK("xe finds each part of the buffer with a cursor", by_cursor),
		WALK("RDMA cuts each part of the buffer out of the list", by_region),
		WALK("an entry is as long as it can be, whatever the importer's limit",
		     longest_entries),
		WALK("the list has an end", past_the_end),
	};

	return cmocka_run_group_tests_name("walk", tests, open_devices,
					   close_devices);
}
