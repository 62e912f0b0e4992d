// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pci_regs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "failnth.h"
#include "slice.h"
#include "touch.h"

#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

/* What the CPU has mapped of the buffer. */
static uint8_t *memory;

static int detach(void)
{
	return importer_detach(rig.importer);
}

static int unmap(void)
{
	return importer_unmap(rig.importer);
}

/* So that the next map finds nothing that this one has left. */
static int unmap_and_forget(void)
{
	int ret = unmap();

	if (!ret)
		ret = detach();
	return ret ? ret : rig_attach();
}

static int attach_and_map(void)
{
	int ret = rig_attach();

	return ret ? ret : rig_map();
}

/* The old buffer is dead. */
static int export_and_map(void)
{
	int ret;

	detach();
	rig_drop();
	ret = rig_export();
	return ret ? ret : attach_and_map();
}

static int open_and_map(void)
{
	int ret = rig_open();

	return ret ? ret : export_and_map();
}

static int map_for_cpu(void)
{
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, rig.buffer, 0);
	return memory == MAP_FAILED ? -errno : 0;
}

static int unmap_from_cpu(void)
{
	return munmap(memory, PAGE) ? -errno : 0;
}

static void is_seen(void)
{
	assert_true(touch(memory) >= 0);
}

static bool delegates(void)
{
	return expects(delegates);
}

static int revoke_for_good(void)
{
	return slice_revoke(&rig.vfio, rig.buffer);
}

static int memory_off(void)
{
	return vfio_set_command(&rig.vfio, 0, PCI_COMMAND_MEMORY);
}

/* Without memory for a list of fences the revoke waits for all of them. */
static int work_and_off(void)
{
	/* If there is no memory for the work itself, once more; there may be none. */
	if (importer_work(rig.importer, 20))
		importer_work(rig.importer, 20);
	return memory_off();
}

static int memory_on(void)
{
	return vfio_set_command(&rig.vfio, PCI_COMMAND_MEMORY, 0);
}

static int on_and_map(void)
{
	int ret = memory_on();

	return ret ? ret : rig_map();
}

static int reset(void)
{
	return ioctl(rig.vfio.device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static int reset_by_sysfs(void)
{
	return device_write_attr(rig.bdf, "reset", "1");
}

static void begin_off(void)
{
	rig_begin_attached();
	assert_ok(memory_off());
}

static void is_exported(void)
{
	assert_int_equal(lseek(rig.buffer, 0, SEEK_END),
			 rig.op->ranges * PAGE);
}

static void is_unmapped(void)
{
	assert_false(importer_is_mapped(rig.importer));
}

static void is_out_of_reach(void)
{
	is_unmapped();
	assert_error(rig_map(), ENODEV);
}

static unsigned int count_revokes(void)
{
	struct dvp_importer_report report;

	assert_ok(importer_report(rig.importer, &report, NULL, 0));
	return report.revokes;
}

/* The mapping that there was is gone. */
static void is_revoked(void)
{
	assert_int_equal(count_revokes(), ++rig.revokes);
	is_out_of_reach();
}

static void is_restored(void)
{
	assert_ok(rig_map());
	rig_move_bytes();
}

static void is_reset(void)
{
	assert_int_equal(count_revokes(), ++rig.revokes);
	is_restored();
}

/* What is mapped is on.  It may have been revoked, and then was restored. */
static void is_still_on(void)
{
	uint16_t command;

	assert_ok(vfio_read(&rig.vfio, CONFIG, PCI_COMMAND, &command,
			    sizeof(command)));
	assert_true(command & PCI_COMMAND_MEMORY);
	rig.revokes = count_revokes();
	if (!importer_is_mapped(rig.importer))
		assert_ok(rig_map());
	rig_move_bytes();
}

static void begin_by_path(void)
{
	rig_begin_open();
	assert_ok(rig_export_by_path());
}

static bool may_lose_file(void)
{
	return expects(outlives_file);
}

static bool resets_revoke(void)
{
	return expects(hears_of_resets);
}

const struct operation failnth_buffer[] = {
	{
		.name = ALL_OR_NOTHING("export of 1 range"), .ranges = 1,
		.begin = rig_begin_open,
		.act = rig_export, .undo = rig_drop,
		.whole = is_exported,
	}, {
		.name = ALL_OR_NOTHING("export of 64 ranges"), .ranges = 64,
		.begin = rig_begin_open,
		.act = rig_export, .undo = rig_drop,
		.whole = is_exported,
	}, {
		/* More than comes from a slab. */
		.name = ALL_OR_NOTHING("export of 1024 ranges"), .ranges = 1024,
		.begin = rig_begin_open,
		.act = rig_export, .undo = rig_drop,
		.whole = is_exported,
	}, {
		.name = ALL_OR_NOTHING("attaching"), .ranges = 1,
		.begin = rig_begin_exported,
		.act = rig_attach, .undo = detach,
	}, {
		.name = ALL_OR_NOTHING("mapping 1 range"), .ranges = 1,
		.begin = rig_begin_attached_second,
		.act = rig_map, .undo = unmap_and_forget,
		.whole = rig_move_bytes, .nothing = is_unmapped,
		/* The DMA API does not say why it cannot map, and hardly ever has to. */
		.error = EIO, .may_need_none = true,
	}, {
		.name = ALL_OR_NOTHING("mapping 64 ranges"), .ranges = 64,
		.applies = bench_maps_several,
		.begin = rig_begin_attached_second,
		.act = rig_map, .undo = unmap_and_forget,
		.whole = rig_move_bytes, .nothing = is_unmapped,
		.error = EIO,
	}, {
		/* More than an entry of a scatterlist has room for. */
		.name = ALL_OR_NOTHING("mapping 8 GiB"), .ranges = 1,
		.length = 8192 * MIB,
		.begin = rig_begin_attached_second,
		.act = rig_map, .undo = unmap_and_forget,
		.whole = rig_move_bytes, .nothing = is_unmapped,
		.error = EIO,
	}, {
		.name = ALL_OR_NOTHING("mapping for the CPU"), .ranges = 1,
		.applies = delegates,
		.begin = rig_begin_exported,
		.act = map_for_cpu, .undo = unmap_from_cpu,
		.whole = is_seen,
	}, {
		.name = DONE_EVEN_THEN("revoking for good"), .ranges = 1,
		.applies = delegates,
		.begin = rig_begin_mapped,
		.act = revoke_for_good, .undo = export_and_map,
		.whole = is_out_of_reach,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("unmapping 1 range"), .ranges = 1,
		.begin = rig_begin_mapped,
		.act = unmap, .undo = rig_map,
		.whole = is_unmapped,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("unmapping 64 ranges"), .ranges = 64,
		.applies = bench_maps_several,
		.begin = rig_begin_mapped,
		.act = unmap, .undo = rig_map,
		.whole = is_unmapped,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("detaching"), .ranges = 1,
		.begin = rig_begin_mapped,
		.act = detach, .undo = attach_and_map,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("closing a buffer"), .ranges = 1,
		.begin = rig_begin_exported,
		.act = rig_drop, .undo = rig_export,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("closing the device"), .ranges = 1,
		.begin = rig_begin_mapped,
		.act = rig_close, .undo = open_and_map,
		.whole = is_out_of_reach,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("revoking by the memory bit"),
		.ranges = 1,
		.begin = rig_begin_mapped,
		.act = memory_off, .undo = on_and_map,
		.whole = is_revoked,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("revoking what only O_PATH holds"),
		.ranges = 1,
		.applies = may_lose_file,
		.begin = begin_by_path,
		.act = memory_off, .undo = memory_on,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("closing the last O_PATH descriptor"),
		.ranges = 1,
		.applies = may_lose_file,
		.begin = begin_by_path,
		.act = rig_drop, .undo = rig_export_by_path,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("revoking work that is under way"),
		.ranges = 1,
		.begin = rig_begin_mapped,
		.act = work_and_off, .undo = on_and_map,
		.whole = is_revoked,
		.cannot_fail = true,
	}, {
		.name = DONE_EVEN_THEN("restoring by the memory bit"),
		.ranges = 1,
		.begin = begin_off,
		.act = memory_on, .undo = memory_off,
		.whole = is_restored,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = ALL_OR_NOTHING("a reset by the user"), .ranges = 1,
		.begin = rig_begin_mapped,
		.act = reset, .undo = rig_undo_nothing,
		.whole = is_reset, .nothing = is_still_on,
		.may_need_none = true,
	}, {
		.name = ALL_OR_NOTHING("a reset by sysfs"), .ranges = 1,
		.applies = resets_revoke,
		.begin = rig_begin_mapped,
		.act = reset_by_sysfs, .undo = rig_undo_nothing,
		.whole = is_reset, .nothing = is_still_on,
	},
	{}
};
