// SPDX-License-Identifier: GPL-2.0-only
/*
 * libvirt, as Debian has it, starts a virtual machine with a device of ours, and ends it.
 * The machine is QEMU's without KVM; it is paused, because what runs in it does not matter.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "suites.h"
#include "system.h"

#define OURS	"dmabuf-vfio-pci"

/* From this major version on <driver model=''> is obeyed. */
#define KNOWS_MODEL 10

static int version;

/* Nobody gives up waiting for the other in a slow machine. */
#define VIRSH	"virsh -k 0 "
#define CONFIGURE "echo keepalive_interval = -1 >>/etc/libvirt/libvirtd.conf && "

/* A card that has a driver of the kernel, as on most machines. */
static const char *card(void)
{
	const char *bdf = bench_find(E1000E, 0);

	tool_free_device(bdf);
	assert_ok(write_file("/sys/bus/pci/drivers_probe", bdf));
	assert_string_equal(device_driver(bdf), "e1000e");
	return bdf;
}

/*
 * Starting libvirtd is asking QEMU, in an emulated machine, what it can do.  The socket is
 * there before that.
 */
static int start_libvirtd(void **state)
{
	struct tool_run run;

	(void)state;
	system_mount();
	assert_ok(module_load("e1000e", NULL));
	assert_tool(system_run(CONFIGURE "virtlogd -d && libvirtd -d"), 0, "");
	assert_tool(system_run("until " VIRSH "version; do sleep 1; done"), 0,
		    "Using library: libvirt ");
	run = system_run("libvirtd --version");
	version = atoi(run.output + strlen("libvirtd (libvirt) "));
	assert_true(version > 0);
	return 0;
}

static int stop_libvirtd(void **state)
{
	(void)state;
	system_run("kill $(cat /run/libvirtd.pid /run/virtlogd.pid)");
	tool_free_device(bench_find(E1000E, 0));
	return module_unload("e1000e");
}

/* Its domain; the device is in slot 0 of a bus of its own. */
static void define(const char *bdf, const char *managed, const char *model)
{
	assert_tool(system_run("cat >/tmp/domain.xml <<END\n"
		"<domain type='qemu'><name>guest</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>\n"
		"<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>\n"
		"<controller type='usb' model='none'/><memballoon model='none'/>\n"
		"<hostdev mode='subsystem' type='pci' managed='%s'>%s%s%s<source>\n"
		"<address domain='0x0000' bus='0x%.2s' slot='0x00' function='0x0'/>\n"
		"</source></hostdev></devices></domain>\n"
		"END", managed, model ? "<driver name='vfio' model='" : "",
		model ? model : "", model ? "'/>" : "", bdf + strlen("0000:")), 0, "");
}

static struct tool_run start(const char *bdf, const char *managed, const char *model)
{
	define(bdf, managed, model);
	/* A test that has failed may have left its own. */
	system_run(VIRSH "destroy guest 2>&1");
	return system_run(VIRSH "create /tmp/domain.xml --paused 2>&1");
}

/* libvirt waits less long for QEMU's end than that takes on a busy machine. */
static void end(void)
{
	assert_tool(system_run("until " VIRSH "destroy guest 2>&1; do sleep 5; done"),
		    0, "destroyed");
}

/* By the command, which sets driver_override. */
static const char *bound(void)
{
	const char *bdf = card();

	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	return bdf;
}

static const char *driver_with_model(void)
{
	return version >= KNOWS_MODEL ? bench_driver() : "vfio-pci";
}

static void assert_open(const char *bdf)
{
	char state[1024];

	assert_ok(bench_debugfs(bdf, "state", state, sizeof(state)));
	if (!strstr(state, "open yes\n"))
		fail_msg("the machine has it not open: %.400s", state);
}

/* A device that nobody has bound, which libvirt binds and gives back. */
static void managed_with_model(void **state)
{
	const char *bdf = card();

	(void)state;
	assert_tool(start(bdf, "yes", OURS), 0, "Domain 'guest' created");
	assert_string_equal(device_driver(bdf), driver_with_model());
	if (version >= KNOWS_MODEL)
		assert_open(bdf);
	end();
	assert_string_equal(device_driver(bdf), "e1000e");
}

static void managed(void **state)
{
	const char *bdf = card();

	(void)state;
	assert_tool(start(bdf, "yes", NULL), 0, "Domain 'guest' created");
	assert_string_equal(device_driver(bdf), "vfio-pci");
	end();
}

/* A device that the command has bound before. */
static void unmanaged_with_model(void **state)
{
	const char *bdf = bound();

	(void)state;
	if (version >= KNOWS_MODEL) {
		assert_tool(start(bdf, "no", OURS), 0, "Domain 'guest' created");
		assert_open(bdf);
		end();
	} else {
		assert_tool(start(bdf, "no", OURS), 1, "must be manually detached from the host");
	}
	assert_string_equal(device_driver(bdf), bench_driver());
}

static void unmanaged(void **state)
{
	const char *bdf = bound();

	(void)state;
	if (version >= KNOWS_MODEL) {
		assert_tool(start(bdf, "no", NULL), 0, "Domain 'guest' created");
		assert_open(bdf);
		end();
	} else {
		assert_tool(start(bdf, "no", NULL), 1, "must be manually detached from the host");
	}
	assert_string_equal(device_driver(bdf), bench_driver());
}

static void taken(void **state)
{
	const char *bdf = bound();

	(void)state;
	assert_tool(start(bdf, "yes", NULL), 0, "Domain 'guest' created");
	assert_string_equal(device_driver(bdf), "vfio-pci");
	end();
}

static void taken_with_model(void **state)
{
	const char *bdf = bound();

	(void)state;
	assert_tool(start(bdf, "yes", OURS), 0, "Domain 'guest' created");
	assert_string_equal(device_driver(bdf), driver_with_model());
	end();
}

/* The drop-in is what libvirt looks for, in all versions. */
static void dropin_managed(void **state)
{
	const char *bdf = card();

	(void)state;
	assert_tool(start(bdf, "yes", NULL), 0, "Domain 'guest' created");
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_open(bdf);
	end();
	assert_string_equal(device_driver(bdf), "e1000e");
}

static void dropin_unmanaged(void **state)
{
	const char *bdf = bound();

	(void)state;
	assert_tool(start(bdf, "no", NULL), 0, "Domain 'guest' created");
	assert_open(bdf);
	end();
	assert_string_equal(device_driver(bdf), bench_driver());
}

#define LIBVIRT(name, function) TEST("libvirt", name, function)

int suite_libvirt(void)
{
	const struct CMUnitTest variant[] = {
		LIBVIRT("managed='yes' with model", managed_with_model),
		LIBVIRT("managed='yes' without model is vfio-pci", managed),
		LIBVIRT("managed='no' with model", unmanaged_with_model),
		LIBVIRT("managed='no' without model", unmanaged),
		LIBVIRT("managed='yes' without model takes a bound device", taken),
		LIBVIRT("managed='yes' with model and a bound device", taken_with_model),
	};
	const struct CMUnitTest dropin[] = {
		LIBVIRT("managed='yes' without model uses the drop-in", dropin_managed),
		LIBVIRT("managed='no' uses a device that is bound to the drop-in",
			dropin_unmanaged),
	};

	if (!bench_is_ours())
		return 0;
	return bench_is_dropin() ?
		cmocka_run_group_tests_name("libvirt", dropin, start_libvirtd, stop_libvirtd) :
		cmocka_run_group_tests_name("libvirt", variant, start_libvirtd, stop_libvirtd);
}
