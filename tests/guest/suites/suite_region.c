// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory regions on our buffers: where each page of the card's table leads. rdma-core as
 * it is asks the kernel's RDMA core as it is, which attaches, pins, maps and cuts the
 * scatterlist. Only the card is a test's.
 */
#include "region.h"
#include "suites.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define GIB	(1024 * MIB)

static void writes(void **state)
{
	struct vfio *vfio = bench_open(region_memory);
	struct ibv_mr *region = region_register(bench_export(vfio, BAR2, MIB, 16 * PAGE),
				    0, 16 * PAGE, 0);
	uint8_t *bar = bench_mmap(vfio, BAR2) + MIB;

	(void)state;
	region_lands(region, 0, bar);
	region_lands(region, 5 * PAGE + 192, bar + 5 * PAGE + 192);
	region_lands(region, 16 * PAGE - CARD_CHUNK, bar + 16 * PAGE - CARD_CHUNK);
	assert_error(card_write(region_engine, region->rkey, 16 * PAGE, 1), EINVAL);
}

/* Whoever has registered it needs neither the descriptor nor the mapping. */
static void keeps_the_buffer(void **state)
{
	struct vfio *vfio = bench_open(region_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	struct ibv_mr *region = region_register(buffer, 0, PAGE, 0);

	(void)state;
	bench_drop(buffer);
	region_lands(region, 0, bench_mmap(vfio, BAR2));
}

/**
 * struct part - a region on a part of a buffer
 * @count: of its ranges
 * @ranges: of the buffer, in their order
 * @offset: in the buffer
 * @length: of the region
 * @iova: of the region
 * @page_size: that the table is to have, 0 for any
 */
struct part {
	unsigned int count;
	struct vfio_region_dma_range ranges[4];
	uint64_t offset;
	uint64_t length;
	uint64_t iova;
	unsigned long page_size;
};

#define SCATTERED_RANGES 4, { \
		{ 3 * MIB, 7 * PAGE }, { PAGE, PAGE }, \
		{ MIB, 300 * PAGE }, { 0, PAGE }, \
	}

static const struct part one_part[] = {
	{ 1, { { 2 * MIB, 2 * MIB } }, 0, 2 * MIB, 64 * MIB, 2 * MIB },
	{ 1, { { MIB + PAGE, 513 * PAGE } }, 0, 513 * PAGE, 0, 0 },
	{ 1, { { MIB + PAGE, 513 * PAGE } }, 3 * PAGE, 5 * PAGE, 7 * PAGE, 0 },
	{ 1, { { MIB, 16 * PAGE } }, PAGE + 128, 2 * PAGE, 9 * PAGE + 128, 0 },
	{ 1, { { MIB, 16 * PAGE } }, 15 * PAGE, PAGE, 0xfffffffff000, 0 },
};

static const struct part scattered_parts[] = {
	{ SCATTERED_RANGES, 0, 309 * PAGE, 0, 0 },
	{ SCATTERED_RANGES, 6 * PAGE, 3 * PAGE, PAGE, 0 },
	{ SCATTERED_RANGES, 7 * PAGE, PAGE, 0, 0 },
	{ SCATTERED_RANGES, 100 * PAGE + 64, 209 * PAGE - 64, 64, 0 },
};

/* Around the end of the longest entry, and more than one entry can have. */
static const struct part huge_parts[] = {
	{ 1, { { 20 * GIB, 8 * GIB } }, 4 * GIB - 3 * PAGE, 4 * PAGE, 0, 0 },
	{ 1, { { 20 * GIB, 8 * GIB } }, 0, 8 * GIB, 0, 0 },
};

/* Where in the BAR a byte of the buffer is. */
static uint64_t find_byte(const struct part *part, uint64_t offset)
{
	unsigned int i;

	for (i = 0; offset >= part->ranges[i].length; i++)
		offset -= part->ranges[i].length;
	return part->ranges[i].offset + offset;
}

/* Where the card sends what is written to that byte of the region. */
static uint64_t look_up(const struct part *part, uint64_t at)
{
	uint64_t mask = region_table.page_size - 1;
	uint64_t iova = part->iova + at;
	uint64_t page = ((iova & ~mask) - (part->iova & ~mask)) / region_table.page_size;

	assert_true(page < region_table.nr_pages);
	return region_table.pages[page] + (iova & mask);
}

/* Without translation each address is known. */
static void check_addresses(const struct part *part, const char *bdf, uint64_t step)
{
	struct bar bar;
	uint64_t at;

	assert_ok(device_bar(bdf, 2, &bar));
	for (at = 0; at < part->length; at += step)
		assert_int_equal(look_up(part, at),
				 bar.start + find_byte(part, part->offset + at));
}

/* With it, memory is one span of addresses, of which both ends lead there. */
static void check_span(const struct part *part, uint8_t *bar,
		       const struct ibv_mr *region, uint64_t step)
{
	uint64_t last = part->length - CARD_CHUNK, at;

	for (at = 0; at < part->length; at += step)
		assert_int_equal(look_up(part, at), look_up(part, 0) + at);
	region_lands(region, part->iova, bar + find_byte(part, part->offset));
	region_lands(region, part->iova + last,
		     bar + find_byte(part, part->offset + last));
}

static void check_part(const struct part *part, const char *bdf,
		       struct vfio *vfio, uint8_t *bar)
{
	/* Addresses within a page are consecutive anyway. */
	uint64_t step = part->length > GIB ? 2 * MIB : PAGE;
	int buffer = bench_export_ranges(vfio, BAR2, part->ranges, part->count);
	struct ibv_mr *region = region_register(buffer, part->offset, part->length, part->iova);

	region_mapped(region, 0);
	if (part->page_size)
		assert_int_equal(region_table.page_size, part->page_size);
	assert_in_range(region_table.nr_pages, 1, CARD_PAGES);
	if (device_translated(region_engine))
		check_span(part, bar, region, step);
	else
		check_addresses(part, bdf, step);
	region_deregister();
	bench_drop(buffer);
}

static void check_parts(const struct part *parts, size_t count, const char *bdf)
{
	struct vfio *vfio = bench_open(bdf);
	uint8_t *bar = bench_mmap(vfio, BAR2);

	while (count--)
		check_part(parts++, bdf, vfio, bar);
}

static void pages_of_a_range(void **state)
{
	(void)state;
	check_parts(one_part, ARRAY_SIZE(one_part), region_memory);
}

static void pages_of_several(void **state)
{
	struct ibv_mr *region;
	struct vfio *vfio;

	(void)state;
	if (!expects(several_translated) || !device_translated(region_engine)) {
		check_parts(scattered_parts, ARRAY_SIZE(scattered_parts), region_memory);
		return;
	}
	vfio = bench_open(region_memory);
	region_open_card();
	assert_error(card_register(&region_card,
				   bench_export_ranges(vfio, BAR2,
						       scattered_parts->ranges, 4),
				   0, PAGE, 0, &region),
		     expects(several_translated));
}

static void pages_of_huge(void **state)
{
	(void)state;
	check_parts(huge_parts, ARRAY_SIZE(huge_parts), bench_find(IVSHMEM, 1));
}

static void several_regions(void **state)
{
	struct vfio *vfio = bench_open(region_memory);
	int buffer = bench_export(vfio, BAR2, 0, 16 * PAGE);
	uint8_t *bar = bench_mmap(vfio, BAR2);
	struct ibv_mr *regions[4];
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++)
		regions[i] = region_register(buffer, i * PAGE, 2 * PAGE, 0);
	for (i = 0; i < 4; i++)
		region_lands(regions[i], PAGE, bar + (i + 1) * PAGE);
	bench_decoding(vfio, false);
	for (i = 0; i < 4; i++)
		region_taken(regions[i], 1, ENODEV);
	region_deregister();
	bench_decoding(vfio, true);
	for (i = 0; i < 3; i++)
		region_lands(regions[i], PAGE, bar + (i + 1) * PAGE);
}

#define REGION(name, function) \
	{ "region: " name, function, region_setup, region_teardown, NULL }

int suite_region(void)
{
	const struct CMUnitTest tests[] = {
		REGION("what the card writes to a region is in the BAR", writes),
		REGION("a region keeps the buffer without its descriptor",
		       keeps_the_buffer),
		REGION("each page of the card's table leads to its place in a range",
		       pages_of_a_range),
		REGION("each page leads to its place in several ranges",
		       pages_of_several),
		REGION("each page leads to its place in more than an entry can have",
		       pages_of_huge),
		REGION("regions on parts of one buffer come and go together",
		       several_regions),
	};

	return cmocka_run_group_tests_name("region", tests, region_load,
					   region_unload);
}
