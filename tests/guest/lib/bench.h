/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share: assertions that print the reason, and openers whose results
 * are closed at the end of the test, also after a failure.
 */
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "device.h"
#include "expect.h"
#include "importer.h"
#include "klog.h"
#include "modules.h"
#include "vfio.h"

/* Of the kernel; build-cross-programs says so if it is another. */
#ifndef PAGE
#define PAGE 4096UL
#endif
#define MIB (1024 * 1024UL)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/* For calls that return a value of at least 0, or a negative errno. */
#define assert_ok(call) \
	check_ok(call, #call, __FILE__, __LINE__)
#define assert_error(call, error) \
	check_error(call, error, #call, __FILE__, __LINE__)
/* For calls that return -1 and set errno. */
#define assert_sys(call) \
	check_ok((call) < 0 ? -errno : 0, #call, __FILE__, __LINE__)
#define assert_sys_error(call, error) \
	check_error((call) < 0 ? -errno : 0, error, #call, __FILE__, __LINE__)

int check_ok(long long ret, const char *call, const char *file, int line);
void check_error(long long ret, int error, const char *call, const char *file,
		 int line);

/* Polls until the condition holds; fails after half a minute. */
#define wait_until(condition) \
	do { \
		long long end_ = bench_now_ms() + 60000; \
		while (!(condition)) { \
			if (bench_now_ms() > end_) \
				fail_msg("not within 60 seconds: %s", \
					 #condition); \
			usleep(1000); \
		} \
	} while (0)

/*
 * A test; its name is a sentence about what is observed.  TEST_WITH() is for tests that
 * share a function: *state points to the data.
 */
#define TEST(suite, name, function) TEST_WITH(suite, name, function, NULL)
#define TEST_WITH(suite, name, function, data) \
	{ suite ": " name, function, bench_setup, bench_teardown, (void *)(data) }

/* Runs an array of tests; returns how many failed. */
#define run_group(suite, tests) \
	cmocka_run_group_tests_name(suite, tests, NULL, NULL)

/* A test that reloads the driver; the teardown loads it with the former options. */
#define TEST_RELOADS(suite, name, function) \
	{ suite ": " name, function, bench_setup, bench_reload_teardown, NULL }

int bench_setup(void **state);
int bench_teardown(void **state);
int bench_reload_teardown(void **state);

/* The driver under test, and whether it is ours. */
const char *bench_driver(void);
bool bench_is_ours(void);
/* Whether ours is the drop-in, in place of the kernel's vfio-pci. */
bool bench_is_dropin(void);
/* The driver's module, as /sys/module has it. */
const char *bench_module(void);
/* Reloads it with the options of this run and @options: 0 or a negative errno. */
int bench_reload(const char *options);

/* Whether several ranges can be mapped: see struct expect. */
bool bench_maps_several(void);

/* Fails the test if the machine does not have the device. */
const char *bench_find(enum device_kind kind, unsigned int nth);

/* Binds the device to the driver under test, and opens it. */
struct vfio *bench_open(const char *bdf);
/* The shared memory of ivshmem, 4 MiB in a 64-bit prefetchable BAR 2. */
struct vfio *bench_open_memory(void);
/* Switches memory decoding on or off. */
void bench_decoding(struct vfio *vfio, bool on);
uint64_t bench_memory_size(struct vfio *vfio);
void bench_close(struct vfio *vfio);
uint8_t *bench_mmap(struct vfio *vfio, unsigned int index);

/* Reads a file of a device in our driver's debugfs directory. */
int bench_debugfs(const char *bdf, const char *file, char *text, size_t size);

int bench_export(struct vfio *vfio, unsigned int index, uint64_t offset,
		 uint64_t length);
int bench_export_ranges(struct vfio *vfio, unsigned int index,
			const struct vfio_region_dma_range *ranges,
			uint32_t count);
int bench_importer(const char *device);
/* Keeps any other file descriptor; returns it. */
int bench_keep(int fd);
void bench_drop(int fd);

/*
 * The importer writes @size bytes at @offset of its buffer; they must appear at @where
 * in BAR 2, and be what it reads back.
 */
void bench_move(struct vfio *vfio, int importer, uint64_t offset,
		uint64_t where, size_t size);

/* Bytes that differ from seed to seed and from one to the next. */
void bench_pattern(uint8_t *data, size_t size, unsigned int seed);
long long bench_now_ms(void);

#endif /* GUEST_BENCH_H */
