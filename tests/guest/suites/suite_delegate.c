// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices of a BAR in other hands: dma-bufs that a process maps, and that the owner of
 * the device takes back.  Several processes are in suite_tenants.c, and what looks for
 * pages in suite_pages.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench.h"
#include "events.h"
#include "slice.h"
#include "suites.h"
#include "touch.h"

/* What is written through the one is read through the other. */
static void same_bytes(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 2 * PAGE, SLICE);
	uint8_t *memory = slice_map(buffer, SLICE, 0), *bar = bench_mmap(vfio, SLICE_BAR);
	uint8_t *part = slice_map(buffer, PAGE, 3 * PAGE);

	(void)state;
	bench_pattern(memory, SLICE, 1);
	assert_memory_equal(memory, bar + 2 * PAGE, SLICE);
	assert_memory_equal(part, bar + 5 * PAGE, PAGE);
	bar[5 * PAGE] = 0x5a;
	assert_int_equal(*part, 0x5a);
	assert_sys(munmap(memory, SLICE));
	assert_sys(munmap(part, PAGE));
}

/* In the order of the buffer, which may repeat and leave gaps. */
static void several_ranges(void **state)
{
	const struct vfio_region_dma_range ranges[] = {
		{ 9 * PAGE, 2 * PAGE }, { 0, PAGE }, { 4 * PAGE, 3 * PAGE },
		{ 9 * PAGE, PAGE },
	};
	static const unsigned int pages[] = { 9, 10, 0, 4, 5, 6, 9 };
	struct vfio *vfio = bench_open_memory();
	uint8_t *bar = bench_mmap(vfio, SLICE_BAR), *memory;
	unsigned int i;
	int buffer;

	(void)state;
	buffer = bench_export_ranges(vfio, SLICE_BAR, ranges, ARRAY_SIZE(ranges));
	memory = slice_map(buffer, ARRAY_SIZE(pages) * PAGE, 0);
	for (i = 0; i < 16; i++)
		bar[i * PAGE] = 100 + i;
	for (i = ARRAY_SIZE(pages); i--;)
		assert_int_equal(memory[i * PAGE], 100 + pages[i]);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		assert_int_equal(memory[i * PAGE], 100 + pages[i]);
	assert_sys(munmap(memory, ARRAY_SIZE(pages) * PAGE));
}

static void read_only(void **state)
{
	const struct vfio_region_dma_range range = { 0, SLICE };
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_keep(assert_ok(vfio_export(vfio, SLICE_BAR, &range, 1,
						      O_RDONLY)));
	uint8_t *memory;

	(void)state;
	slice_refused(buffer, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0, EACCES);
	memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, buffer, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_true(touch(memory) >= 0);
	assert_int_equal(mprotect(memory, PAGE, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	assert_sys(munmap(memory, PAGE));
}

static void bad_requests(void **state)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE);
	uint8_t *memory;

	(void)state;
	slice_refused(buffer, PAGE, rw, MAP_PRIVATE, 0, EINVAL);
	slice_refused(buffer, PAGE, PROT_READ, MAP_PRIVATE, 0, EINVAL);
	slice_refused(buffer, SLICE + PAGE, rw, MAP_SHARED, 0, EINVAL);
	slice_refused(buffer, PAGE, rw, MAP_SHARED, SLICE, EINVAL);
	slice_refused(buffer, PAGE, rw, MAP_SHARED, 1, EINVAL);
	slice_refused(buffer, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, 0, EPERM);
	memory = slice_map(buffer, PAGE, 0);
	assert_int_equal(mprotect(memory, PAGE, rw | PROT_EXEC), -1);
	assert_int_equal(errno, EACCES);
	assert_ptr_equal(mremap(memory, PAGE, 2 * PAGE, MREMAP_MAYMOVE),
			 MAP_FAILED);
	assert_int_equal(errno, EFAULT);
	assert_true(touch(memory) >= 0);
	assert_sys(munmap(memory, PAGE));
}

/* Whatever is done with the area, it shows the same, and goes with the memory. */
static void areas(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE);
	uint8_t *memory = slice_map(buffer, SLICE, 0), *moved, *room;
	unsigned int i;

	(void)state;
	for (i = 0; i < 16; i++)
		memory[i * PAGE] = i;
	assert_sys(mprotect(memory + 4 * PAGE, PAGE, PROT_READ));
	assert_sys(munmap(memory + 6 * PAGE, PAGE));
	assert_sys(madvise(memory, PAGE, MADV_DONTFORK));
	moved = mremap(memory + 8 * PAGE, 8 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	assert_ptr_not_equal(moved, MAP_FAILED);
	room = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(room, MAP_FAILED);
	moved = mremap(moved, 4 * PAGE, 4 * PAGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, room);
	assert_ptr_equal(moved, room);
	assert_int_equal(touch(memory + 4 * PAGE), 4);
	assert_int_equal(touch(memory + 5 * PAGE), 5);
	assert_int_equal(touch(moved + PAGE), 9);
	bench_decoding(vfio, false);
	assert_int_equal(touch(memory), -SIGBUS);
	assert_int_equal(touch(memory + 5 * PAGE), -SIGBUS);
	assert_int_equal(touch(moved + PAGE), -SIGBUS);
	bench_decoding(vfio, true);
	assert_int_equal(touch(memory), 0);
	assert_int_equal(touch(memory + 5 * PAGE), 5);
	assert_int_equal(touch(moved + PAGE), 9);
	assert_sys(munmap(memory, 8 * PAGE));
	assert_sys(munmap(moved, 4 * PAGE));
}

static void goes_and_comes(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE);
	uint8_t *memory = slice_map(buffer, SLICE, 0), *later;

	(void)state;
	memory[7] = 42;
	bench_decoding(vfio, false);
	assert_int_equal(touch(memory + 7), -SIGBUS);
	later = slice_map(buffer, SLICE, 0);
	assert_int_equal(touch(later + 7), -SIGBUS);
	bench_decoding(vfio, true);
	assert_int_equal(touch(memory + 7), 42);
	assert_int_equal(touch(later + 7), 42);
	assert_int_equal(ioctl(vfio->device, VFIO_DEVICE_RESET), 0);
	bench_decoding(vfio, true);
	assert_int_equal(touch(memory + 7), 42);
	bench_close(vfio);
	assert_int_equal(touch(memory + 7), -SIGBUS);
	vfio = bench_open_memory();
	assert_int_equal(touch(memory + 7), -SIGBUS);
	slice_refused(buffer, PAGE, PROT_READ, MAP_SHARED, 0, ENODEV);
	assert_error(slice_revoke(vfio, buffer), EBADFD);
	assert_sys(munmap(memory, SLICE));
	assert_sys(munmap(later, SLICE));
}

static void importer_too(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE);
	int other = bench_export(vfio, SLICE_BAR, 0, SLICE);
	int importer = bench_importer(bench_find(EDU, 0));
	uint8_t *memory = slice_map(buffer, SLICE, 0), *beside = slice_map(other, SLICE, 0);
	uint8_t data[64];

	(void)state;
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
	bench_pattern(data, sizeof(data), 7);
	assert_ok(importer_write(importer, PAGE, data, sizeof(data)));
	assert_memory_equal(memory + PAGE, data, sizeof(data));
	assert_ok(slice_revoke(vfio, buffer));
	assert_false(importer_is_mapped(importer));
	assert_error(importer_map(importer), ENODEV);
	assert_int_equal(touch(memory + PAGE), -SIGBUS);
	slice_refused(buffer, PAGE, PROT_READ, MAP_SHARED, 0, ENODEV);
	assert_error(slice_revoke(vfio, buffer), EBADFD);
	assert_error(slice_set_memattr(vfio, buffer, 0), EBADFD);
	/* Nothing brings it back, and another buffer has noticed nothing. */
	assert_memory_equal(beside + PAGE, data, sizeof(data));
	bench_decoding(vfio, false);
	bench_decoding(vfio, true);
	assert_int_equal(touch(memory + PAGE), -SIGBUS);
	assert_error(importer_map(importer), ENODEV);
	assert_memory_equal(beside + PAGE, data, sizeof(data));
	assert_sys(munmap(memory, SLICE));
	assert_sys(munmap(beside, SLICE));
}

/* A slow importer is waited for; the rest of the device goes on meanwhile. */
static void slow_importer(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE);
	int other = bench_export(vfio, SLICE_BAR, 0, SLICE);
	int importer = bench_importer(bench_find(EDU, 0));
	long long start;

	(void)state;
	assert_ok(importer_attach_as(importer, buffer,
				     DVP_IMPORTER_REVOCABLE, 700));
	assert_ok(importer_map(importer));
	start = bench_now_ms();
	assert_ok(slice_revoke(vfio, buffer));
	assert_in_range(bench_now_ms() - start, 650, 20000);
	assert_false(importer_is_mapped(importer));
	importer = bench_importer(bench_find(EDU, 1));
	assert_ok(importer_attach(importer, other));
	assert_ok(importer_map(importer));
}

static void feature_errors(void **state)
{
	struct vfio *vfio = bench_open_memory();
	struct vfio *other = bench_open(bench_find(IVSHMEM, 1));
	int buffer = bench_export(vfio, SLICE_BAR, 0, PAGE);

	(void)state;
	assert_ok(vfio_feature(vfio, VFIO_DEVICE_FEATURE_PROBE |
			       VFIO_DEVICE_FEATURE_SET |
			       DMABUF_VFIO_PCI_FEATURE_REVOKE, NULL, 0));
	assert_ok(vfio_feature(vfio, VFIO_DEVICE_FEATURE_PROBE |
			       VFIO_DEVICE_FEATURE_SET |
			       DMABUF_VFIO_PCI_FEATURE_MEMATTR, NULL, 0));
	assert_error(slice_revoke(vfio, -1), EBADF);
	assert_error(slice_revoke(vfio, vfio->device), EINVAL);
	assert_error(slice_revoke(other, buffer), ENODEV);
	assert_error(slice_set_memattr(vfio, buffer, 2), ENOENT);
	assert_error(slice_set_memattr(vfio, -1, 0), EBADF);
	assert_error(slice_set_memattr(vfio, vfio->device, 1), EINVAL);
	assert_error(slice_set_memattr(other, buffer, 1), ENODEV);
	assert_ok(slice_set_memattr(vfio, buffer, 1));
	assert_ok(slice_set_memattr(vfio, buffer, 0));
}

/* One that nobody can read write-combining, as reading may have effects. */
static void not_prefetchable(void **state)
{
	struct vfio *vfio = bench_open(bench_find(NVME, 0));
	int buffer = bench_export(vfio, VFIO_PCI_BAR0_REGION_INDEX, 0, PAGE);

	(void)state;
	assert_error(slice_set_memattr(vfio, buffer, 1), EOPNOTSUPP);
	assert_ok(slice_set_memattr(vfio, buffer, 0));
}

static long faults(void)
{
	struct rusage usage;

	assert_sys(getrusage(RUSAGE_SELF, &usage));
	return usage.ru_minflt + usage.ru_majflt;
}

/* An access in order is followed by more: a fault fills a page table. */
static void few_faults(void **state)
{
	struct vfio *vfio = bench_open_memory();
	uint64_t size = bench_memory_size(vfio), at;
	int buffer = bench_export(vfio, SLICE_BAR, 0, size);
	uint8_t *memory = slice_map_aligned(buffer, size);
	long start = faults(), used;

	(void)state;
	for (at = 0; at < size; at += PAGE)
		(void)touch(memory + at);
	used = faults() - start;
	printf("# %llu pages in %ld faults\n",
	       (unsigned long long)(size / PAGE), used);
	assert_in_range(used, 1, size / PAGE / SLICE_TABLE + 8);
	assert_sys(munmap(memory, size));
}

/* Who has mapped it, and in how many areas. */
static void shown(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	struct vfio *vfio = bench_open(bdf);
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE);
	uint8_t *memory = slice_map(buffer, SLICE, 0);
	char text[4096], line[128];

	(void)state;
	snprintf(line, sizeof(line), "\tmmap areas 1 pid %d comm ", getpid());
	assert_ok(bench_debugfs(bdf, "buffers", text, sizeof(text)));
	assert_non_null(strstr(text, line));
	assert_sys(munmap(memory + PAGE, PAGE));
	snprintf(line, sizeof(line), "\tmmap areas 2 pid %d comm ", getpid());
	assert_ok(bench_debugfs(bdf, "buffers", text, sizeof(text)));
	assert_non_null(strstr(text, line));
	assert_sys(munmap(memory, SLICE));
	assert_ok(bench_debugfs(bdf, "buffers", text, sizeof(text)));
	assert_null(strstr(text, "mmap"));
}

/* As the core lets the device's user map it. */
static void interrupt_table(void **state)
{
	struct vfio *vfio = bench_open(bench_find(NVME, 0));
	unsigned int msix = find_capability(vfio, PCI_CAP_ID_MSIX);
	uint8_t *bar, *table;
	uint32_t where;
	int buffer;

	(void)state;
	assert_ok(vfio_read(vfio, CONFIG, msix + PCI_MSIX_TABLE, &where,
			    sizeof(where)));
	assert_int_equal(where & PCI_MSIX_TABLE_BIR, 0);
	where &= ~(PAGE - 1);
	bar = bench_mmap(vfio, VFIO_PCI_BAR0_REGION_INDEX);
	buffer = bench_export(vfio, VFIO_PCI_BAR0_REGION_INDEX, where, PAGE);
	table = slice_map(buffer, PAGE, 0);
	assert_int_equal(touch(table), touch(bar + where));
	assert_sys(munmap(table, PAGE));
}

/* Unbinding takes the memory from whoever has mapped it, and does not wait for them. */
static void unbound(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	struct vfio *vfio = bench_open(bdf);
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE);
	uint8_t *memory = slice_map(buffer, SLICE, 0);

	(void)state;
	assert_true(touch(memory) >= 0);
	bench_close(vfio);
	assert_ok(device_unbind(bdf));
	assert_int_equal(touch(memory), -SIGBUS);
	slice_refused(buffer, PAGE, PROT_READ, MAP_SHARED, 0, ENODEV);
	assert_sys(munmap(memory, SLICE));
}

/* Where the kernel exports, nothing of this is there, and nothing else happens. */
static void not_there(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, PAGE);

	(void)state;
	slice_refused(buffer, PAGE, PROT_READ, MAP_SHARED, 0, EINVAL);
	assert_error(vfio_feature(vfio, VFIO_DEVICE_FEATURE_PROBE |
				  VFIO_DEVICE_FEATURE_SET |
				  DMABUF_VFIO_PCI_FEATURE_REVOKE, NULL, 0), ENOTTY);
	assert_error(slice_revoke(vfio, buffer), ENOTTY);
	assert_error(slice_set_memattr(vfio, buffer, 0), ENOTTY);
}

#define DELEGATE(name, function) TEST("delegate", name, function)

int suite_delegate(void)
{
	const struct CMUnitTest tests[] = {
		DELEGATE("a process sees the memory of the device", same_bytes),
		DELEGATE("ranges are in the order of the buffer", several_ranges),
		DELEGATE("a read-only descriptor is mapped read-only", read_only),
		DELEGATE("what cannot be mapped is refused", bad_requests),
		DELEGATE("areas are split, moved and shrunk", areas),
		DELEGATE("an access while the memory is away raises SIGBUS", goes_and_comes),
		DELEGATE("one buffer is revoked for good", importer_too),
		DELEGATE("that waits for a slow importer", slow_importer),
		DELEGATE("bad requests of the features are refused", feature_errors),
		DELEGATE("write-combining is for prefetchable BARs", not_prefetchable),
		DELEGATE("a fault fills what follows", few_faults),
		DELEGATE("debugfs shows who has mapped a buffer", shown),
		DELEGATE("the table of MSI-X can be mapped as the core maps it", interrupt_table),
		DELEGATE("unbinding does not wait for processes", unbound),
	};
	const struct CMUnitTest others[] = {
		DELEGATE("the kernel's exporter has none of it", not_there),
	};

	return expects(delegates) ? run_group("delegate", tests) :
				    run_group("delegate", others);
}
