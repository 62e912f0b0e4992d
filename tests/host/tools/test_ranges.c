// SPDX-License-Identifier: GPL-2.0-only
#include "device.h"
#include "ranges.h"
#include "units.h"

static void good_ranges(void **state)
{
	uint64_t offset, length;

	(void)state;
	assert_true(range_parse("0:4096", &offset, &length));
	assert_int_equal(offset, 0);
	assert_int_equal(length, 4096);
	assert_true(range_parse("0x1000:2M", &offset, &length));
	assert_int_equal(offset, 0x1000);
	assert_int_equal(length, 2 << 20);
	assert_true(range_parse("1g:64k", &offset, &length));
	assert_int_equal(offset, 1 << 30);
	assert_int_equal(length, 64 << 10);
}

static void bad_ranges(void **state)
{
	static const char *const bad[] = {
		"", ":", "1", "1:", ":1", "1:2:3", "-1:2", "1:2KB", "x:1",
		"1: 2", "16777216T:1", "99999999999999999999:1",
	};
	uint64_t offset, length;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (range_parse(bad[i], &offset, &length))
			fail_msg("\"%s\" is taken for a range", bad[i]);
}

static void sizes(void **state)
{
	static const struct {
		unsigned long long bytes;
		const char *words;
	} sizes[] = {
		{ 0, "0 bytes" }, { 256, "256 bytes" }, { 4096, "4 KiB" },
		{ 1536, "1.5 KiB" }, { 32ULL << 30, "32 GiB" },
		{ 4096ULL << 40, "4096 TiB" },
	};
	char *words;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		words = size_text(sizes[i].bytes);
		assert_string_equal(words, sizes[i].words);
		free(words);
	}
}

static void below(void **state)
{
	static const char bdf[] = "0000:03:00.0";

	(void)state;
	assert_true(device_has(bdf, "/sys/devices/pci0000:00/0000:03:00.0"));
	assert_true(device_has(bdf, "/sys/devices/pci0000:00/0000:03:00.0/nvme"));
	assert_false(device_has(bdf, "/sys/devices/pci0000:00/10000:03:00.0/a"));
	assert_false(device_has(bdf, "/sys/devices/pci0000:00/0000:03:00.01"));
	assert_true(device_has(bdf, "/x/10000:03:00.0/0000:03:00.0/a"));
	assert_false(device_has(bdf, "/sys/devices/virtual"));
}

int test_ranges(void)
{
	const struct CMUnitTest tests[] = {
		TEST("ranges: as they are typed", good_ranges),
		TEST("ranges: what is none is refused", bad_ranges),
		TEST("ranges: sizes in words", sizes),
		TEST("ranges: what is below a device", below),
	};

	return run_group("ranges", tests);
}
