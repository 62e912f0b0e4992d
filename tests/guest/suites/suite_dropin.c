// SPDX-License-Identifier: GPL-2.0-only
/* The drop-in: what has the name of vfio-pci is expected to do what that does. */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

#define PARAMETERS "/sys/module/vfio_pci/parameters"
#define OPTIONS "/etc/modprobe.d/vfio.conf"
#define CMDLINE "/tmp/cmdline"
#define LOADED "the running kernel has loaded the vfio-pci that is installed now"

/* The machine has it where modprobe does not look. */
#define OTHER_FLAVOUR "/other/dmabuf-vfio-pci.ko"

#define INTEL 0x8086
#define OPREGION 0xfc

static void create(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void run_modprobe(const char *argument)
{
	assert_tool(tool_run_other("/sbin/modprobe", argument, "vfio-pci", NULL),
		    0, "");
}

static char parameter_value[64];

static const char *parameter(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), PARAMETERS "/%s", name);
	assert_ok(read_file(path, parameter_value, sizeof(parameter_value)));
	parameter_value[strcspn(parameter_value, "\n")] = '\0';
	return parameter_value;
}

/* The kernel's own module is there as well, below kernel/. */
static void in_force(void **state)
{
	(void)state;
	assert_tool(tool_run_other("/sbin/modprobe", "--show-depends", "vfio-pci",
				   NULL), 0, "/updates/vfio-pci.ko");
}

/* As libvirt looks for the best driver of a device. */
static void alias(void **state)
{
	(void)state;
	assert_tool(tool_run_other("/sbin/modprobe", "-R",
				   "vfio_pci:v00001AF4d00001110sv00001AF4sd00001100bc05sc00i00",
				   NULL), 0, "vfio_pci");
}

static void modprobe_options(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	create(OPTIONS, "options vfio-pci ids=1af4:1110 disable_idle_d3=1 nointxmask=1 disable_denylist=1\n");
	run_modprobe("-r");
	run_modprobe("-a");
	assert_sys(unlink(OPTIONS));
	assert_string_equal(device_driver(bdf), "vfio-pci");
	assert_string_equal(parameter("disable_idle_d3"), "Y");
	assert_string_equal(parameter("nointxmask"), "Y");
	assert_string_equal(parameter("disable_denylist"), "Y");
	assert_string_equal(parameter("enable_sriov"), "N");
}

/* modprobe reads it there; the kernel itself has no use for it. */
static void command_line(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	create(CMDLINE, "quiet vfio-pci.ids=1af4:1110 vfio_pci.disable_idle_d3=1\n");
	run_modprobe("-r");
	assert_sys(mount(CMDLINE, "/proc/cmdline", NULL, MS_BIND, NULL));
	run_modprobe("-a");
	assert_sys(umount("/proc/cmdline"));
	assert_string_equal(device_driver(bdf), "vfio-pci");
	assert_string_equal(parameter("disable_idle_d3"), "Y");
}

static void not_removed_while_open(void **state)
{
	const char *bdf = tool_memory();
	struct vfio *vfio = bench_open(bdf);
	struct tool_run run;

	(void)state;
	run = tool_run_other("/sbin/modprobe", "-r", "vfio-pci", NULL);
	assert_int_not_equal(run.status, 0);
	assert_non_null(strstr(run.output, "in use"));
	assert_string_equal(device_driver(bdf), "vfio-pci");
	bench_close(vfio);
	run_modprobe("-r");
	assert_string_equal(device_driver(bdf), "");
}

/* Under another of its names. */
static void kmod_as(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/bin/%s", name);
	if (access(path, F_OK))
		assert_sys(symlink("/sbin/modprobe", path));
}

/* Takes ours out and puts the kernel's own in. */
static void load_kernels(void)
{
	glob_t found;

	run_modprobe("-r");
	assert_int_equal(glob("/lib/modules/*/kernel/drivers/vfio/pci/vfio-pci.ko*",
			      0, NULL, &found), 0);
	kmod_as("insmod");
	assert_ok(module_load("vfio-pci-core", NULL));
	assert_tool(tool_run_other("insmod", found.gl_pathv[0], NULL), 0, "");
	globfree(&found);
	assert_sys_error(access(PARAMETERS "/exporter", F_OK), ENOENT);
}

/* Each of them, and who may write to it; "ids" is in no directory. */
static void same_parameters(void **state)
{
	struct stat kernels[16], ours;
	glob_t found;
	size_t i;

	(void)state;
	load_kernels();
	assert_int_equal(glob(PARAMETERS "/*", 0, NULL, &found), 0);
	assert_in_range(found.gl_pathc, 4, ARRAY_SIZE(kernels));
	for (i = 0; i < found.gl_pathc; i++)
		assert_sys(stat(found.gl_pathv[i], &kernels[i]));
	run_modprobe("-r");
	run_modprobe("-a");
	assert_sys(access(PARAMETERS "/exporter", F_OK));
	for (i = 0; i < found.gl_pathc; i++) {
		assert_sys(stat(found.gl_pathv[i], &ours));
		if (ours.st_mode != kernels[i].st_mode)
			fail_msg("%s: mode %o", found.gl_pathv[i], ours.st_mode);
	}
	globfree(&found);
}

static void kept_out(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	load_kernels();
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_tool(tool_run("status", NULL), 0,
		    "the kernel's own vfio-pci is loaded in its place");
	assert_tool(tool_run("status", NULL), 0, "no device is bound to it");
	assert_tool(tool_run("check", "--for", "dpdk", bdf, NULL), 1,
		    "from the kernel's own vfio-pci, which is loaded in place of the drop-in");
	assert_tool(tool_run("bind", bdf, NULL), 2,
		    "the kernel's own vfio-pci is loaded, and keeps the drop-in out");
	assert_string_equal(device_driver(bdf), "vfio-pci");
	run_modprobe("-r");
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
}

/*
 * What DKMS runs when it has installed or removed ours.  By bash: busybox's shell would
 * prefer applets of its own to kmod.
 */
static struct tool_run run_hook(const char *what)
{
	struct utsname kernel;

	uname(&kernel);
	kmod_as("depmod");
	kmod_as("modprobe");
	return tool_run_other("bash", "/bin/dropin-hook", what, kernel.release,
			      "/tmp/archive", NULL);
}

static bool ours_is_loaded(void)
{
	return !access(PARAMETERS "/exporter", F_OK);
}

static void installed_while_bound(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	load_kernels();
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_tool(run_hook("after-install"), 0,
		    "is bound to it: unbind that and run \"modprobe -r vfio-pci\"");
	assert_false(ours_is_loaded());
	assert_string_equal(device_driver(bdf), "vfio-pci");
	/* Or its driver_override binds it to the module that is loaded next. */
	tool_free_device(bdf);
	assert_tool(run_hook("after-install"), 0, LOADED);
	assert_true(ours_is_loaded());
}

/* Where depmod finds it, and where not. */
static char file[128], file_away[140];

static void take_away(void)
{
	struct utsname kernel;

	uname(&kernel);
	snprintf(file, sizeof(file), "/lib/modules/%s/updates/vfio-pci.ko",
		 kernel.release);
	snprintf(file_away, sizeof(file_away), "%s.away", file);
	assert_sys(rename(file, file_away));
}

static void removed_while_open(void **state)
{
	const char *bdf = tool_memory();
	struct vfio *vfio = bench_open(bdf);

	(void)state;
	bench_export(vfio, VFIO_PCI_BAR2_REGION_INDEX, 0, MIB);
	take_away();
	assert_tool(run_hook("after-remove"), 0, "is bound to it");
	assert_true(ours_is_loaded());
	bench_export(vfio, VFIO_PCI_BAR2_REGION_INDEX, 0, MIB);
	assert_tool(tool_run("status", NULL), 0,
		    "it is not installed for this kernel any more");
	bench_teardown(state);
	/* Or its driver_override binds it to the module that is loaded next. */
	tool_free_device(bdf);
	assert_tool(run_hook("after-remove"), 0, LOADED);
	assert_true(module_is_loaded("vfio-pci"));
	assert_false(ours_is_loaded());
	assert_sys(rename(file_away, file));
	assert_tool(run_hook("after-install"), 0, LOADED);
	assert_true(ours_is_loaded());
}

static void not_loadable(void **state)
{
	(void)state;
	load_kernels();
	take_away();
	create(file, "no module");
	assert_tool(run_hook("after-install"), 0,
		    "cannot be loaded (see dmesg); the kernel's own is loaded again");
	assert_true(module_is_loaded("vfio-pci"));
	assert_false(ours_is_loaded());
	assert_sys(rename(file_away, file));
	assert_tool(run_hook("after-install"), 0, LOADED);
	assert_true(ours_is_loaded());
}

static void status_says(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("status", NULL), 0,
		    "flavour: drop-in, the driver is called vfio-pci");
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_tool(tool_run("status", NULL), 0, "exports, 0 revocations");
}

static void takes(void **state)
{
	static const char *const software[] = {
		"dpdk", "kubevirt", "libvirt", "proxmox",
	};
	const char *bdf = tool_memory();
	size_t i;

	(void)state;
	assert_tool(tool_run("check", "--for", "dpdk", bdf, NULL), 0,
		    "once it is bound; dmabuf-vfio-pci bind");
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	for (i = 0; i < ARRAY_SIZE(software); i++)
		assert_tool(tool_run("check", "--for", software[i], bdf, NULL), 0,
			    "because the driver is called vfio-pci");
}

/* The other flavour exports the same function for importers in the kernel. */
static void other_flavour(void **state)
{
	const char *const words[] = {
		"exports duplicate symbol dmabuf_vfio_pci_get_phys (owned by vfio_pci)", NULL
	};
	const char *bdf = tool_memory();
	struct vfio *vfio = bench_open(bdf);
	int klog = bench_keep(assert_ok(klog_open_end()));
	struct tool_run run;

	(void)state;
	kmod_as("insmod");
	run = tool_run_other("insmod", OTHER_FLAVOUR, NULL);
	assert_int_not_equal(run.status, 0);
	assert_non_null(strstr(run.output, "Invalid module format"));
	assert_int_equal(klog_count(klog, words), 1);
	assert_false(module_is_loaded("dmabuf-vfio-pci"));
	bench_export(vfio, VFIO_PCI_BAR2_REGION_INDEX, 0, MIB);
	assert_tool(tool_run("status", NULL), 0,
		    "flavour: drop-in, the driver is called vfio-pci");
}

/* A display that says it is Intel's, with an address where the tables' would be. */
static void names_graphics(void **state)
{
	const char *const words[] = {
		"Intel graphics: the regions of the OpRegion", NULL
	};
	const char *bdf = bench_find(VGA, 1);
	int importer = bench_importer(bench_find(EDU, 0));
	int klog = bench_keep(assert_ok(klog_open_end()));
	uint32_t none = 0, address = 0x7000000;
	unsigned int vendor, device;

	(void)state;
	device_ids(VGA, &vendor, &device);
	tool_free_device(bdf);
	assert_ok(importer_disguise(importer, bdf, INTEL, device));
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_int_equal(klog_count(klog, words), 0);
	assert_ok(device_unbind(bdf));
	assert_ok(device_write_config(bdf, OPREGION, &address, sizeof(address)));
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_int_equal(klog_count(klog, words), 1);
	assert_ok(device_unbind(bdf));
	assert_ok(device_write_config(bdf, OPREGION, &none, sizeof(none)));
	assert_ok(importer_disguise(importer, bdf, vendor, device));
	tool_free_device(bdf);
}

#define DROPIN(name, function) TEST_RELOADS("dropin", name, function)

int suite_dropin(void)
{
	const struct CMUnitTest tests[] = {
		DROPIN("modprobe finds it before the kernel's own", in_force),
		DROPIN("it has the alias of vfio-pci", alias),
		DROPIN("options vfio-pci in modprobe.d count", modprobe_options),
		DROPIN("vfio-pci.ids= on the kernel's command line binds",
		       command_line),
		DROPIN("modprobe -r fails while a device is open",
		       not_removed_while_open),
		DROPIN("it has the parameters of vfio-pci, and the same may write to them",
		       same_parameters),
		DROPIN("the kernel's own keeps it out until it is removed", kept_out),
		DROPIN("an installation leaves the kernel's own while a device is bound",
		       installed_while_bound),
		DROPIN("a removal leaves it while a device is open",
		       removed_while_open),
		DROPIN("where it cannot be loaded the kernel's own is again",
		       not_loadable),
		DROPIN("the other flavour cannot be loaded beside it", other_flavour),
		DROPIN("status says that it is the drop-in", status_says),
		DROPIN("check --for says that software takes its devices", takes),
		DROPIN("the log names Intel graphics that lack their regions",
		       names_graphics),
	};

	mkdir("/etc/modprobe.d", 0755);
	return bench_is_dropin() ? run_group("dropin", tests) : 0;
}
