// SPDX-License-Identifier: GPL-2.0-only
/* What one call costs: export, attach, map; and what the hardware's tables would. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "measure.h"

#define MIB	(1024 * 1024ULL)
#define GIB	(1024 * MIB)

static const unsigned int counts[] = { 1, 16, 256, 4096 };

static const struct {
	const char *name;
	uint64_t size;
} sizes[] = {
	{ "4K", 4096 },
	{ "2M", 2 * MIB },
	{ "1G", GIB },
	{ "64G", 64 * GIB },
};

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/* There is no such call: all that is left is the way into the driver and back. */
static void measure_ioctl(const struct measure_side *side)
{
	uint64_t start, least = UINT64_MAX;
	int i;

	for (i = 0; i < MEASURE_REPEAT; i++) {
		start = __rdtsc();
		ioctl(side->vfio.device, _IO(';', 99));
		measure_note(&least, start);
	}
	measure_row(side, least, "ioctl");
}

/* As vfio_export() does it, with the request made before. */
static void measure_exports(const struct measure_side *side, unsigned int count)
{
	static struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_dma_buf buffer;
		struct vfio_region_dma_range ranges[4096];
	} request;
	uint64_t start, least = UINT64_MAX;
	unsigned int i;
	int fd;

	request.feature.argsz = sizeof(request);
	request.feature.flags = VFIO_DEVICE_FEATURE_GET |
				VFIO_DEVICE_FEATURE_DMA_BUF;
	request.buffer.region_index = MEASURE_BAR;
	request.buffer.open_flags = O_RDWR | O_CLOEXEC;
	request.buffer.nr_ranges = count;
	for (i = 0; i < count; i++)
		request.ranges[i] = (struct vfio_region_dma_range) {
			2 * i * PAGE, PAGE
		};
	for (i = 0; i < MEASURE_REPEAT; i++) {
		start = __rdtsc();
		fd = ioctl(side->vfio.device, VFIO_DEVICE_FEATURE, &request);
		close(fd);
		measure_note(&least, start);
		measure_must("exporting", fd < 0 ? -errno : 0);
	}
	measure_row(side, least, "export-%u", count);
}

static void measure_attach(const struct measure_side *side)
{
	struct dvp_importer_measure attach = {
		.what = DVP_MEASURE_ATTACH,
		.repeat = MEASURE_REPEAT,
		.fd = measure_must("exporting", measure_export(side, 1, PAGE)),
	};

	measure_must("measuring the attach",
		     importer_measure(measure_importers.fds[IOMMU], &attach));
	measure_row(side, attach.make + attach.undo - 2 * measure_idle,
		    "attach");
	close(attach.fd);
}

/* What takes part of a row's name: making something, and undoing it. */
struct pair {
	enum dvp_importer_measured what;
	const char *make;
	const char *undo;
};

static const struct pair map_and_unmap = { DVP_MEASURE_MAP, "map", "unmap" };
static const struct pair first_and_last = {
	DVP_MEASURE_FIRST, "first", "last"
};

/* Takes the buffer with it. */
static void measure_pair(const struct measure_side *side,
			 const struct pair *pair, int buffer,
			 enum measure_way way, const char *name)
{
	struct dvp_importer_measure calls = {
		.what = pair->what,
		.repeat = MEASURE_REPEAT,
		.fd = measure_must("exporting", buffer),
	};
	int ret = importer_measure(measure_importers.fds[way], &calls);

	measure_row(side, ret ?: (long long)(calls.make - measure_idle),
		    "%s-%s-%s", pair->make, measure_ways[way], name);
	measure_row(side, ret ?: (long long)(calls.undo - measure_idle),
		    "%s-%s-%s", pair->undo, measure_ways[way], name);
	close(buffer);
}

static void measure_maps(const struct measure_side *side, int buffer,
			 enum measure_way way, const char *name)
{
	measure_pair(side, &map_and_unmap, buffer, way, name);
}

/* Importers hardly ever do that. */
static void measure_again(const struct measure_side *side)
{
	struct dvp_importer_measure map = {
		.what = DVP_MEASURE_MAP_AGAIN,
		.repeat = MEASURE_REPEAT,
		.fd = measure_must("exporting", measure_export(side, 1, PAGE)),
	};

	measure_must("mapping again",
		     importer_measure(measure_importers.fds[IOMMU], &map));
	measure_row(side, map.make - measure_idle, "map-again");
	measure_row(side, map.undo - measure_idle, "unmap-again");
	close(map.fd);
}

static void measure_counts(const struct measure_side *side,
			   enum measure_way way)
{
	char name[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		snprintf(name, sizeof(name), "%u", counts[i]);
		measure_pair(side, &first_and_last,
			     measure_export(side, counts[i], PAGE), way, name);
		measure_maps(side, measure_export(side, counts[i], PAGE), way,
			     name);
	}
}

void measure_calls(struct measure_side *side)
{
	size_t i;

	measure_ioctl(side);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		measure_exports(side, counts[i]);
	measure_attach(side);
	measure_counts(side, BUS);
	measure_counts(side, DIRECT);
	measure_counts(side, IOMMU);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		measure_maps(side, measure_export(side, 1, sizes[i].size),
			     IOMMU, sizes[i].name);
	measure_again(side);
	measure_maps(side, measure_export(side, 1, PAGE), LAZY, "1");
}

static void measure_floor(const struct measure_side *side, unsigned int pieces,
			  uint64_t length, const char *name)
{
	const struct measure_side floor = { .name = "floor" };
	struct dvp_importer_measure table = {
		.what = DVP_MEASURE_FLOOR,
		.repeat = MEASURE_REPEAT,
		.pieces = pieces,
		.length = length,
		.stride = 2 * length,
	};
	struct bar bar;

	measure_must("looking for the memory",
		     device_bar(side->bdf, MEASURE_BAR, &bar));
	table.address = bar.start;
	measure_must("measuring the page table",
		     importer_measure(measure_importers.fds[IOMMU], &table));
	measure_row(&floor, table.make - measure_idle, "map-iommu-%s", name);
	measure_row(&floor, table.undo - measure_idle, "unmap-iommu-%s", name);
}

void measure_floors(const struct measure_side *side)
{
	char name[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		snprintf(name, sizeof(name), "%u", counts[i]);
		measure_floor(side, counts[i], PAGE, name);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		measure_floor(side, 1, sizes[i].size, sizes[i].name);
}
