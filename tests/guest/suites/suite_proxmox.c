// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beside Proxmox VE: what it writes when a virtual machine with a hostpci device starts,
 * in its order, as qemu-server 9.2 and pve-common of 2026 have it.
 */
#include <dirent.h>
#include <stdio.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

#define VFIO_PCI "/sys/bus/pci/drivers/vfio-pci"

static bool is_on_vfio_pci(const char *bdf)
{
	return !strcmp(device_driver(bdf), "vfio-pci");
}

static int new_id(const char *bdf, const char *file)
{
	char vendor[16], device[16], path[64], ids[32];

	assert_ok(device_read_attr(bdf, "vendor", vendor, sizeof(vendor)));
	assert_ok(device_read_attr(bdf, "device", device, sizeof(device)));
	snprintf(ids, sizeof(ids), "%s %s", vendor + strlen("0x"),
		 device + strlen("0x"));
	snprintf(path, sizeof(path), VFIO_PCI "/%s", file);
	return write_file(path, ids);
}

/* One device.  It is left alone if vfio-pci has it; an id that is known is no error. */
static int start_device(const char *bdf)
{
	char unbind[128];
	int ret;

	if (is_on_vfio_pci(bdf))
		return 0;
	ret = new_id(bdf, "new_id");
	if (ret && ret != -EEXIST)
		return ret;
	snprintf(unbind, sizeof(unbind), DEVICES "/%s/driver/unbind", bdf);
	if (!access(unbind, F_OK)) {
		ret = write_file(unbind, bdf);
		if (ret)
			return ret;
	}
	if (is_on_vfio_pci(bdf))
		return 0;
	return write_file(VFIO_PCI "/bind", bdf);
}

static bool is_bridge(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s/pci_bus", bdf);
	return !access(path, F_OK);
}

/* Each device of the group, until one fails. */
static int start_group(const char *bdf)
{
	char path[128], name[BDF_SIZE];
	struct dirent *entry;
	int ret = 0;
	DIR *group;

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group/devices", bdf);
	group = opendir(path);
	assert_non_null(group);
	while (!ret && (entry = readdir(group))) {
		snprintf(name, sizeof(name), "%.15s", entry->d_name);
		if (name[0] != '.' && !is_bridge(name))
			ret = start_device(name);
	}
	closedir(group);
	return ret;
}

/* 0 or the errno that the start of the machine ends with; a failed reset is a warning. */
static int start(const char *bdf)
{
	char path[128];
	int ret;

	assert_ok(module_load("vfio-pci", NULL));
	ret = start_group(bdf);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), DEVICES "/%s/reset", bdf);
	if (!access(path, F_OK))
		write_file(path, "1");
	return 0;
}

/* The ids stay with vfio-pci when a machine stops; the other suites want none. */
static int forget_ids(void **state)
{
	const char *bdf = device_find(IVSHMEM, 0);

	if (bdf)
		new_id(bdf, "remove_id");
	return bench_reload_teardown(state);
}

/* driver_override names another driver, so the last write fails. */
static void bound_by_command(void **state)
{
	static const char words[] =
		"its driver_override names dmabuf-vfio-pci, but no driver has it";
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_error(start(bdf), ENODEV);
	assert_string_equal(device_driver(bdf), "");
	assert_tool(tool_run("check", bdf, NULL), 0, words);
	assert_tool(tool_run("status", NULL), 0, words);
	/* It fails again, and with an id that is known by now. */
	assert_error(start(bdf), ENODEV);
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_string_equal(device_driver(bdf), bench_driver());
	tool_free_device(bdf);
}

/* Two functions, of which the second one is not reached. */
static void bound_as_group(void **state)
{
	char one[BDF_SIZE], other[BDF_SIZE];

	(void)state;
	tool_group(one, other);
	assert_tool(tool_run("bind", "--group", one, NULL), 0, other);
	assert_error(start(one), ENODEV);
	assert_false(is_on_vfio_pci(one) || is_on_vfio_pci(other));
	assert_tool(tool_run("bind", "--group", one, NULL), 0, "bound");
	assert_string_equal(device_driver(one), bench_driver());
	assert_string_equal(device_driver(other), bench_driver());
	tool_free_device(one);
	tool_free_device(other);
}

static void given_up(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_error(start(bdf), ENODEV);
	assert_tool(tool_run("unbind", bdf, NULL), 0,
		    "its driver_override, which named our driver, is removed");
	assert_ok(start(bdf));
	assert_true(is_on_vfio_pci(bdf));
	tool_free_device(bdf);
}

/* Without a driver_override nothing says that it was ours. */
static void bound_by_ids(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(bench_reload("ids=1af4:1110"));
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_ok(start(bdf));
	assert_true(is_on_vfio_pci(bdf));
	assert_tool(tool_run("check", bdf, NULL), 0, "it is bound to vfio-pci");
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to vfio-pci");
	assert_string_equal(device_driver(bdf), bench_driver());
	tool_free_device(bdf);
}

static void check_usable(const char *bdf)
{
	struct vfio *vfio = bench_open(bdf);

	bench_export(vfio, VFIO_PCI_BAR2_REGION_INDEX, 0, PAGE);
	bench_close(vfio);
}

/* With driver=keep nothing is written, and QEMU opens the device as it is. */
static void kept(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	check_usable(bdf);
	tool_free_device(bdf);
}

/* The drop-in is what Proxmox binds to. */
static void dropin_bound(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(start(bdf));
	assert_string_equal(device_driver(bdf), bench_driver());
	check_usable(bdf);
	tool_free_device(bdf);
}

static void dropin_bound_before(void **state)
{
	char one[BDF_SIZE], other[BDF_SIZE];

	(void)state;
	tool_group(one, other);
	assert_tool(tool_run("bind", "--group", one, NULL), 0, other);
	assert_ok(start(one));
	assert_string_equal(device_driver(one), bench_driver());
	check_usable(one);
	tool_free_device(one);
	tool_free_device(other);
}

#define PROXMOX(name, function) \
	{ "proxmox: " name, function, bench_setup, forget_ids, NULL }

int suite_proxmox(void)
{
	const struct CMUnitTest variant[] = {
		PROXMOX("a start fails with a device that bind has bound, and bind mends it",
			bound_by_command),
		PROXMOX("a start fails with a group that bind has bound", bound_as_group),
		PROXMOX("a start works with a device that unbind has given up", given_up),
		PROXMOX("a start takes a device that ids= has bound, and bind takes it back",
			bound_by_ids),
		PROXMOX("with driver=keep a bound device can be used as it is", kept),
	};
	const struct CMUnitTest dropin[] = {
		PROXMOX("a start binds a device to the drop-in", dropin_bound),
		PROXMOX("a start leaves a group that bind has bound to the drop-in",
			dropin_bound_before),
	};

	if (!bench_is_ours())
		return 0;
	return bench_is_dropin() ? run_group("proxmox", dropin) :
				   run_group("proxmox", variant);
}
