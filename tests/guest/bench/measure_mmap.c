// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs that the CPU maps the memory, and to take that back.  Where a driver's
 * dma-bufs cannot be mapped, the same part of the device's own file is.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "measure.h"

#define GIB		(1024 * 1024 * 1024ULL)
#define MAX_WINDOWS	64
#define REPEAT		8

/**
 * struct window - what can be mapped
 * @buffer: the dma-buf
 * @fd: of what is mapped: @buffer, or the device
 * @offset: there
 */
struct window {
	int buffer;
	int fd;
	off_t offset;
};

static uint8_t *map_at(const struct window *window, size_t size, void *where)
{
	void *memory = mmap(where, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | (where ? MAP_FIXED : 0), window->fd,
			    window->offset);

	return memory == MAP_FAILED ? NULL : memory;
}

static uint8_t *must_map(const struct window *window, size_t size)
{
	uint8_t *memory = map_at(window, size, NULL);

	measure_must("mapping memory for the CPU", memory ? 0 : -errno);
	return memory;
}

static void open_window(const struct measure_side *side, struct window *window,
			size_t size)
{
	struct vfio_region_info info;
	uint8_t *memory;

	window->buffer = measure_must("exporting", measure_export(side, 1, size));
	window->fd = window->buffer;
	window->offset = 0;
	memory = map_at(window, size, NULL);
	if (memory) {
		munmap(memory, size);
		return;
	}
	measure_must("asking for the BAR",
		     vfio_region(&side->vfio, MEASURE_BAR, &info));
	window->fd = side->vfio.device;
	window->offset = info.offset;
}

static void look(const uint8_t *at)
{
	__atomic_load_n(at, __ATOMIC_RELAXED);
}

static void measure_map(const struct measure_side *side, size_t size,
			const char *name)
{
	uint64_t start, least = UINT64_MAX;
	struct window window;
	uint8_t *memory;
	int i;

	open_window(side, &window, size);
	for (i = 0; i < MEASURE_REPEAT; i++) {
		start = __rdtsc();
		memory = map_at(&window, size, NULL);
		munmap(memory, size);
		measure_note(&least, start);
	}
	close(window.buffer);
	measure_row(side, least, "mmap-%s", name);
}

static void measure_fault(const struct measure_side *side)
{
	uint64_t start, least = UINT64_MAX;
	struct window window;
	uint8_t *memory;
	int i;

	open_window(side, &window, PAGE);
	for (i = 0; i < MEASURE_REPEAT; i++) {
		memory = must_map(&window, PAGE);
		start = __rdtsc();
		look(memory);
		measure_note(&least, start);
		munmap(memory, PAGE);
	}
	close(window.buffer);
	measure_row(side, least, "fault");
}

/* The process maps one page of each buffer; and takes it back with all of them. */
static void measure_revoke(const struct measure_side *side, unsigned int count)
{
	uint64_t revoke = UINT64_MAX, restore = UINT64_MAX;
	struct window windows[MAX_WINDOWS];
	uint8_t *memory[MAX_WINDOWS];
	unsigned int i, times;

	for (i = 0; i < count; i++) {
		open_window(side, &windows[i], PAGE);
		memory[i] = must_map(&windows[i], PAGE);
	}
	for (times = 0; times < REPEAT; times++) {
		for (i = 0; i < count; i++)
			look(memory[i]);
		measure_decoding(side, false, &revoke);
		measure_decoding(side, true, &restore);
	}
	for (i = 0; i < count; i++) {
		munmap(memory[i], PAGE);
		close(windows[i].buffer);
	}
	measure_row(side, revoke, "revoke-mmap-%u", count);
	measure_row(side, restore, "restore-mmap-%u", count);
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* All of it, in order; and all of it is taken back. */
static void measure_gigabyte(const struct measure_side *side)
{
	uint64_t start, touched = UINT64_MAX, revoked = UINT64_MAX, unused = UINT64_MAX;
	struct window window;
	uint8_t *room, *memory, *at;
	long before;

	open_window(side, &window, GIB);
	room = mmap(NULL, 2 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	measure_must("finding room", room == MAP_FAILED ? -errno : 0);
	memory = (uint8_t *)(((uintptr_t)room + GIB - 1) & -GIB);
	measure_must("mapping memory for the CPU",
		     map_at(&window, GIB, memory) ? 0 : -errno);
	before = faults();
	start = __rdtsc();
	for (at = memory; at < memory + GIB; at += PAGE)
		look(at);
	measure_note(&touched, start);
	measure_row(side, faults() - before, "faults-1G");
	measure_row(side, touched, "touch-1G");
	measure_decoding(side, false, &revoked);
	measure_decoding(side, true, &unused);
	measure_row(side, revoked, "revoke-mmap-1G");
	munmap(room, 2 * GIB);
	close(window.buffer);
}

void measure_mappings(const struct measure_side *side)
{
	measure_map(side, PAGE, "4K");
	measure_map(side, GIB, "1G");
	measure_fault(side);
	measure_gigabyte(side);
	measure_revoke(side, 1);
	measure_revoke(side, MAX_WINDOWS);
}
