// SPDX-License-Identifier: GPL-2.0-only
/* Bytes that one device moves into the memory of another. */
#include "bench.h"
#include "suites.h"

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define CHUNK	DVP_IMPORTER_TRANSFER_MAX

/* An exporter whose memory the CPU sees as well, and an importer. */
struct pair {
	struct vfio *vfio;
	uint8_t *memory;
	int importer;
};

static struct pair open_pair(const char *exporter, unsigned int bar)
{
	struct pair pair;

	pair.vfio = bench_open(exporter);
	pair.memory = bench_mmap(pair.vfio, bar);
	pair.importer = bench_importer(bench_find(EDU, 0));
	return pair;
}

static void import(const struct pair *pair, int buffer)
{
	assert_ok(importer_attach(pair->importer, buffer));
	assert_ok(importer_map(pair->importer));
}

/* The device writes at @offset of the buffer; it must appear at @where. */
static void check_write(const struct pair *pair, uint64_t offset,
			uint64_t where, unsigned int seed)
{
	uint8_t data[CHUNK];

	bench_pattern(data, sizeof(data), seed);
	assert_ok(importer_write(pair->importer, offset, data, sizeof(data)));
	assert_memory_equal(pair->memory + where, data, sizeof(data));
}

/* The device reads at @offset of the buffer what the CPU put at @where. */
static void check_read(const struct pair *pair, uint64_t offset,
		       uint64_t where, unsigned int seed)
{
	uint8_t data[CHUNK], got[CHUNK];

	bench_pattern(data, sizeof(data), seed);
	memcpy(pair->memory + where, data, sizeof(data));
	assert_ok(importer_read(pair->importer, offset, got, sizeof(got)));
	assert_memory_equal(got, data, sizeof(got));
}

static void both_ways(const char *exporter, unsigned int bar, uint64_t start)
{
	struct pair pair = open_pair(exporter, bar);

	import(&pair, bench_export(pair.vfio, bar, start, 4 * PAGE));
	check_write(&pair, 0, start, 1);
	check_write(&pair, 3 * PAGE + PAGE - CHUNK,
		    start + 3 * PAGE + PAGE - CHUNK, 2);
	check_read(&pair, PAGE, start + PAGE, 3);
}

static void shared_memory(void **state)
{
	(void)state;
	both_ways(bench_find(IVSHMEM, 0), BAR2, MIB);
}

/* A 32-bit prefetchable BAR. */
static void frame_buffer(void **state)
{
	(void)state;
	both_ways(bench_find(VGA, 0), BAR0, 2 * MIB);
}

static void controller_memory(void **state)
{
	(void)state;
	both_ways(bench_find(NVME, 0), BAR2, 8 * MIB);
}

/* A write changes what it is told to change, and nothing around it. */
static void nothing_else(void **state)
{
	struct pair pair = open_pair(bench_find(IVSHMEM, 0), BAR2);
	const size_t size = 4 * MIB, where = MIB + PAGE + 256;
	uint8_t *before = test_malloc(size);
	uint8_t data[64];

	(void)state;
	bench_pattern(before, size, 4);
	memcpy(pair.memory, before, size);
	import(&pair, bench_export(pair.vfio, BAR2, MIB, 4 * PAGE));

	bench_pattern(data, sizeof(data), 5);
	assert_ok(importer_write(pair.importer, PAGE + 256, data,
				 sizeof(data)));
	memcpy(before + where, data, sizeof(data));
	assert_memory_equal(pair.memory, before, size);
	test_free(before);
}

static const struct vfio_region_dma_range pieces[] = {
	{ 2 * MIB, PAGE },		/* out of order, with gaps */
	{ 0, 2 * PAGE },
	{ PAGE, 2 * PAGE },		/* overlaps */
	{ 2 * MIB, PAGE },		/* repeats */
	{ 3 * MIB, PAGE },		/* two that are adjacent */
	{ 3 * MIB + PAGE, PAGE },
};

static struct pair open_pieces(void)
{
	struct pair pair = open_pair(bench_find(IVSHMEM, 0), BAR2);

	import(&pair, bench_export_ranges(pair.vfio, BAR2, pieces,
					  ARRAY_SIZE(pieces)));
	return pair;
}

static void write_pieces(void **state)
{
	struct pair pair = open_pieces();
	uint64_t offset = 0;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		check_write(&pair, offset, pieces[i].offset, 10 + i);
		offset += pieces[i].length;
	}
}

static void read_pieces(void **state)
{
	struct pair pair = open_pieces();
	uint64_t offset = 0, last;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		last = pieces[i].length - CHUNK;
		check_read(&pair, offset + last, pieces[i].offset + last,
			   20 + i);
		offset += pieces[i].length;
	}
}

/* The addresses that the device is given: its own, or those of the bus. */
static void addresses(void **state)
{
	const char *exporter = bench_find(IVSHMEM, 0);
	struct pair pair = open_pair(exporter, BAR2);
	struct dvp_importer_report report;
	struct dvp_importer_entry entry;
	struct bar bar;

	(void)state;
	assert_ok(device_bar(exporter, BAR2, &bar));
	import(&pair, bench_export(pair.vfio, BAR2, MIB, PAGE));
	assert_ok(importer_report(pair.importer, &report, &entry, 1));
	if (device_translated(bench_find(EDU, 0)))
		assert_int_not_equal(entry.address, bar.start + MIB);
	else
		assert_int_equal(entry.address, bar.start + MIB);
}

static void two_importers(void **state)
{
	struct pair pair = open_pair(bench_find(IVSHMEM, 0), BAR2);
	int buffer = bench_export(pair.vfio, BAR2, 0, 2 * PAGE);
	struct pair other = pair;

	(void)state;
	other.importer = bench_importer(bench_find(EDU, 1));
	import(&pair, buffer);
	import(&other, buffer);
	check_write(&pair, 0, 0, 30);
	check_write(&other, PAGE, PAGE, 31);
	check_read(&other, CHUNK, CHUNK, 32);
}

/* What one device wrote, another reads back, with no CPU in between. */
static void device_to_device(void **state)
{
	struct pair pair = open_pair(bench_find(IVSHMEM, 0), BAR2);
	int buffer = bench_export(pair.vfio, BAR2, MIB, PAGE);
	struct pair other = pair;
	uint8_t data[CHUNK], got[CHUNK];

	(void)state;
	other.importer = bench_importer(bench_find(EDU, 1));
	import(&pair, buffer);
	import(&other, buffer);
	bench_pattern(data, sizeof(data), 40);
	assert_ok(importer_write(pair.importer, 512, data, sizeof(data)));
	assert_ok(importer_read(other.importer, 512, got, sizeof(got)));
	assert_memory_equal(got, data, sizeof(got));
}

static void two_exporters(void **state)
{
	struct pair pair = open_pair(bench_find(IVSHMEM, 0), BAR2);
	struct pair other = open_pair(bench_find(IVSHMEM, 1), BAR2);

	(void)state;
	import(&pair, bench_export(pair.vfio, BAR2, 0, PAGE));
	import(&other, bench_export(other.vfio, BAR2, 0, PAGE));
	check_write(&pair, 0, 0, 50);
	check_write(&other, 0, 0, 51);
	check_read(&pair, CHUNK, CHUNK, 52);
}

#define TRANSFER(name, function) TEST("transfer", name, function)

int suite_transfer(void)
{
	const struct CMUnitTest tests[] = {
		TRANSFER("bytes move in and out of shared memory",
			 shared_memory),
		TRANSFER("bytes move in and out of a frame buffer",
			 frame_buffer),
		TRANSFER("bytes move in and out of an NVMe's memory",
			 controller_memory),
		TRANSFER("a write changes nothing around it", nothing_else),
		TRANSFER("addresses are of the IOMMU, or of the bus without",
			 addresses),
		TRANSFER("two devices write into one buffer", two_importers),
		TRANSFER("a device reads what another device wrote",
			 device_to_device),
		TRANSFER("a device writes to two devices", two_exporters),
	};
	const struct CMUnitTest several[] = {
		TRANSFER("writes land in the right one of many ranges",
			 write_pieces),
		TRANSFER("reads come from the right one of many ranges",
			 read_pieces),
	};
	int failed;

	failed = run_group("transfer", tests);
	if (bench_maps_several())
		failed += run_group("transfer", several);
	return failed;
}
