// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory regions on our buffers: rdma-core as it is asks the kernel's RDMA core as it
 * is, which attaches, pins, maps and cuts the scatterlist.  Only the card is a test's.
 */
#include <linux/pci_regs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "bench.h"
#include "card.h"
#include "suites.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define GIB	(1024 * MIB)

/* On the machine `rdmapt`: below the same switch. */
#define SWITCHED	2

#define MOST_REGIONS	8

/* Of what a region that pins is answered with. */
#define PARAMETER	"/sys/module/dmabuf_vfio_pci/parameters/pinned_importers"

static const char *memory, *engine;
static struct card card;
static struct ibv_mr *regions[MOST_REGIONS];
static unsigned int nr_regions;
static struct card_table table;

static int load(void **state)
{
	bool switched = device_find(IVSHMEM, SWITCHED);

	(void)state;
	memory = bench_find(IVSHMEM, switched ? SWITCHED : 0);
	engine = bench_find(EDU, switched ? SWITCHED : 0);
	return card_load();
}

static int unload(void **state)
{
	(void)state;
	return card_unload();
}

static int setup(void **state)
{
	card = (struct card) { 0 };
	nr_regions = 0;
	bench_setup(state);
	return card_register_as(CARD_DYNAMIC);
}

static int teardown(void **state)
{
	while (nr_regions)
		ibv_dereg_mr(regions[--nr_regions]);
	card_close(&card);
	return bench_teardown(state);
}

static struct ibv_mr *keep(struct ibv_mr *region)
{
	assert_true(nr_regions < MOST_REGIONS);
	regions[nr_regions++] = region;
	return region;
}

/* The last one that was registered. */
static void deregister(void)
{
	assert_int_equal(ibv_dereg_mr(regions[--nr_regions]), 0);
}

static void open_card(void)
{
	if (!card.context)
		assert_ok(card_open(&card, engine));
}

static struct ibv_mr *reg(int buffer, uint64_t offset, uint64_t length,
			  uint64_t iova)
{
	struct ibv_mr *region;

	open_card();
	assert_ok(card_register(&card, buffer, offset, length, iova, &region));
	return keep(region);
}

static void assert_refused(int buffer, int error)
{
	struct ibv_mr *region;

	open_card();
	assert_error(card_register(&card, buffer, 0, PAGE, 0, &region), error);
}

static bool is_filled(const uint8_t *bytes, uint8_t byte)
{
	size_t i;

	for (i = 0; i < CARD_CHUNK; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

/* The card writes to that address of the region, and it lands there. */
static void assert_lands(const struct ibv_mr *region, uint64_t iova,
			 const uint8_t *there)
{
	static uint8_t byte;

	byte = byte % 255 + 1;
	assert_ok(card_write(engine, region->rkey, iova, byte));
	assert_true(is_filled(there, byte));
}

/* The card has a table of so many revokes. */
static void assert_mapped(const struct ibv_mr *region, unsigned int revokes)
{
	assert_ok(card_table(engine, region->rkey, &table));
	assert_int_not_equal(table.nr_pages, 0);
	assert_int_equal(table.revokes, revokes);
}

/* It has none, and cannot get one. */
static void assert_taken(const struct ibv_mr *region, unsigned int revokes,
			 int error)
{
	assert_ok(card_table(engine, region->rkey, &table));
	assert_int_equal(table.nr_pages, 0);
	assert_int_equal(table.revokes, revokes);
	assert_error(card_write(engine, region->rkey, 0, 0xee), error);
}

static void decoding(struct vfio *vfio, bool on)
{
	assert_ok(vfio_set_command(vfio, on ? PCI_COMMAND_MEMORY : 0,
				   on ? 0 : PCI_COMMAND_MEMORY));
}

static void writes(void **state)
{
	struct vfio *vfio = bench_open(memory);
	struct ibv_mr *region = reg(bench_export(vfio, BAR2, MIB, 16 * PAGE),
				    0, 16 * PAGE, 0);
	uint8_t *bar = bench_mmap(vfio, BAR2) + MIB;

	(void)state;
	assert_lands(region, 0, bar);
	assert_lands(region, 5 * PAGE + 192, bar + 5 * PAGE + 192);
	assert_lands(region, 16 * PAGE - CARD_CHUNK, bar + 16 * PAGE - CARD_CHUNK);
	assert_error(card_write(engine, region->rkey, 16 * PAGE, 1), EINVAL);
}

/* Whoever has registered it needs neither the descriptor nor the mapping. */
static void keeps_the_buffer(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	struct ibv_mr *region = reg(buffer, 0, PAGE, 0);

	(void)state;
	bench_drop(buffer);
	assert_lands(region, 0, bench_mmap(vfio, BAR2));
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
	uint64_t mask = table.page_size - 1;
	uint64_t iova = part->iova + at;
	uint64_t page = ((iova & ~mask) - (part->iova & ~mask)) / table.page_size;

	assert_true(page < table.nr_pages);
	return table.pages[page] + (iova & mask);
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
	assert_lands(region, part->iova, bar + find_byte(part, part->offset));
	assert_lands(region, part->iova + last,
		     bar + find_byte(part, part->offset + last));
}

static void check_part(const struct part *part, const char *bdf,
		       struct vfio *vfio, uint8_t *bar)
{
	/* Addresses within a page are consecutive anyway. */
	uint64_t step = part->length > GIB ? 2 * MIB : PAGE;
	int buffer = bench_export_ranges(vfio, BAR2, part->ranges, part->count);
	struct ibv_mr *region = reg(buffer, part->offset, part->length, part->iova);

	assert_mapped(region, 0);
	if (part->page_size)
		assert_int_equal(table.page_size, part->page_size);
	assert_in_range(table.nr_pages, 1, CARD_PAGES);
	if (device_translated(engine))
		check_span(part, bar, region, step);
	else
		check_addresses(part, bdf, step);
	deregister();
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
	check_parts(one_part, ARRAY_SIZE(one_part), memory);
}

static void pages_of_several(void **state)
{
	struct ibv_mr *region;
	struct vfio *vfio;

	(void)state;
	if (!expects(several_translated) || !device_translated(engine)) {
		check_parts(scattered_parts, ARRAY_SIZE(scattered_parts), memory);
		return;
	}
	vfio = bench_open(memory);
	open_card();
	assert_error(card_register(&card,
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
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, 16 * PAGE);
	uint8_t *bar = bench_mmap(vfio, BAR2);
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++)
		reg(buffer, i * PAGE, 2 * PAGE, 0);
	for (i = 0; i < 4; i++)
		assert_lands(regions[i], PAGE, bar + (i + 1) * PAGE);
	decoding(vfio, false);
	for (i = 0; i < 4; i++)
		assert_taken(regions[i], 1, ENODEV);
	deregister();
	decoding(vfio, true);
	for (i = 0; i < 3; i++)
		assert_lands(regions[i], PAGE, bar + (i + 1) * PAGE);
}

/* With a region that begins and ends within an entry, which the core has cut. */
static struct ibv_mr *subject(struct vfio **vfio, uint8_t **bar)
{
	struct ibv_mr *region;

	*vfio = bench_open(memory);
	region = reg(bench_export(*vfio, BAR2, MIB, 16 * PAGE), 2 * PAGE,
		     4 * PAGE, 0);
	*bar = bench_mmap(*vfio, BAR2) + MIB + 2 * PAGE;
	assert_lands(region, 0, *bar);
	assert_mapped(region, 0);
	return region;
}

static void decoding_off(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = subject(&vfio, &bar);
	unsigned int i;

	(void)state;
	for (i = 1; i < 4; i++) {
		decoding(vfio, false);
		assert_taken(region, i, ENODEV);
		decoding(vfio, true);
		assert_lands(region, PAGE, bar + PAGE);
		assert_mapped(region, i);
	}
}

static void reset(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = subject(&vfio, &bar);

	(void)state;
	assert_ok(vfio_reset(vfio));
	assert_lands(region, 3 * PAGE, bar + 3 * PAGE);
	assert_mapped(region, 1);
}

static void closed(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = subject(&vfio, &bar);

	(void)state;
	bench_close(vfio);
	assert_taken(region, 1, ENODEV);
	/* Not by the next user's memory either. */
	bench_open(memory);
	assert_taken(region, 1, ENODEV);
	deregister();
}

static void unbound(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = subject(&vfio, &bar);

	(void)state;
	bench_close(vfio);
	assert_ok(device_unbind(memory));
	assert_taken(region, 1, ENODEV);
}

/* Whoever is revoked cannot register either, and can again. */
static void registered_while_off(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);

	(void)state;
	decoding(vfio, false);
	assert_refused(buffer, ENODEV);
	decoding(vfio, true);
	assert_lands(reg(buffer, 0, PAGE, 0), 0, bench_mmap(vfio, BAR2));
}

static void assert_no_importer(void)
{
	char text[4096];

	if (!expects(shows_inside))
		return;
	assert_ok(bench_debugfs(memory, "buffers", text, sizeof(text)));
	assert_null(strstr(text, "importer"));
}

/* What debugfs says of whom is what the RDMA core does. */
static void shown_inside(void **state)
{
	struct vfio *vfio;
	char text[4096], line[128];
	uint8_t *bar;

	(void)state;
	if (!expects(shows_inside))
		return;
	subject(&vfio, &bar);
	snprintf(line, sizeof(line), "\timporter %s map %s mappings 1 ", engine,
		 device_find(IVSHMEM, SWITCHED) ? "BUS_ADDR" : "THRU_HOST_BRIDGE");
	assert_ok(bench_debugfs(memory, "buffers", text, sizeof(text)));
	assert_non_null(strstr(text, line));
	assert_non_null(strstr(text, " driver dvp_rdma "));
	deregister();
	assert_no_importer();
}

/* The RDMA core deregisters what its users have not. */
static void card_goes(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;

	(void)state;
	subject(&vfio, &bar);
	assert_ok(device_unbind(engine));
	assert_no_importer();
	decoding(vfio, false);
	decoding(vfio, true);
}

/**
 * enum holder - what the one who is killed has opened, in this order
 * @DEVICE_CARD: the device, and then the card
 * @CARD_DEVICE: the card, and then the device
 * @ONLY_CARD: the card; the device is another's
 */
enum holder {
	DEVICE_CARD,
	CARD_DEVICE,
	ONLY_CARD,
};

/* Descriptors are closed from the lowest on.  Returns only if something fails. */
static void hold_until_killed(enum holder holder, int buffer, int ready)
{
	struct ibv_mr *region;
	struct card own_card;
	struct vfio vfio;

	if (holder == CARD_DEVICE && card_open(&own_card, engine))
		return;
	if (holder != ONLY_CARD) {
		if (vfio_open(&vfio, memory))
			return;
		buffer = vfio_export_range(&vfio, BAR2, 0, 16 * PAGE);
	}
	if (holder != CARD_DEVICE && card_open(&own_card, engine))
		return;
	if (card_register(&own_card, buffer, 0, 16 * PAGE, 0, &region))
		return;
	if (write(ready, "", 1) == 1)
		pause();
}

static void kill_holder(enum holder holder, int buffer)
{
	int ready[2], status;
	uint32_t key;
	char byte;
	pid_t child;

	assert_ok(device_bind(engine, "dvp_rdma"));
	assert_sys(pipe(ready));
	child = fork();
	assert_sys(child);
	if (!child) {
		hold_until_killed(holder, buffer, ready[1]);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(assert_ok(card_regions(engine, &key)), 1);
	assert_ok(card_write(engine, key, 0, 1));
	kill(child, SIGKILL);
	assert_sys(waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(assert_ok(card_regions(engine, &key)), 0);
	assert_no_importer();
}

static void card_user_killed(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, 16 * PAGE);

	(void)state;
	kill_holder(ONLY_CARD, buffer);
	assert_lands(reg(buffer, 0, PAGE, 0), 0, bench_mmap(vfio, BAR2));
}

static void both_killed(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;

	(void)state;
	assert_ok(device_bind(memory, bench_driver()));
	kill_holder(DEVICE_CARD, -1);
	kill_holder(CARD_DEVICE, -1);
	subject(&vfio, &bar);
}

/* Its descriptors are still open, and its region is not. */
static void example(void **state)
{
	char name[] = "rdma-region", device[BDF_SIZE];
	uint32_t key;
	int status;
	pid_t child;

	(void)state;
	assert_ok(device_bind(memory, bench_driver()));
	open_card();
	snprintf(device, sizeof(device), "%s", memory);
	child = fork();
	assert_sys(child);
	if (!child) {
		execlp(name, name, ibv_get_device_name(card.context->device),
		       device, "2", "0", "0x200000", NULL);
		_exit(127);
	}
	wait_until(waitpid(child, &status, WNOHANG) ||
		   card_regions(engine, &key) == 1);
	assert_ok(card_write(engine, key, 0x1ff000, 2));
	kill(child, SIGKILL);
	assert_sys(waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(assert_ok(card_regions(engine, &key)), 0);
}

/* efa, bnxt_re, mana, ionic, and irdma before 7.x. */
static void pinned(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);

	(void)state;
	assert_ok(card_register_as(CARD_PINNED));
	assert_refused(buffer, EOPNOTSUPP);
	/* Nothing of it is left in the way of others. */
	assert_no_importer();
	assert_ok(card_register_as(CARD_DYNAMIC));
	assert_lands(reg(buffer, 0, PAGE, 0), 0, bench_mmap(vfio, BAR2));
}

/* irdma from 7.x on: a region is given up for good, not mapped anew. */
static void revocable(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, 16 * PAGE);
	uint8_t *bar = bench_mmap(vfio, BAR2);
	struct ibv_mr *region;

	(void)state;
	assert_ok(card_register_as(CARD_REVOCABLE));
	region = reg(buffer, PAGE, 4 * PAGE, 0);
	assert_lands(region, 0, bar + PAGE);
	decoding(vfio, false);
	assert_taken(region, 1, EFAULT);
	decoding(vfio, true);
	assert_taken(region, 1, EFAULT);

	region = reg(buffer, PAGE, 4 * PAGE, 0);
	assert_lands(region, 0, bar + PAGE);
	bench_close(vfio);
	assert_taken(region, 1, EFAULT);
}

/* A kernel without has no such symbol; what looks like one may have it. */
static void not_revocable(void **state)
{
	struct vfio *vfio = bench_open(memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	struct ibv_mr *region;
	int ret;

	(void)state;
	assert_ok(card_register_as(CARD_REVOCABLE));
	open_card();
	ret = card_register(&card, buffer, 0, PAGE, 0, &region);
	if (ret != -ENXIO)
		assert_error(ret, EOPNOTSUPP);
	assert_no_importer();
}

/* With pinned_importers=hold such a region is accepted, and the device waits for it. */
static struct ibv_mr *hold_subject(struct vfio **vfio, uint8_t **bar)
{
	struct ibv_mr *region;

	assert_ok(bench_reload("pinned_importers=hold"));
	*vfio = bench_open(memory);
	assert_ok(card_register_as(CARD_PINNED));
	region = reg(bench_export(*vfio, BAR2, MIB, 16 * PAGE), 2 * PAGE,
		     4 * PAGE, 0);
	*bar = bench_mmap(*vfio, BAR2) + MIB + 2 * PAGE;
	assert_lands(region, 0, *bar);
	return region;
}

/* Whether somebody can open the device now. */
static bool is_free(void)
{
	struct vfio vfio;
	int ret = vfio_open(&vfio, memory);

	if (ret && ret != -EBUSY)
		assert_ok(ret);
	vfio_close(&vfio);
	return !ret;
}

static void held(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = hold_subject(&vfio, &bar);

	(void)state;
	decoding(vfio, false);
	assert_ok(card_write(engine, region->rkey, 0, 0xee));
	decoding(vfio, true);
	assert_false(is_filled(bar, 0xee));
	assert_lands(region, PAGE, bar + PAGE);
	assert_mapped(region, 0);
}

static void held_closed(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = hold_subject(&vfio, &bar);

	(void)state;
	bench_close(vfio);
	assert_mapped(region, 0);
	assert_false(is_free());
	deregister();
	assert_true(is_free());
}

/* The card takes its region along. */
static void held_card_goes(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;

	(void)state;
	hold_subject(&vfio, &bar);
	bench_close(vfio);
	assert_false(is_free());
	assert_ok(device_unbind(engine));
	assert_true(is_free());
}

static void held_killed(void **state)
{
	(void)state;
	assert_ok(bench_reload("pinned_importers=hold"));
	assert_ok(device_bind(memory, bench_driver()));
	assert_ok(card_register_as(CARD_PINNED));
	kill_holder(DEVICE_CARD, -1);
	assert_true(is_free());
	kill_holder(CARD_DEVICE, -1);
	assert_true(is_free());
}

static int reload_teardown(void **state)
{
	teardown(state);
	return bench_reload("");
}

#define RDMA(name, function) \
	{ "rdma: " name, function, setup, teardown, NULL }
#define HELD(name, function) \
	{ "rdma: " name, function, setup, reload_teardown, NULL }

int suite_rdma(void)
{
	const struct CMUnitTest tests[] = {
		RDMA("what the card writes to a region is in the BAR", writes),
		RDMA("a region keeps the buffer without its descriptor",
		     keeps_the_buffer),
		RDMA("each page of the card's table leads to its place in a range",
		     pages_of_a_range),
		RDMA("each page leads to its place in several ranges",
		     pages_of_several),
		RDMA("each page leads to its place in more than an entry can have",
		     pages_of_huge),
		RDMA("regions on parts of one buffer come and go together",
		     several_regions),
		RDMA("decoding off takes the card's table, and the next use brings it",
		     decoding_off),
		RDMA("a reset takes the card's table, and the next use brings it",
		     reset),
		RDMA("closing the device takes the card's table for good", closed),
		RDMA("a device on which a region is registered can be unbound",
		     unbound),
		RDMA("nothing is registered while decoding is off",
		     registered_while_off),
		RDMA("debugfs has the card while a region is registered",
		     shown_inside),
		RDMA("a card that goes leaves nothing behind", card_goes),
		RDMA("the card's user is killed", card_user_killed),
		RDMA("who has opened both is killed, in both orders", both_killed),
		RDMA("the example program registers a region", example),
		RDMA("a region that pins and is not told is refused", pinned),
		expect_kernel()->pins == PINS_ALLOWED ?
			(struct CMUnitTest)
			RDMA("a region that pins and obeys is given up for good",
			     revocable) :
			(struct CMUnitTest)
			RDMA("where pins are refused, one that would obey is as well",
			     not_revocable),
	};
	const struct CMUnitTest hold[] = {
		HELD("a region that pins is held through decoding off", held),
		HELD("a region that pins keeps the device from its next user",
		     held_closed),
		HELD("a card that goes lets a held device go", held_card_goes),
		HELD("who has pinned and opened both is killed, in both orders",
		     held_killed),
	};
	int failed = cmocka_run_group_tests_name("rdma", tests, load, unload);

	/* Only our own exporter holds. */
	if (expect()->shows_inside && !access(PARAMETER, F_OK))
		failed += cmocka_run_group_tests_name("rdma", hold, load, unload);
	return failed;
}
