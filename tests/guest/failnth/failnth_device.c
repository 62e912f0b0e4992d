// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "failnth.h"
#include "faults.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

/* What has been mapped. */
static uint8_t *memory;
static size_t memory_size;

static void is_open(void)
{
	unsigned int vendor, device;
	uint16_t id;

	device_ids(IVSHMEM, &vendor, &device);
	assert_ok(vfio_read(&rig.vfio, CONFIG, PCI_VENDOR_ID, &id, sizeof(id)));
	assert_int_equal(id, vendor);
}

/*
 * The memory is touched by the kernel, which says when it cannot be.  When the
 * program itself cannot, it is tried again, with a word in the log.
 */
static int map_memory(void)
{
	int ret;

	ret = vfio_map(&rig.vfio, BAR2, &memory, &memory_size);
	if (ret)
		return ret;
	if (syscall(SYS_times, memory) < 0) {
		ret = -errno;
		munmap(memory, memory_size);
	}
	return ret;
}

static int unmap_memory(void)
{
	return munmap(memory, memory_size) ? -errno : 0;
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

static void begin_unbound(void)
{
	rig_bind();
	assert_ok(unbind_device());
}

static void is_bound(void)
{
	assert_string_equal(device_driver(rig.bdf), bench_driver());
}

static void is_unbound(void)
{
	assert_string_equal(device_driver(rig.bdf), "");
}

/*
 * One allocation each.  Now and then there is one more before them (the tree of
 * sysfs' numbers grows), so that a single one could be stepped over.
 */
#define IDS "ids=1234:5678,1234:5679,1234:567a,1234:567b"

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
	char options[96];

	snprintf(options, sizeof(options), IDS " exporter=%s",
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

	faults_arm(NO_ALLOCATION);
	ret = load_with(options);
	assert_error(ret, EINVAL);
	return NO_ALLOCATION - faults_disarm();
}

/*
 * The core warns with a backtrace when it has no memory for a module's code.  So
 * what it allocates before it starts the module is left alone; that is the kernel's
 * but for a copy of p2p_host_bridges=.
 */
static unsigned int before_start(void)
{
	return count_until_refused(IDS " exporter=sideways");
}

static void begin_unloaded(void)
{
	assert_ok(unload());
}

static void is_loaded(void)
{
	assert_true(module_is_loaded(bench_driver()));
}

static void is_not_loaded(void)
{
	assert_false(module_is_loaded(bench_driver()));
}

static int read_debugfs(void)
{
	static const char *const files[] = { "p2p", "state", "buffers" };
	char text[4096];
	int ret = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files) && !ret; i++)
		ret = bench_debugfs(rig.bdf, files[i], text, sizeof(text));
	return ret;
}

const struct operation failnth_device[] = {
	{
		.name = ALL_OR_NOTHING("opening the device"),
		.begin = rig_bind,
		.act = rig_open, .undo = rig_close,
		.whole = is_open,
		/* The helper's, if it cannot read the name of the group. */
		.error = ENOENT,
	}, {
		.name = ALL_OR_NOTHING("mmap"),
		.begin = rig_begin_open,
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
		.begin = rig_bind,
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
		.name = ALL_OR_NOTHING("reading debugfs"), .ranges = 1,
		.applies = bench_is_ours,
		.begin = rig_begin_mapped,
		.act = read_debugfs, .undo = rig_undo_nothing,
	},
	{}
};
