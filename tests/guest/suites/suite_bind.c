// SPDX-License-Identifier: GPL-2.0-only
/*
 * "bind" and "unbind" of the operator's command, and when they refuse; what they refuse
 * because the machine uses it is in suite_inuse.c.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"
#include "vfio.h"

/* Unbinds; @driver then has the device, or with "" none. */
static void unbind_to(const char *bdf, const char *driver, const char *override)
{
	char words[64] = "unbound";

	if (*driver)
		snprintf(words, sizeof(words), "now bound to %s", driver);
	assert_tool(tool_run("unbind", bdf, NULL), 0, words);
	assert_string_equal(device_driver(bdf), driver);
	assert_string_equal(tool_override(bdf), override);
}

static void bound_and_back(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_tool(tool_run("bind", bdf, NULL), 0, "already bound");
	unbind_to(bdf, "", "(null)");
}

static void short_name(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("bind", bdf + strlen("0000:"), NULL), 0, bdf);
	assert_string_equal(device_driver(bdf), bench_driver());
}

static void loads_module(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(module_unload(bench_driver()));
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_string_equal(device_driver(bdf), bench_driver());
}

static void former_override(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to vfio-pci");
	unbind_to(bdf, "vfio-pci", "vfio-pci");
	tool_free_device(bdf);
}

/* Somebody has already chosen ours, and not let the kernel know. */
static void own_override(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(device_write_attr(bdf, "driver_override", bench_driver()));
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	unbind_to(bdf, "", "(null)");
}

static void taken_again(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(bench_reload("ids=1af4:1110"));
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_tool(tool_run("unbind", bdf, NULL), 2,
		    "not unbound: the driver claims it again at once");
	assert_string_equal(device_driver(bdf), bench_driver());
}

static const char *card_with_driver(void)
{
	const char *bdf = bench_find(E1000E, 0);

	tool_free_device(bdf);
	assert_ok(module_load("e1000e", NULL));
	assert_string_equal(device_driver(bdf), "e1000e");
	return bdf;
}

/* A driver that the kernel chooses for the device. */
static void former_driver(void **state)
{
	const char *bdf = card_with_driver();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to e1000e");
	unbind_to(bdf, "e1000e", "(null)");
	assert_ok(module_unload("e1000e"));
}

/* Without this command; driver_override remains. */
static void unbound_by_hand(void **state)
{
	const char *bdf = card_with_driver();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_ok(device_unbind(bdf));
	assert_tool(tool_run("unbind", bdf, NULL), 0, "and it is bound to e1000e");
	assert_string_equal(tool_override(bdf), "(null)");
	assert_ok(module_unload("e1000e"));
}

static void bound_once_more(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to vfio-pci");
	assert_ok(device_unbind(bdf));
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	unbind_to(bdf, "vfio-pci", "vfio-pci");
	tool_free_device(bdf);
}

static void override_cleared(void **state)
{
	const char *bdf = card_with_driver();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_ok(device_write_attr(bdf, "driver_override", "\n"));
	assert_tool(tool_run("bind", bdf, NULL), 0, "already bound");
	unbind_to(bdf, "e1000e", "(null)");
	assert_ok(module_unload("e1000e"));
}

/* The device comes back without a driver_override, and the kernel chooses. */
static void removed(void **state)
{
	const char *bdf = card_with_driver();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_ok(device_write_attr(bdf, "remove", "1"));
	assert_tool(tool_run("unbind", bdf, NULL), 2, "there is no such PCI device");
	assert_ok(write_file("/sys/bus/pci/rescan", "1"));
	assert_string_equal(device_driver(bdf), "e1000e");
	assert_tool(tool_run("unbind", bdf, NULL), 0, ": not bound\n");
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to e1000e");
	unbind_to(bdf, "e1000e", "(null)");
	assert_ok(module_unload("e1000e"));
}

static void whole_group(void **state)
{
	char one[BDF_SIZE], other[BDF_SIZE];

	(void)state;
	tool_group(one, other);
	assert_tool(tool_run("bind", one, NULL), 0, one);
	assert_string_equal(device_driver(other), "");
	assert_tool(tool_run("bind", "--group", one, NULL), 0, other);
	assert_string_equal(device_driver(other), bench_driver());
	assert_tool(tool_run("unbind", "--group", other, NULL), 0, one);
	assert_string_equal(device_driver(one), "");
	assert_string_equal(device_driver(other), "");
}

/* One function of a slot whose other one has a driver of the kernel. */
static void group_blocked(void **state)
{
	char one[BDF_SIZE], other[BDF_SIZE], words[256];

	(void)state;
	tool_group(one, other);
	assert_ok(device_write_attr(other, "driver_override", "dvp_importer\n"));
	assert_ok(device_bind(other, "dvp_importer"));
	snprintf(words, sizeof(words),
		 "cannot be opened yet: IOMMU group %d also has %s (dvp_importer); \"dmabuf-vfio-pci bind --group %s\"",
		 device_group(one), other, one);
	assert_tool(tool_run("bind", one, NULL), 0, words);
	snprintf(words, sizeof(words), "because of %s (dvp_importer)", other);
	assert_tool(tool_run("export", one, "--bar", "2", "true", NULL), 125, words);
	assert_tool(tool_run("check", one, NULL), 1, words);
	snprintf(words, sizeof(words), "its IOMMU group also has %s (dvp_importer)",
		 other);
	assert_tool(tool_run("status", NULL), 0, words);
	assert_tool(tool_run("bind", "--group", one, NULL), 0, "no longer to dvp_importer");
	tool_free_device(one);
	tool_free_device(other);
}

static void bridge_refused(void **state)
{
	char port[BDF_SIZE];

	(void)state;
	assert_true(device_parent(tool_memory(), port));
	assert_tool(tool_run("bind", tool_memory(), port, NULL), 2,
		    "it is a bridge; VFIO cannot bind bridges");
	assert_string_equal(device_driver(tool_memory()), "");
}

static void open_not_unbound(void **state)
{
	const char *bdf = tool_memory();
	struct vfio *vfio = bench_open(bdf);

	(void)state;
	assert_tool(tool_run("unbind", bdf, NULL), 2, "not unbound: suites (pid ");
	assert_string_equal(device_driver(bdf), bench_driver());
	bench_close(vfio);
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
}

/*
 * With iommufd, which no kernel here has, a device has a file of its own.  One that
 * is no device has the name of it here.
 */
static void own_file_open(void **state)
{
	const char *bdf = tool_memory();
	char name[32], path[64];

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	tool_only_name(bdf, "vfio-dev", name, sizeof(name));
	mkdir("/dev/vfio/devices", 0700);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	bench_keep(assert_ok(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)));
	assert_tool(tool_run("unbind", bdf, NULL), 2, "not unbound: suites (pid ");
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_sys(unlink(path));
}

/* Its driver's remove would wait for us. */
static void open_not_bound(void **state)
{
	const char *bdf = tool_memory();
	struct vfio vfio;

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_ok(vfio_open(&vfio, bdf));
	assert_tool(tool_run("bind", bdf, NULL), 2, "not bound: suites (pid ");
	assert_tool(tool_run("check", bdf, NULL), 0, ") has it open");
	assert_string_equal(device_driver(bdf), "vfio-pci");
	vfio_close(&vfio);
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to vfio-pci");
	tool_free_device(bdf);
}

/* Start it by force while the device is open, until it says that it waits. */
static pid_t start_waiting(const char *command, const char *bdf, int *from)
{
	pid_t child = tool_start(from, command, "--force", bdf, NULL);
	char said[512] = "";
	size_t length = 0;
	ssize_t done;

	bench_keep(*from);
	do {
		done = read(*from, said + length, sizeof(said) - 1 - length);
		assert_true(done > 0);
		length += done;
	} while (!strchr(said, '\n'));
	if (!strstr(said, ": waiting for ") || !strstr(said, "suites (pid "))
		fail_msg("unexpected: %s", said);
	return child;
}

static void forced_waits(void **state)
{
	const char *bdf = tool_memory();
	int from, status;
	struct vfio vfio;
	pid_t child;

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_ok(vfio_open(&vfio, bdf));
	child = start_waiting("bind", bdf, &from);
	vfio_close(&vfio);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(device_driver(bdf), bench_driver());
	tool_free_device(bdf);
}

/* An interrupt ends the command at once, and the device stays with its driver. */
static void forced_interrupted(void **state)
{
	const char *bdf = tool_memory();
	int from, status;
	struct vfio vfio;
	pid_t child;

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_ok(vfio_open(&vfio, bdf));
	child = start_waiting("bind", bdf, &from);
	assert_sys(kill(child, SIGINT));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 2);
	vfio_close(&vfio);
	wait_until(!strcmp(device_driver(bdf), "vfio-pci"));
	assert_string_equal(tool_override(bdf), "vfio-pci");
	tool_free_device(bdf);
}

static void not_taken(void **state)
{
	const char *bdf = bench_find(EDU, 0);
	int importer = bench_importer("platform");

	(void)state;
	/* By override, because its ids are about to be others. */
	tool_free_device(bdf);
	assert_ok(device_bind(bdf, "dvp_importer"));
	/* Of the driver's denylist: an accelerator, QAT C62x. */
	assert_ok(importer_disguise(importer, bdf, 0x8086, 0x37c8));
	assert_tool(tool_run("bind", bdf, NULL), 2, "the driver refused it");
	assert_ok(importer_disguise(importer, bdf, 0x1234, 0x11e8));
	assert_string_equal(device_driver(bdf), "dvp_importer");
	assert_string_equal(tool_override(bdf), "dvp_importer");
	tool_free_device(bdf);
}

#define BIND(name, function) TEST("bind", name, function)
#define BIND_RELOADS(name, function) \
	TEST_RELOADS("bind", name, function)

int suite_bind(void)
{
	const struct CMUnitTest tests[] = {
		BIND("bind binds, and unbind undoes it", bound_and_back),
		BIND("a device's name can do without its domain", short_name),
		BIND_RELOADS("bind loads the module", loads_module),
		BIND("unbind forgets a driver_override that is this driver",
		     own_override),
		BIND_RELOADS("unbind says that ids= binds again", taken_again),
		BIND("unbind gives back to the kernel's driver", former_driver),
		BIND("unbind gives back what was unbound by hand", unbound_by_hand),
		BIND("unbind gives back a device whose driver_override is gone",
		     override_cleared),
		BIND("a device that was removed and found again is not bound", removed),
		BIND("bind takes all of a group if it is asked to",
		     whole_group),
		BIND("bind refuses a bridge", bridge_refused),
		BIND("bind warns of a group that cannot be opened",
		     group_blocked),
		BIND("unbind refuses a device that is open", open_not_unbound),
		BIND("unbind refuses a device whose own file is open",
		     own_file_open),
		BIND("a device that the driver does not take goes back",
		     not_taken),
	};
	/* The drop-in is vfio-pci itself. */
	const struct CMUnitTest beside_vfio_pci[] = {
		BIND("unbind puts a driver_override back", former_override),
		BIND("bind remembers the former state of what was unbound by hand",
		     bound_once_more),
		BIND("bind refuses a device that vfio-pci has open",
		     open_not_bound),
		BIND("bind --force says that it waits", forced_waits),
		BIND("bind --force can be interrupted", forced_interrupted),
	};
	int failed;

	if (!bench_is_ours())
		return 0;
	failed = run_group("bind", tests);
	if (!bench_is_dropin())
		failed += run_group("bind", beside_vfio_pci);
	return failed;
}
