// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"

#define MAX_DEVICES	4
#define MAX_MAPS	8
#define MAX_FDS		160

/* Everything that a test may leave open. */
static struct {
	struct vfio devices[MAX_DEVICES];
	struct {
		struct vfio *device;
		uint8_t *memory;
		size_t size;
	} maps[MAX_MAPS];
	int fds[MAX_FDS];
	unsigned int nr_maps;
	unsigned int nr_fds;
} bench;

int check_ok(long long ret, const char *call, const char *file, int line)
{
	if (ret < 0) {
		print_error("%s: %s\n", call, strerror(-ret));
		_fail(file, line);
	}
	return ret;
}

void check_error(long long ret, int error, const char *call, const char *file,
		 int line)
{
	if (ret == -error)
		return;
	print_error("%s: expected \"%s\", got \"%s\"\n", call, strerror(error),
		    ret < 0 ? strerror(-ret) : "success");
	_fail(file, line);
}

const char *bench_driver(void)
{
	const char *driver = getenv("DVP_DRIVER");

	return driver ? driver : "dmabuf-vfio-pci";
}

bool bench_is_dropin(void)
{
	const char *flavour = getenv("DVP_FLAVOUR");

	return flavour && !strcmp(flavour, "dropin");
}

bool bench_is_ours(void)
{
	return bench_is_dropin() || !strcmp(bench_driver(), "dmabuf-vfio-pci");
}

const char *bench_module(void)
{
	static char name[64];
	char *dash;

	snprintf(name, sizeof(name), "%s", bench_driver());
	while ((dash = strchr(name, '-')))
		*dash = '_';
	return name;
}

int bench_reload(const char *options)
{
	const char *exporter = getenv("DVP_EXPORTER");
	char all[256] = "";
	int ret;

	if (bench_is_ours() && exporter && *exporter)
		snprintf(all, sizeof(all), "exporter=%s ", exporter);
	strncat(all, options, sizeof(all) - strlen(all) - 1);

	ret = module_is_loaded(bench_driver()) ?
		module_unload(bench_driver()) : 0;
	return ret ? ret : module_load(bench_driver(), all);
}

int bench_reload_teardown(void **state)
{
	bench_teardown(state);
	return bench_reload("");
}

bool bench_maps_several(void)
{
	return !expects(several_translated) ||
	       !device_translated(bench_find(EDU, 0));
}

const char *bench_find(enum device_kind kind, unsigned int nth)
{
	const char *bdf = device_find(kind, nth);
	unsigned int vendor, device;

	if (!bdf) {
		device_ids(kind, &vendor, &device);
		fail_msg("the machine has no device %04x:%04x number %u",
			 vendor, device, nth);
	}
	return bdf;
}

struct vfio *bench_open(const char *bdf)
{
	struct vfio *vfio = NULL;
	unsigned int i;

	for (i = 0; i < MAX_DEVICES && !vfio; i++)
		if (bench.devices[i].device < 0)
			vfio = &bench.devices[i];
	assert_non_null(vfio);
	assert_ok(device_bind(bdf, bench_driver()));
	assert_ok(vfio_open(vfio, bdf));
	return vfio;
}

/* A mapping of the device's memory keeps the device open as well. */
static void unmap_all(struct vfio *vfio)
{
	unsigned int i;

	for (i = 0; i < bench.nr_maps; i++) {
		if (bench.maps[i].device != vfio)
			continue;
		munmap(bench.maps[i].memory, bench.maps[i].size);
		bench.maps[i].device = NULL;
	}
}

struct vfio *bench_open_memory(void)
{
	return bench_open(bench_find(IVSHMEM, 0));
}

void bench_decoding(struct vfio *vfio, bool on)
{
	assert_ok(vfio_set_command(vfio, on ? PCI_COMMAND_MEMORY : 0,
				   on ? 0 : PCI_COMMAND_MEMORY));
}

uint64_t bench_memory_size(struct vfio *vfio)
{
	struct vfio_region_info info;

	assert_ok(vfio_region(vfio, VFIO_PCI_BAR2_REGION_INDEX, &info));
	return info.size;
}

void bench_close(struct vfio *vfio)
{
	unmap_all(vfio);
	vfio_close(vfio);
}

uint8_t *bench_mmap(struct vfio *vfio, unsigned int index)
{
	uint8_t *memory;
	size_t size;

	assert_true(bench.nr_maps < MAX_MAPS);
	assert_ok(vfio_map(vfio, index, &memory, &size));
	bench.maps[bench.nr_maps].device = vfio;
	bench.maps[bench.nr_maps].memory = memory;
	bench.maps[bench.nr_maps].size = size;
	bench.nr_maps++;
	return memory;
}

int bench_keep(int fd)
{
	while (bench.nr_fds && bench.fds[bench.nr_fds - 1] < 0)
		bench.nr_fds--;
	assert_true(bench.nr_fds < MAX_FDS);
	bench.fds[bench.nr_fds++] = fd;
	return fd;
}

void bench_drop(int fd)
{
	unsigned int i;

	for (i = 0; i < bench.nr_fds; i++)
		if (bench.fds[i] == fd)
			bench.fds[i] = -1;
	close(fd);
}

int bench_debugfs(const char *bdf, const char *file, char *text, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s/%s",
		 bench_driver(), bdf, file);
	return read_file(path, text, size);
}

int bench_export(struct vfio *vfio, unsigned int index, uint64_t offset,
		 uint64_t length)
{
	return bench_keep(assert_ok(vfio_export_range(vfio, index, offset,
						      length)));
}

int bench_export_ranges(struct vfio *vfio, unsigned int index,
			const struct vfio_region_dma_range *ranges,
			uint32_t count)
{
	return bench_keep(assert_ok(vfio_export(vfio, index, ranges, count,
						O_RDWR | O_CLOEXEC)));
}

int bench_importer(const char *device)
{
	if (strcmp(device, "platform"))
		assert_ok(device_bind(device, "dvp_importer"));
	return bench_keep(assert_ok(importer_open(device)));
}

int bench_setup(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < MAX_DEVICES; i++)
		bench.devices[i] = (struct vfio) { -1, -1, -1 };
	bench.nr_maps = 0;
	bench.nr_fds = 0;
	return 0;
}

/* Importers and buffers first: closing a device waits for importers. */
int bench_teardown(void **state)
{
	unsigned int i;

	(void)state;
	for (i = bench.nr_fds; i--;)
		if (bench.fds[i] >= 0)
			close(bench.fds[i]);
	bench.nr_fds = 0;
	for (i = 0; i < MAX_DEVICES; i++)
		bench_close(&bench.devices[i]);
	bench.nr_maps = 0;
	return 0;
}

void bench_pattern(uint8_t *data, size_t size, unsigned int seed)
{
	uint32_t x = seed * 2654435761u + 1;

	while (size--) {
		x = x * 1664525 + 1013904223;
		*data++ = x >> 24;
	}
}

void bench_move(struct vfio *vfio, int importer, uint64_t offset,
		uint64_t where, size_t size)
{
	static unsigned int seed;
	uint8_t data[DVP_IMPORTER_TRANSFER_MAX], got[DVP_IMPORTER_TRANSFER_MAX];

	assert_true(size <= sizeof(data));
	bench_pattern(data, size, ++seed);
	assert_ok(importer_write(importer, offset, data, size));
	assert_ok(vfio_read(vfio, VFIO_PCI_BAR2_REGION_INDEX, where, got, size));
	assert_memory_equal(got, data, size);
	memset(got, 0, size);
	assert_ok(importer_read(importer, offset, got, size));
	assert_memory_equal(got, data, size);
}

long long bench_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
