// SPDX-License-Identifier: GPL-2.0-only
/* Buffers are exported, and the device is closed and opened under them. */
#include <linux/pci_regs.h>

#include <sys/mman.h>

#include "events.h"
#include "stress.h"

#define MAX_RANGES 64

static int export_good(const struct vfio *device, unsigned int *seed)
{
	unsigned int count = stress_pick(seed, 2) ?
		1 : 1 + stress_pick(seed, MAX_RANGES);
	struct vfio_region_dma_range ranges[MAX_RANGES];
	unsigned int i;

	for (i = 0; i < count; i++) {
		ranges[i].offset = stress_pick(seed, STRESS_PAGES / 2) * PAGE;
		ranges[i].length = (1 + stress_pick(seed, STRESS_PAGES / 2)) *
				   PAGE;
	}
	return vfio_export(device, STRESS_BAR, ranges, count,
			   O_RDWR | O_CLOEXEC);
}

/* Any of it is wrong, or all. */
static int export_bad(const struct vfio *device, unsigned int *seed)
{
	const struct vfio_region_dma_range ranges[] = {
		{ PAGE, PAGE },
		{ 0, 0 },
		{ 1, PAGE },
		{ 0, PAGE + 1 },
		{ 0, UINT64_MAX & ~(PAGE - 1) },
		{ UINT64_MAX & ~(PAGE - 1), PAGE },
		{ UINT64_MAX & ~(PAGE - 1), UINT64_MAX & ~(PAGE - 1) },
	};
	unsigned int bad = 1 + stress_pick(seed, ARRAY_SIZE(ranges) - 1);
	struct vfio_region_dma_range two[] = { ranges[0], ranges[bad] };

	switch (stress_pick(seed, 4)) {
	case 0:
		/* No region, or one without memory. */
		return vfio_export(device, stress_pick(seed, 2) ? ~0U : CONFIG,
				   two, 1, O_RDWR);
	case 1:
		return vfio_export(device, STRESS_BAR, two, 0, O_RDWR);
	default:
		return vfio_export(device, STRESS_BAR, two, 2, O_RDWR);
	}
}

void stress_export(struct worker *worker)
{
	bool good = stress_pick(&worker->seed, 8);
	struct vfio device;
	int buffer;

	usleep(stress_pick(&worker->seed, 2000));
	pthread_rwlock_rdlock(&worker->exporter->lock);
	if (stress_take_device(worker->exporter, &device)) {
		buffer = good ? export_good(&device, &worker->seed) :
				export_bad(&device, &worker->seed);
		if (buffer >= 0)
			stress_put_buffer(worker->exporter,
					  stress_pick(&worker->seed,
						      STRESS_BUFFERS), buffer);
		stress_count(buffer >= 0 ? EXPORTS : BAD_EXPORTS);
		vfio_close(&device);
	}
	pthread_rwlock_unlock(&worker->exporter->lock);
}

void stress_fill_page(uint8_t *page)
{
	memset(page, 0, PAGE);
	memcpy(page, "here", 4);
}

int stress_fill(const struct vfio *device)
{
	uint8_t *memory;
	unsigned int i;
	size_t size;
	int ret;

	ret = vfio_map(device, STRESS_BAR, &memory, &size);
	if (ret)
		return ret;
	for (i = 0; i < STRESS_PAGES; i++)
		stress_fill_page(memory + i * PAGE);
	munmap(memory, size);
	return 0;
}

void stress_look_when_dead(struct stress_exporter *exporter, int importer)
{
	unsigned int i;
	int buffer;

	for (i = 0; i < exporter->nr_importers; i++)
		if (importer_is_mapped(exporter->importers[i]))
			stress_count(STILL_MAPPED);
	for (i = 0; i < STRESS_BUFFERS; i++) {
		buffer = stress_take_buffer(exporter, i);
		if (buffer < 0)
			continue;
		if (importer_attach(importer, buffer) != -ENODEV) {
			stress_count(UNDEAD);
			importer_detach(importer);
		}
		close(buffer);
	}
}

void stress_close(struct stress_exporter *exporter)
{
	struct vfio vfio = stress_swap_device(exporter,
					      &(struct vfio) { -1, -1, -1 });

	vfio_close(&vfio);
}

/*
 * Refused until children have closed it, too.  What has been plugged in has new
 * memory, or the same as before.
 */
void stress_open(struct stress_exporter *exporter)
{
	struct vfio vfio;

	while (device_bind(exporter->bdf, bench_driver()) ||
	       vfio_open(&vfio, exporter->bdf))
		usleep(20000);
	vfio_set_command(&vfio, PCI_COMMAND_MEMORY, 0);
	if (*exporter->slot.power)
		stress_fill(&vfio);
	stress_swap_device(exporter, &vfio);
	stress_count(OPENS);
}

/*
 * The last to close it may be any thread in the middle of something, unless we
 * are alone: then only children have it.  Unbinding waits for them all.
 */
void stress_reopen(struct worker *worker)
{
	bool alone = stress_pick(&worker->seed, 3) == 0;

	usleep(stress_pick(&worker->seed, 2000000));
	if (alone)
		pthread_rwlock_wrlock(&worker->exporter->lock);
	stress_close(worker->exporter);
	if (stress_pick(&worker->seed, 3) == 0)
		device_unbind(worker->exporter->bdf);
	stress_open(worker->exporter);
	if (alone) {
		stress_look_when_dead(worker->exporter, worker->importer);
		pthread_rwlock_unlock(&worker->exporter->lock);
	}
}
