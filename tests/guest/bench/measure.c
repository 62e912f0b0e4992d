// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure: what calls of the driver cost in the machine `bench`, with those of
 * vfio-pci next to them where it can do the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "measure.h"
#include "modules.h"

#define OURS "dmabuf-vfio-pci"

const char *const measure_ways[WAYS] = {
	[BUS] = "bus",
	[IOMMU] = "iommu",
	[DIRECT] = "direct",
	[LAZY] = "lazy",
};

struct measure_importers measure_importers;
uint64_t measure_idle;

static struct measure_side own = { .name = "own", .driver = OURS };
static struct measure_side intree = { .name = "intree", .driver = "vfio-pci" };

int measure_must(const char *what, long long ret)
{
	if (ret < 0) {
		printf("not ok - measure: %s: %s\n", what, strerror(-ret));
		exit(1);
	}
	return ret;
}

void measure_row(const struct measure_side *side, long long value,
		 const char *row, ...)
{
	va_list args;

	printf("@ %s ", side->name);
	va_start(args, row);
	vprintf(row, args);
	va_end(args);
	if (value < 0)
		printf(" %s\n", strerrorname_np(-value));
	else
		printf(" %lld\n", value);
}

int measure_export(const struct measure_side *side, unsigned int count,
		   uint64_t length)
{
	struct vfio_region_dma_range ranges[count];
	unsigned int i;

	for (i = 0; i < count; i++)
		ranges[i] = (struct vfio_region_dma_range) {
			2 * i * length, length
		};
	return vfio_export(&side->vfio, MEASURE_BAR, ranges, count,
			   O_RDWR | O_CLOEXEC);
}

/*
 * The kernel chooses a type of domain by itself; another one can be had while the
 * device has no driver.
 */
static void open_importer(enum measure_way way, const char *type)
{
	const char *bdf = device_find(EDU, way);

	if (!bdf)
		measure_must("looking for the importers", -ENODEV);
	if (type) {
		measure_must("unbinding an importer", device_unbind(bdf));
		measure_must("another domain for an importer",
			     device_write_attr(bdf, "iommu_group/type", type));
	}
	measure_must("binding an importer", device_bind(bdf, "dvp_importer"));
	measure_importers.bdfs[way] = strdup(bdf);
	measure_importers.fds[way] = measure_must("opening an importer",
						  importer_open(bdf));
}

static bool opens_exporter(struct measure_side *side, unsigned int nth)
{
	struct dvp_importer_info info = { 0 };

	measure_must("asking the importer",
		     importer_info(measure_importers.fds[BUS], &info));
	if (side == &intree && !info.core_exports)
		return false;
	side->bdf = strdup(device_find(IVSHMEM, nth));
	measure_must("binding an exporter", device_bind(side->bdf, side->driver));
	measure_must("opening an exporter", vfio_open(&side->vfio, side->bdf));
	return true;
}

/*
 * A thousand instructions that do nothing must take as long as a thousand; the
 * compiler may have put another one or two between them and the clock.
 */
static void check_clock(void)
{
	struct dvp_importer_measure clock = {
		.what = DVP_MEASURE_CLOCK,
		.repeat = MEASURE_REPEAT,
	};
	uint64_t least = UINT64_MAX;
	unsigned int i;

	measure_must("measuring the clock",
		     importer_measure(measure_importers.fds[BUS], &clock));
	if (clock.undo - clock.make - 1000 > 4) {
		printf("not ok - measure: the clock does not count instructions: %llu for 1000\n",
		       (unsigned long long)(clock.undo - clock.make));
		exit(1);
	}
	measure_idle = clock.make;
	for (i = 0; i < MEASURE_REPEAT; i++)
		measure_note(&least, __rdtsc());
	printf("# the clock itself: %llu, %llu in user space\n",
	       (unsigned long long)measure_idle, (unsigned long long)least);
}

/* As modprobe does it; what the module needs is there. */
static void measure_modprobe(void)
{
	uint64_t start, least = UINT64_MAX;
	int i;

	vfio_close(&own.vfio);
	measure_must("unbinding", device_unbind(own.bdf));
	for (i = 0; i < 4; i++) {
		measure_must("unloading the module", module_unload(OURS));
		start = __rdtsc();
		measure_must("loading the module", module_load(OURS, "exporter=own"));
		measure_note(&least, start);
	}
	measure_row(&own, least, "modprobe");
}

static void measure_size(void)
{
	char text[32];

	measure_must("asking for the module's size",
		     read_file("/sys/module/dmabuf_vfio_pci/coresize", text, sizeof(text)));
	measure_row(&own, atoll(text), "mem-module");
}

static void measure_all(struct measure_side *side)
{
	measure_calls(side);
	measure_revokes(side);
	measure_config(side);
	measure_mappings(side);
	measure_memory(side);
}

int main(void)
{
	const struct rlimit files = { 4096, 4096 };
	bool both;

	setvbuf(stdout, NULL, _IOLBF, 0);
	setrlimit(RLIMIT_NOFILE, &files);
	open_importer(BUS, NULL);
	open_importer(IOMMU, "DMA");
	open_importer(DIRECT, "identity");
	open_importer(LAZY, "DMA-FQ");
	/* Whatever the kernel has left to do since it booted comes to its end. */
	sleep(30);
	check_clock();

	both = opens_exporter(&intree, 0);
	opens_exporter(&own, 1);
	measure_floors(&own);
	measure_all(&own);
	if (both)
		measure_all(&intree);
	measure_size();
	measure_modprobe();
	return 0;
}
