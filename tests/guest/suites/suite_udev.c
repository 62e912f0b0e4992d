// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is around the driver on a real machine: udev, which lets a group open bound
 * devices, driverctl, which binds them at every boot, and modprobe.d.
 */
#include <glob.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

#define DRIVERCTL	"/usr/lib/driverctl/driverctl"
#define DRIVERCTL_UNIT	"/usr/lib/driverctl/service"
/* Where the command looks for it. */
#define DRIVERCTL_PLACE	"/usr/sbin/driverctl"
#define RULES(number)	"/etc/udev/rules.d/" number "-dmabuf-vfio-pci.rules"
#define CONFIG		"/etc/modprobe.d/dmabuf-vfio-pci.conf"

/* The group "vfio" here, and somebody. */
#define GROUP	123
#define USER	1000

static int create(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	fputs(text, file);
	return fclose(file) ? -errno : 0;
}

static int start_udev(void **state)
{
	(void)state;
	mkdir("/etc/modprobe.d", 0755);
	mkdir("/usr/sbin", 0755);
	return create("/etc/passwd", "root:x:0:0::/:/bin/bash\n") ||
	       create("/etc/group", "root:x:0:\nvfio:x:123:\n") ||
	       tool_run_other("systemd-udevd", "--daemon", NULL).status;
}

static int stop_udev(void **state)
{
	(void)state;
	return tool_run_other("udevadm", "control", "--exit", NULL).status;
}

static void settle(void)
{
	assert_tool(tool_run_other("udevadm", "settle", "--timeout=60", NULL), 0,
		    "");
}

static void check_node(const char *bdf, gid_t group, mode_t mode,
		       const char *file, int line)
{
	struct stat status = {};
	char node[32];

	settle();
	snprintf(node, sizeof(node), "/dev/vfio/%d", device_group(bdf));
	if (!stat(node, &status) && status.st_gid == group &&
	    (status.st_mode & 0777) == mode)
		return;
	print_error("%s of %s: group %u, mode %o\n", node, bdf, status.st_gid,
		    status.st_mode);
	_fail(file, line);
}

#define assert_node(bdf, group, mode) \
	check_node(bdf, group, mode, __FILE__, __LINE__)

/* As somebody of the group: 0 or what open() says. */
static int open_as(const char *bdf, gid_t group)
{
	char node[32];
	pid_t child;
	int status;

	snprintf(node, sizeof(node), "/dev/vfio/%d", device_group(bdf));
	child = fork();
	assert_sys(child);
	if (!child) {
		if (setgroups(1, &group) || setgid(USER) || setuid(USER))
			_exit(255);
		_exit(open(node, O_RDWR | O_CLOEXEC) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void group_may_open(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	assert_node(bdf, GROUP, 0660);
	assert_int_equal(open_as(bdf, GROUP), 0);
	assert_int_equal(open_as(bdf, USER), EACCES);
}

static void others_untouched(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_node(bdf, 0, 0600);
	tool_free_device(bdf);
}

static void node_is_older(void **state)
{
	char one[BDF_SIZE], other[BDF_SIZE];

	(void)state;
	tool_group(one, other);
	assert_ok(device_bind(one, "vfio-pci"));
	assert_node(one, 0, 0600);
	assert_ok(device_bind(other, bench_driver()));
	assert_node(one, GROUP, 0660);
	tool_free_device(one);
	tool_free_device(other);
}

/*
 * Debian's kernels have that device, but not its node, which is iommufd's. So it is
 * seen whether the rule is about it: with a property in place of the group.
 */
static void device_node_too(void **state)
{
	static const char was[] = "GROUP=\"vfio\"", is[] = "ENV{OUR}=\"1\"";
	const char *bdf = tool_memory();
	char rules[4096], pattern[64], *place;
	glob_t found;

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	settle();
	snprintf(pattern, sizeof(pattern),
		 "/sys/bus/pci/devices/%s/vfio-dev/vfio*", bdf);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_ok(read_file(RULES("70"), rules, sizeof(rules)));
	while ((place = strstr(rules, was)))
		memcpy(place, is, sizeof(is) - 1);
	assert_ok(create(RULES("71"), rules));
	assert_tool(tool_run_other("udevadm", "test", *found.gl_pathv, NULL), 0,
		    "OUR=1\n");
	assert_sys(unlink(RULES("71")));
	globfree(&found);
}

/* A user of the device's own node needs this one as well. */
static void iommufd_node(void **state)
{
	struct stat status;

	(void)state;
	assert_tool(tool_run_other("udevadm", "trigger", "--sysname-match=iommu", NULL),
		    0, "");
	settle();
	assert_sys(stat("/dev/iommu", &status));
	assert_int_equal(status.st_gid, GROUP);
	assert_int_equal(status.st_mode & 0777, 0660);
}

static bool is_saved(const char *bdf)
{
	char path[64];

	snprintf(path, sizeof(path), "/etc/driverctl.d/pci-%s", bdf);
	return !access(path, F_OK);
}

static void check_override(const char *bdf)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %s\n", bdf, bench_driver());
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_tool(tool_run_other(DRIVERCTL, "list-overrides", NULL), 0, line);
	assert_true(is_saved(bdf));
}

static void driverctl_binds(void **state)
{
	const char *bdf = bench_find(E1000E, 0);

	(void)state;
	tool_free_device(bdf);
	assert_ok(module_unload(bench_driver()));
	assert_ok(module_load("e1000e", NULL));
	assert_tool(tool_run_other(DRIVERCTL, "set-override", bdf,
				   bench_driver(), NULL), 0, "");
	check_override(bdf);
	assert_tool(tool_run_other(DRIVERCTL, "unset-override", bdf, NULL), 0, "");
	assert_string_equal(device_driver(bdf), "e1000e");
	assert_false(is_saved(bdf));
	assert_ok(module_unload("e1000e"));
}

/* It comes back as it comes up when the machine boots: without an override. */
static void plug_again(const char *bdf)
{
	char path[64];

	assert_ok(device_write_attr(bdf, "remove", "1"));
	assert_ok(write_file("/sys/bus/pci/rescan", "1"));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	assert_sys(access(path, F_OK));
	settle();
	assert_string_equal(device_driver(bdf), "");
}

/* systemd's part is played by the test: it starts a unit, which runs a command. */
static void driverctl_binds_at_boot(void **state)
{
	char bdf[BDF_SIZE], path[64], want[64], unit[4096];

	(void)state;
	snprintf(bdf, sizeof(bdf), "%s", tool_memory());
	assert_tool(tool_run_other(DRIVERCTL, "set-override", bdf,
				   bench_driver(), NULL), 0, "");
	plug_again(bdf);
	snprintf(path, sizeof(path), "--path=/sys/bus/pci/devices/%s", bdf);
	snprintf(want, sizeof(want),
		 "SYSTEMD_WANTS=driverctl@pci-%s.service", bdf);
	assert_tool(tool_run_other("udevadm", "info", "--query=property", path, NULL),
		    0, want);
	assert_ok(read_file(DRIVERCTL_UNIT, unit, sizeof(unit)));
	assert_non_null(strstr(unit,
			       "ExecStart=/usr/sbin/driverctl load-override %I\n"));
	snprintf(path, sizeof(path), "pci/%s", bdf);
	assert_tool(tool_run_other(DRIVERCTL, "load-override", path, NULL), 0, "");
	check_override(bdf);
	assert_node(bdf, GROUP, 0660);
	/* There is no other driver, which it complains about. */
	tool_run_other(DRIVERCTL, "unset-override", bdf, NULL);
	assert_string_equal(device_driver(bdf), "");
	snprintf(path, sizeof(path), "/etc/driverctl.d/pci-%s", bdf);
	assert_sys(unlink(path));
}

/* Another test that has failed may have left it there. */
static void place_driverctl(void)
{
	unlink(DRIVERCTL_PLACE);
	assert_sys(symlink(DRIVERCTL, DRIVERCTL_PLACE));
}

static void save(const char *bdf, const char *driver)
{
	char path[64];

	mkdir("/etc/driverctl.d", 0755);
	snprintf(path, sizeof(path), "/etc/driverctl.d/pci-%s", bdf);
	assert_ok(create(path, driver));
}

static void assert_saved(const char *bdf, const char *driver)
{
	char path[64], line[64];

	snprintf(path, sizeof(path), "/etc/driverctl.d/pci-%s", bdf);
	assert_ok(read_file(path, line, sizeof(line)));
	assert_string_equal(line, driver);
}

/* For the next boot, of what somebody has not bound yet. */
static void command_puts_back(void **state)
{
	char bdf[BDF_SIZE], path[64];

	(void)state;
	snprintf(bdf, sizeof(bdf), "%s", tool_memory());
	place_driverctl();
	save(bdf, "vfio-pci\n");
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_saved(bdf, "dmabuf-vfio-pci\n");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
	assert_saved(bdf, "vfio-pci\n");

	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	save(bdf, "pci-stub\n");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
	assert_saved(bdf, "pci-stub\n");
	snprintf(path, sizeof(path), "/etc/driverctl.d/pci-%s", bdf);
	assert_sys(unlink(path));
	assert_sys(unlink(DRIVERCTL_PLACE));
}

static void failed_bind_saves(const char *bdf, const char *saved)
{
	save(bdf, saved);
	assert_tool(tool_run("bind", bdf, NULL), 2, "the driver refused it");
	assert_saved(bdf, saved);
}

static void command_fails(void **state)
{
	const char *bdf = bench_find(EDU, 0);
	int importer = bench_importer("platform");
	char path[64];

	(void)state;
	tool_free_device(bdf);
	/* By override, because its ids are about to be of the driver's denylist. */
	assert_ok(device_bind(bdf, "dvp_importer"));
	assert_ok(importer_disguise(importer, bdf, 0x8086, 0x37c8));
	place_driverctl();
	failed_bind_saves(bdf, "vfio-pci\n");
	failed_bind_saves(bdf, "dmabuf-vfio-pci\n");
	assert_sys(unlink(DRIVERCTL_PLACE));
	snprintf(path, sizeof(path), "/etc/driverctl.d/pci-%s", bdf);
	assert_sys(unlink(path));
	assert_ok(importer_disguise(importer, bdf, 0x1234, 0x11e8));
	tool_free_device(bdf);
}

static void command_saves(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	place_driverctl();
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	check_override(bdf);
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
	assert_string_equal(device_driver(bdf), "");
	assert_false(is_saved(bdf));
	assert_tool(tool_run("bind", "--no-save", bdf, NULL), 0, "bound");
	assert_false(is_saved(bdf));
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
	assert_sys(unlink(DRIVERCTL_PLACE));
}

/* Where driverctl would have a directory, there is something else. */
static void command_cannot_save(void **state)
{
	static const char place[] = "/etc/driverctl.d";
	const char *bdf = tool_memory();

	(void)state;
	rmdir(place);
	assert_ok(create(place, ""));
	place_driverctl();
	assert_tool(tool_run("bind", bdf, NULL), 0, "driverctl has not saved it");
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
	assert_sys(unlink(DRIVERCTL_PLACE));
	assert_sys(unlink(place));
}

/* Each device is told of once, also when nobody reads line by line. */
static void command_says_once(void **state)
{
	char one[BDF_SIZE], other[BDF_SIZE], line[64], *first;
	struct tool_run run;

	(void)state;
	tool_group(one, other);
	place_driverctl();
	run = assert_tool(tool_run("bind", "--group", one, NULL), 0, "bound");
	snprintf(line, sizeof(line), "%s: bound", one);
	first = strstr(run.output, line);
	assert_non_null(first);
	assert_null(strstr(first + 1, line));
	assert_tool(tool_run("unbind", "--group", one, NULL), 0, "unbound");
	assert_sys(unlink(DRIVERCTL_PLACE));
}

/* The example that the packages have is of e1000e. */
static void modprobe_example(void **state)
{
	const char *bdf = bench_find(E1000E, 0);
	char example[4096];

	(void)state;
	tool_free_device(bdf);
	assert_ok(module_unload(bench_driver()));
	assert_ok(read_file("/usr/share/doc/modprobe.conf", example,
			    sizeof(example)));
	assert_ok(create(CONFIG, example));
	assert_tool(tool_run_other("/sbin/modprobe", "e1000e", NULL), 0, "");
	assert_sys(unlink(CONFIG));
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_ok(module_unload("e1000e"));
}

#define UDEV(name, function) TEST("udev", name, function)
#define UDEV_RELOADS(name, function) \
	TEST_RELOADS("udev", name, function)

int suite_udev(void)
{
	const struct CMUnitTest tests[] = {
		UDEV("the group vfio may open a bound device, others not",
		     group_may_open),
		UDEV("devices of vfio-pci stay root's", others_untouched),
		UDEV("the group may open a node that is older than the binding",
		     node_is_older),
		UDEV("the rule is about the device's own node, too",
		     device_node_too),
		UDEV_RELOADS("driverctl binds, and gives back", driverctl_binds),
		UDEV("driverctl binds again at the next boot",
		     driverctl_binds_at_boot),
		UDEV("bind is saved by driverctl, unless told otherwise",
		     command_saves),
		UDEV("unbind puts back what driverctl had saved",
		     command_puts_back),
		UDEV("what driverctl has saved survives a bind that fails",
		     command_fails),
		UDEV("bind says that driverctl could not save it",
		     command_cannot_save),
		UDEV("bind tells of each device once", command_says_once),
		UDEV_RELOADS("the example for modprobe.d comes before the driver",
			     modprobe_example),
	};

	const struct CMUnitTest with_iommufd[] = {
		UDEV("the group may open /dev/iommu", iommufd_node),
	};
	int failed;

	if (!bench_is_ours())
		return 0;
	failed = cmocka_run_group_tests_name("udev", tests, start_udev, stop_udev);
	/* Debian's kernels have none. */
	if (!module_load("iommufd", NULL))
		failed += cmocka_run_group_tests_name("udev", with_iommufd, start_udev,
						      stop_udev);
	return failed;
}
