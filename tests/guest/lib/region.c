// SPDX-License-Identifier: GPL-2.0-only
#include "region.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX

#define MOST_REGIONS	8

const char *region_memory, *region_engine;
struct card region_card;
struct card_table region_table;

static struct ibv_mr *regions[MOST_REGIONS];
static unsigned int nr_regions;

int region_load(void **state)
{
	bool switched = device_find(IVSHMEM, REGION_SWITCHED);

	(void)state;
	region_memory = bench_find(IVSHMEM, switched ? REGION_SWITCHED : 0);
	region_engine = bench_find(EDU, switched ? REGION_SWITCHED : 0);
	return card_load();
}

int region_unload(void **state)
{
	(void)state;
	return card_unload();
}

int region_setup(void **state)
{
	region_card = (struct card) { 0 };
	nr_regions = 0;
	bench_setup(state);
	return card_register_as(CARD_DYNAMIC);
}

int region_teardown(void **state)
{
	while (nr_regions)
		ibv_dereg_mr(regions[--nr_regions]);
	card_close(&region_card);
	return bench_teardown(state);
}

static struct ibv_mr *keep(struct ibv_mr *region)
{
	assert_true(nr_regions < MOST_REGIONS);
	regions[nr_regions++] = region;
	return region;
}

void region_deregister(void)
{
	assert_int_equal(ibv_dereg_mr(regions[--nr_regions]), 0);
}

void region_open_card(void)
{
	if (!region_card.context)
		assert_ok(card_open(&region_card, region_engine));
}

struct ibv_mr *region_register(int buffer, uint64_t offset, uint64_t length,
			       uint64_t iova)
{
	struct ibv_mr *region;

	region_open_card();
	assert_ok(card_register(&region_card, buffer, offset, length, iova, &region));
	return keep(region);
}

void region_refused(int buffer, int error)
{
	struct ibv_mr *region;

	region_open_card();
	assert_error(card_register(&region_card, buffer, 0, PAGE, 0, &region), error);
}

bool region_is_filled(const uint8_t *bytes, uint8_t byte)
{
	size_t i;

	for (i = 0; i < CARD_CHUNK; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

void region_lands(const struct ibv_mr *region, uint64_t iova,
		  const uint8_t *there)
{
	static uint8_t byte;

	byte = byte % 255 + 1;
	assert_ok(card_write(region_engine, region->rkey, iova, byte));
	assert_true(region_is_filled(there, byte));
}

void region_mapped(const struct ibv_mr *region, unsigned int revokes)
{
	assert_ok(card_table(region_engine, region->rkey, &region_table));
	assert_int_not_equal(region_table.nr_pages, 0);
	assert_int_equal(region_table.revokes, revokes);
}

void region_taken(const struct ibv_mr *region, unsigned int revokes,
		  int error)
{
	assert_ok(card_table(region_engine, region->rkey, &region_table));
	assert_int_equal(region_table.nr_pages, 0);
	assert_int_equal(region_table.revokes, revokes);
	assert_error(card_write(region_engine, region->rkey, 0, 0xee), error);
}

struct ibv_mr *region_open(struct vfio **vfio, uint8_t **bar)
{
	struct ibv_mr *region;

	*vfio = bench_open(region_memory);
	region = region_register(bench_export(*vfio, BAR2, MIB, 16 * PAGE),
				 2 * PAGE, 4 * PAGE, 0);
	*bar = bench_mmap(*vfio, BAR2) + MIB + 2 * PAGE;
	region_lands(region, 0, *bar);
	region_mapped(region, 0);
	return region;
}
