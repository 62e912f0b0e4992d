// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs out in the middle of a call: of each operation the 1st, 2nd, 3rd ...
 * allocation fails, until there is none left, and in the end all of them.  Either
 * the operation says so and has done nothing, or it has done all that it should.
 *
 * That counts all allocations of the call, whoever makes them: the driver, VFIO,
 * the DMA API, the test importer, the file system.  Init sees to it that nothing
 * has leaked, and each test unloads the driver.
 *
 * Needs a kernel with FAILSLAB and FAIL_PAGE_ALLOC.  What a kernel thread or an
 * interrupt does is not covered: errors that are reported, hotplug, waking up.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "bench.h"
#include "faults.h"
#include "suites.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

#define BAR_PAGES	(4 * MIB / PAGE)
#define MAX_RANGES	1024
#define CHUNK		512

/* Which allocation fails: every one, or none, as no operation has that many. */
#define EVERY		0
#define NONE		100000

/**
 * struct operation - what is tried
 * @name: of the test
 * @ranges: of the buffer, if there is one
 * @applies: whether there is this operation, if not always
 * @begin: makes what it needs
 * @act: what is tried: 0 or a negative errno
 * @undo: the way back to where it can be tried again, likewise
 * @whole: what must hold if it says that it was done
 * @nothing: what must hold if it says that it was not done; it can be tried again
 * @spare: how many of its first allocations to leave alone
 * @error: what it may say beside ENOMEM
 * @cannot_fail: it says that it was done, whatever happens
 * @may_need_none: it may well not allocate anything
 */
struct operation {
	const char *name;
	unsigned int ranges;
	bool (*applies)(void);
	void (*begin)(void);
	int (*act)(void);
	int (*undo)(void);
	void (*whole)(void);
	void (*nothing)(void);
	unsigned int (*spare)(void);
	int error;
	bool cannot_fail;
	bool may_need_none;
};

/* What the test that runs works on. */
static struct {
	const struct operation *op;
	const char *bdf;
	struct vfio vfio;
	int buffer;
	int importer;
	uint8_t *memory;
	size_t size;
	unsigned int revokes;
} rig;

/* Of all tests. */
static unsigned int all_points, all_failures;

static int open_device(void)
{
	return vfio_open(&rig.vfio, rig.bdf);
}

static int close_device(void)
{
	vfio_close(&rig.vfio);
	return 0;
}

/* Every other page, so that none goes on where the last one ended. */
static int export_buffer(void)
{
	static struct vfio_region_dma_range ranges[MAX_RANGES];
	unsigned int i;

	for (i = 0; i < rig.op->ranges; i++) {
		ranges[i].offset = i * 2 % BAR_PAGES * PAGE;
		ranges[i].length = PAGE;
	}
	rig.buffer = vfio_export(&rig.vfio, BAR2, ranges, rig.op->ranges,
				 O_RDWR | O_CLOEXEC);
	return rig.buffer < 0 ? rig.buffer : 0;
}

static int drop_buffer(void)
{
	if (rig.buffer >= 0)
		close(rig.buffer);
	rig.buffer = -1;
	return 0;
}

static int attach(void)
{
	return importer_attach(rig.importer, rig.buffer);
}

static int detach(void)
{
	return importer_detach(rig.importer);
}

static int map(void)
{
	return importer_map(rig.importer);
}

static int unmap(void)
{
	return importer_unmap(rig.importer);
}

static int attach_and_map(void)
{
	int ret = attach();

	return ret ? ret : map();
}

/* The old buffer is dead. */
static int open_and_map(void)
{
	int ret;

	detach();
	drop_buffer();
	ret = open_device();
	if (!ret)
		ret = export_buffer();
	return ret ? ret : attach_and_map();
}

static int memory_off(void)
{
	return vfio_set_command(&rig.vfio, 0, PCI_COMMAND_MEMORY);
}

static int memory_on(void)
{
	return vfio_set_command(&rig.vfio, PCI_COMMAND_MEMORY, 0);
}

static int on_and_map(void)
{
	int ret = memory_on();

	return ret ? ret : map();
}

static int reset(void)
{
	return ioctl(rig.vfio.device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static int reset_by_sysfs(void)
{
	return device_write_attr(rig.bdf, "reset", "1");
}

static int nothing_to_undo(void)
{
	return 0;
}

/*
 * The memory is touched by the kernel, which says when it cannot be.  When the
 * program itself cannot, it is tried again, with a word in the log.
 */
static int map_memory(void)
{
	int ret;

	ret = vfio_map(&rig.vfio, BAR2, &rig.memory, &rig.size);
	if (ret)
		return ret;
	if (syscall(SYS_times, rig.memory) < 0) {
		ret = -errno;
		munmap(rig.memory, rig.size);
	}
	return ret;
}

static int unmap_memory(void)
{
	return munmap(rig.memory, rig.size) ? -errno : 0;
}

static int driver_attr(const char *attr)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s",
		 bench_driver(), attr);
	return write_file(path, rig.bdf);
}

static int bind_device(void)
{
	return driver_attr("bind");
}

static int unbind_device(void)
{
	return driver_attr("unbind");
}

static int read_debugfs(void)
{
	char text[4096];

	return bench_debugfs(rig.bdf, "p2p", text, sizeof(text));
}

/* By the system call, because libkmod would look at much else. */
static int load_with(const char *options)
{
	struct utsname name;
	char path[256];
	int file, ret;

	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/%s.ko",
		 name.release, bench_driver());
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	ret = syscall(SYS_finit_module, file, options, 0) ? -errno : 0;
	close(file);
	return ret;
}

static int load(void)
{
	const char *exporter = getenv("DVP_EXPORTER");
	char options[64];

	snprintf(options, sizeof(options), "ids=1234:5678 exporter=%s",
		 exporter && *exporter ? exporter : "auto");
	return load_with(options);
}

static int unload(void)
{
	return module_unload(bench_driver());
}

/* How many allocations there are before the module is refused with EINVAL. */
static unsigned int count_until_refused(const char *options)
{
	int ret;

	faults_arm(NONE);
	ret = load_with(options);
	assert_error(ret, EINVAL);
	return NONE - faults_disarm();
}

/*
 * The core warns with a backtrace when it has no memory for a module's code.  So
 * what it allocates before it starts the module is left alone; that is the kernel's
 * but for a copy of p2p_host_bridges=.
 */
static unsigned int before_start(void)
{
	return count_until_refused("ids=1234:5678 exporter=sideways");
}

static void begin_bound(void)
{
	assert_ok(device_bind(rig.bdf, bench_driver()));
}

static void begin_unbound(void)
{
	begin_bound();
	assert_ok(unbind_device());
}

static void begin_unloaded(void)
{
	assert_ok(unload());
}

static void begin_open(void)
{
	begin_bound();
	assert_ok(open_device());
}

static void begin_exported(void)
{
	begin_open();
	assert_ok(export_buffer());
	rig.importer = bench_importer(bench_find(EDU, 0));
}

static void begin_attached(void)
{
	begin_exported();
	assert_ok(attach());
}

static void begin_mapped(void)
{
	begin_attached();
	assert_ok(map());
}

static void begin_off(void)
{
	begin_attached();
	assert_ok(memory_off());
}

static void is_open(void)
{
	unsigned int vendor, device;
	uint16_t id;

	device_ids(IVSHMEM, &vendor, &device);
	assert_ok(vfio_read(&rig.vfio, CONFIG, PCI_VENDOR_ID, &id, sizeof(id)));
	assert_int_equal(id, vendor);
}

static void is_exported(void)
{
	assert_int_equal(lseek(rig.buffer, 0, SEEK_END),
			 rig.op->ranges * PAGE);
}

/* Of the last range, which is the last one to be mapped. */
static void move_bytes(void)
{
	unsigned int last = rig.op->ranges - 1;
	uint8_t data[CHUNK], got[CHUNK];

	bench_pattern(data, CHUNK, all_points);
	assert_ok(importer_write(rig.importer, last * PAGE, data, CHUNK));
	assert_ok(vfio_read(&rig.vfio, BAR2, last * 2 % BAR_PAGES * PAGE, got,
			    CHUNK));
	assert_memory_equal(got, data, CHUNK);
}

static void is_unmapped(void)
{
	assert_false(importer_is_mapped(rig.importer));
}

static void is_out_of_reach(void)
{
	is_unmapped();
	assert_error(map(), ENODEV);
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
	assert_ok(map());
	move_bytes();
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
		assert_ok(map());
	move_bytes();
}

static void is_bound(void)
{
	assert_string_equal(device_driver(rig.bdf), bench_driver());
}

static void is_unbound(void)
{
	assert_string_equal(device_driver(rig.bdf), "");
}

static void is_loaded(void)
{
	assert_true(module_is_loaded(bench_driver()));
}

static void is_not_loaded(void)
{
	assert_false(module_is_loaded(bench_driver()));
}

static bool resets_revoke(void)
{
	return expects(hears_of_resets);
}

static bool is_understood(int error)
{
	return error == ENOMEM || (rig.op->error && error == rig.op->error);
}

static int act(unsigned int nth, bool *hit)
{
	int ret;

	if (nth == EVERY)
		faults_arm_all();
	else
		faults_arm(nth);
	ret = rig.op->act();
	*hit = !faults_disarm();
	return ret;
}

/* Returns whether there was such an allocation. */
static bool try_with(unsigned int nth, unsigned int *failures)
{
	const struct operation *op = rig.op;
	bool hit;
	int ret;

	ret = act(nth, &hit);
	if (ret) {
		if (!hit || op->cannot_fail || !is_understood(-ret))
			fail_msg("allocation %u failed%s: %s", nth,
				 hit ? "" : ", which it has not got",
				 strerror(-ret));
		++*failures;
		if (op->nothing)
			op->nothing();
		assert_ok(op->act());
	}
	if (op->whole)
		op->whole();
	assert_ok(op->undo());
	return hit;
}

/* Whatever is left of the operation, the memory can be imported. */
static void assert_usable(void)
{
	static const struct operation plain = { .ranges = 1 };

	if (rig.importer >= 0)
		bench_drop(rig.importer);
	drop_buffer();
	close_device();
	rig.op = &plain;
	if (!module_is_loaded(bench_driver()))
		assert_ok(bench_reload(""));
	begin_mapped();
	move_bytes();
}

/* Those of one kind, one after the other. */
static void each_of(enum faults_kind kind, unsigned int *points,
		    unsigned int *failures)
{
	unsigned int spare, nth;

	assert_ok(faults_choose(kind));
	spare = rig.op->spare ? rig.op->spare() : 0;
	for (nth = spare + 1; try_with(nth, failures); nth++)
		++*points;
}

static void each_allocation(void **state)
{
	const struct operation *op = *state;
	unsigned int points = 0, failures = 0;

	rig.op = op;
	op->begin();
	/* What there is for good after a first time is there now. */
	assert_false(try_with(NONE, &failures));
	each_of(FAULTS_SLAB, &points, &failures);
	each_of(FAULTS_PAGES, &points, &failures);
	printf("# %u failure points, of which %u made it fail: %s\n", points,
	       failures, op->name);
	all_points += points;
	all_failures += failures;
	/* Not for a module: the core would be left without its code. */
	if (!op->spare) {
		assert_ok(faults_choose(FAULTS_ALL));
		try_with(EVERY, &failures);
	}
	assert_usable();

	if (!op->may_need_none)
		assert_int_not_equal(points, 0);
	if (!op->may_need_none && !op->cannot_fail)
		assert_int_not_equal(failures, 0);
}

static int setup(void **state)
{
	/* Without an interrupt: the ACPI tables tell at length where one leads. */
	rig.bdf = bench_find(IVSHMEM, 0);
	rig.vfio = (struct vfio) { -1, -1, -1 };
	rig.buffer = -1;
	rig.importer = -1;
	rig.revokes = 0;
	return bench_setup(state);
}

/* All references are gone: the driver lets go of the device, and goes itself. */
static int teardown(void **state)
{
	faults_disarm();
	drop_buffer();
	close_device();
	return bench_reload_teardown(state);
}

static int prepare(void **state)
{
	int ret = faults_prepare();

	(void)state;
	if (ret)
		print_error("this kernel has no allocations that fail: %s\n",
			    strerror(-ret));
	return ret;
}

static int finish(void **state)
{
	(void)state;
	faults_finish();
	return 0;
}

#define ALL_OR_NOTHING(what) \
	"failnth: " what " does all or nothing when memory runs out"
#define DONE_EVEN_THEN(what) \
	"failnth: " what " is done even when memory runs out"

static const struct operation operations[] = {
	{
		.name = ALL_OR_NOTHING("opening the device"),
		.begin = begin_bound,
		.act = open_device, .undo = close_device,
		.whole = is_open,
		/* The helper's, if it cannot read the name of the group. */
		.error = ENOENT,
	}, {
		.name = ALL_OR_NOTHING("export of 1 range"), .ranges = 1,
		.begin = begin_open,
		.act = export_buffer, .undo = drop_buffer,
		.whole = is_exported,
	}, {
		.name = ALL_OR_NOTHING("export of 64 ranges"), .ranges = 64,
		.begin = begin_open,
		.act = export_buffer, .undo = drop_buffer,
		.whole = is_exported,
	}, {
		/* More than comes from a slab. */
		.name = ALL_OR_NOTHING("export of 1024 ranges"), .ranges = 1024,
		.begin = begin_open,
		.act = export_buffer, .undo = drop_buffer,
		.whole = is_exported,
	}, {
		.name = ALL_OR_NOTHING("attaching"), .ranges = 1,
		.begin = begin_exported,
		.act = attach, .undo = detach,
	}, {
		.name = ALL_OR_NOTHING("mapping 1 range"), .ranges = 1,
		.begin = begin_attached,
		.act = map, .undo = unmap,
		.whole = move_bytes, .nothing = is_unmapped,
		/* The DMA API does not say why it cannot map. */
		.error = EIO,
	}, {
		.name = ALL_OR_NOTHING("mapping 64 ranges"), .ranges = 64,
		.applies = bench_maps_several,
		.begin = begin_attached,
		.act = map, .undo = unmap,
		.whole = move_bytes, .nothing = is_unmapped,
		.error = EIO,
	}, {
		.name = DONE_EVEN_THEN("unmapping 1 range"), .ranges = 1,
		.begin = begin_mapped,
		.act = unmap, .undo = map,
		.whole = is_unmapped,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("unmapping 64 ranges"), .ranges = 64,
		.applies = bench_maps_several,
		.begin = begin_mapped,
		.act = unmap, .undo = map,
		.whole = is_unmapped,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("detaching"), .ranges = 1,
		.begin = begin_mapped,
		.act = detach, .undo = attach_and_map,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("closing a buffer"), .ranges = 1,
		.begin = begin_exported,
		.act = drop_buffer, .undo = export_buffer,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("closing the device"), .ranges = 1,
		.begin = begin_mapped,
		.act = close_device, .undo = open_and_map,
		.whole = is_out_of_reach,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("revoking by the memory bit"),
		.ranges = 1,
		.begin = begin_mapped,
		.act = memory_off, .undo = on_and_map,
		.whole = is_revoked,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = DONE_EVEN_THEN("restoring by the memory bit"),
		.ranges = 1,
		.begin = begin_off,
		.act = memory_on, .undo = memory_off,
		.whole = is_restored,
		.cannot_fail = true, .may_need_none = true,
	}, {
		.name = ALL_OR_NOTHING("a reset by the user"), .ranges = 1,
		.begin = begin_mapped,
		.act = reset, .undo = nothing_to_undo,
		.whole = is_reset, .nothing = is_still_on,
		.may_need_none = true,
	}, {
		.name = ALL_OR_NOTHING("a reset by sysfs"), .ranges = 1,
		.applies = resets_revoke,
		.begin = begin_mapped,
		.act = reset_by_sysfs, .undo = nothing_to_undo,
		.whole = is_reset, .nothing = is_still_on,
	}, {
		.name = ALL_OR_NOTHING("mmap"),
		.begin = begin_open,
		.act = map_memory, .undo = unmap_memory,
		/* The system call's, if a page of the memory is not there. */
		.error = EFAULT,
	}, {
		.name = ALL_OR_NOTHING("binding"),
		.begin = begin_unbound,
		.act = bind_device, .undo = unbind_device,
		.whole = is_bound, .nothing = is_unbound,
	}, {
		.name = ALL_OR_NOTHING("unbinding"),
		.begin = begin_bound,
		.act = unbind_device, .undo = bind_device,
		.whole = is_unbound, .nothing = is_bound,
	}, {
		.name = ALL_OR_NOTHING("loading the module"),
		.applies = bench_is_ours,
		.begin = begin_unloaded, .spare = before_start,
		.act = load, .undo = unload,
		.whole = is_loaded, .nothing = is_not_loaded,
		/* The driver core's, if it cannot make a directory. */
		.error = EINVAL,
	}, {
		.name = ALL_OR_NOTHING("reading debugfs"),
		.applies = bench_is_ours,
		.begin = begin_bound,
		.act = read_debugfs, .undo = nothing_to_undo,
	},
};

int suite_failnth(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(operations)] = { 0 };
	const struct operation *op;
	size_t i, count = 0;
	int failed;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		op = &operations[i];
		if (op->applies && !op->applies())
			continue;
		tests[count++] = (struct CMUnitTest) {
			op->name, each_allocation, setup, teardown, (void *)op
		};
	}
	/* Those that are not filled in do not count. */
	failed = cmocka_run_group_tests_name("failnth", tests, prepare, finish);
	printf("# %u failure points, of which %u made it fail: failnth, in all\n",
	       all_points, all_failures);
	return failed;
}
