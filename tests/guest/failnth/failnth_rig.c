// SPDX-License-Identifier: GPL-2.0-only
#include "failnth.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX

#define BAR_PAGES	(4 * MIB / PAGE)
#define MAX_RANGES	1024
#define CHUNK		512

struct rig rig;

int rig_open(void)
{
	return vfio_open(&rig.vfio, rig.bdf);
}

int rig_close(void)
{
	vfio_close(&rig.vfio);
	return 0;
}

/* Every other page, so that none goes on where the last one ended. */
int rig_export(void)
{
	static struct vfio_region_dma_range ranges[MAX_RANGES];
	unsigned int i;

	for (i = 0; i < rig.op->ranges; i++) {
		ranges[i].offset = i * 2 % BAR_PAGES * PAGE;
		ranges[i].length = rig.op->length ? rig.op->length : PAGE;
	}
	rig.buffer = vfio_export(&rig.vfio, BAR2, ranges, rig.op->ranges,
				 O_RDWR | O_CLOEXEC);
	return rig.buffer < 0 ? rig.buffer : 0;
}

int rig_drop(void)
{
	if (rig.buffer >= 0)
		close(rig.buffer);
	rig.buffer = -1;
	hold_end(&rig.hold);
	return 0;
}

/* Only O_PATH holds the buffer. */
int rig_export_by_path(void)
{
	int ret = rig_export();

	if (!ret)
		ret = hold_begin(&rig.hold, HOLD_PATH, rig.buffer);
	close(rig.buffer);
	rig.buffer = -1;
	hold_synchronize();
	return ret;
}

int rig_attach(void)
{
	return importer_attach(rig.importer, rig.buffer);
}

int rig_map(void)
{
	return importer_map(rig.importer);
}

int rig_undo_nothing(void)
{
	return 0;
}

void rig_bind(void)
{
	assert_ok(device_bind(rig.bdf, bench_driver()));
}

void rig_begin_open(void)
{
	rig_bind();
	assert_ok(rig_open());
}

void rig_begin_exported(void)
{
	rig_begin_open();
	assert_ok(rig_export());
	rig.importer = bench_importer(bench_find(EDU, 0));
}

void rig_begin_attached(void)
{
	rig_begin_exported();
	assert_ok(rig_attach());
}

/*
 * DMA_API_DEBUG counts who has mapped a page, and forgets the rest for good when it
 * has no memory for the first one.
 */
void rig_begin_attached_second(void)
{
	int first;

	rig_begin_attached();
	first = bench_importer(bench_find(EDU, 1));
	assert_ok(importer_attach(first, rig.buffer));
	assert_ok(importer_map(first));
}

void rig_begin_mapped(void)
{
	rig_begin_attached();
	assert_ok(rig_map());
}

void rig_move_bytes(void)
{
	unsigned int last = rig.op->ranges - 1;
	uint8_t data[CHUNK], got[CHUNK];

	bench_pattern(data, CHUNK, rig.points);
	assert_ok(importer_write(rig.importer, last * PAGE, data, CHUNK));
	assert_ok(vfio_read(&rig.vfio, BAR2, last * 2 % BAR_PAGES * PAGE, got,
			    CHUNK));
	assert_memory_equal(got, data, CHUNK);
}
