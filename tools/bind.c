// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binds devices, and gives them back.  What a device had before is remembered
 * until the next boot in a file of its own, RECORDS/DEVICE: its driver, and the
 * driver_override that somebody may have set.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "module.h"
#include "options.h"
#include "use.h"
#include "util.h"

#define RECORDS		"/run/dmabuf-vfio-pci"
#define DRIVERS		"/sys/bus/pci/drivers"
#define NO_OVERRIDE	"(null)"

/**
 * struct selection - what is to be done, and with what
 * @devices: names
 * @count: of @devices
 * @group: the rest of their groups, too
 * @force: although somebody would miss them
 * @driverctl: where it is, which then saves the binding; NULL if it is not
 */
struct selection {
	char (*devices)[BDF_SIZE];
	size_t count;
	bool group;
	bool force;
	const char *driverctl;
};

static void add(struct selection *selection, const char *bdf)
{
	size_t i;

	for (i = 0; i < selection->count; i++)
		if (!strcmp(selection->devices[i], bdf))
			return;
	selection->devices = realloc(selection->devices,
				     (selection->count + 1) *
				     sizeof(*selection->devices));
	if (!selection->devices)
		fail("there is no memory left");
	strcpy(selection->devices[selection->count++], bdf);
}

/* Bridges of a group stay with their driver. */
static void add_group(struct selection *selection, const char *bdf)
{
	int number = device_group(bdf);
	struct group *group;
	size_t i;

	if (number < 0)
		fail("%s: it is in no IOMMU group, because no IOMMU is on", bdf);
	group = group_load(number);
	for (i = 0; i < group->count; i++)
		if (!device_is_bridge(group->members[i]))
			add(selection, group->members[i]);
}

/* Returns its exit status, or -1. */
static int run_driverctl(const struct selection *selection, const char *verb,
			 const char *bdf, const char *driver)
{
	pid_t child;
	int status;

	/* What waits to be written would be written by the child, too. */
	fflush(stdout);
	child = fork();
	if (!child) {
		/* What goes wrong is seen by what comes of it. */
		if (!freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(1);
		execl(selection->driverctl, "driverctl", verb, bdf, driver,
		      NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* By itself it forgets the device only if another driver takes it. */
static void forget_in_driverctl(const struct selection *selection,
				const char *bdf)
{
	char *path = text("/etc/driverctl.d/pci-%s", bdf);

	run_driverctl(selection, "unset-override", bdf, NULL);
	unlink(path);
	free(path);
}

static const char *find_driverctl(void)
{
	static const char *const places[] = {
		"/usr/sbin/driverctl", "/sbin/driverctl", "/usr/bin/driverctl",
		"/usr/local/sbin/driverctl",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (!access(places[i], X_OK))
			return places[i];
	return NULL;
}

static void parse(struct selection *selection, int argc, char **argv)
{
	static const struct option options[] = {
		{ "group", no_argument, NULL, 'g' },
		{ "force", no_argument, NULL, 'f' },
		{ "no-save", no_argument, NULL, 'n' },
		OPTION_HELP,
		{}
	};
	char bdf[BDF_SIZE];
	int option;

	selection->driverctl = find_driverctl();
	while ((option = options_next(argc, argv, "gfnh", options)) >= 0) {
		selection->group |= option == 'g';
		selection->force |= option == 'f';
		if (option == 'n')
			selection->driverctl = NULL;
	}
	if (optind == argc)
		fail_usage(argv[0]);
	for (; optind < argc; optind++) {
		device_name(argv[optind], bdf);
		add(selection, bdf);
		if (selection->group)
			add_group(selection, bdf);
	}
	if (geteuid())
		fail("only root can %s devices", argv[0]);
}

static void remember(const char *bdf, const char *driver, const char *override)
{
	char *path = text(RECORDS "/%s", bdf);
	FILE *file;

	mkdir(RECORDS, 0755);
	file = fopen(path, "we");
	if (file)
		fprintf(file, "%s\n%s\n", driver, override);
	if (!file || fclose(file))
		complain("%s: its driver cannot be remembered in %s: %s", bdf,
			 path, strerror(errno));
	free(path);
}

/* "" for what is not known. */
static void recall(const char *bdf, char *driver, char *override)
{
	char *path = text(RECORDS "/%s", bdf), line[2][WORD_SIZE] = {};
	FILE *file = fopen(path, "re");
	size_t i;

	for (i = 0; file && i < ARRAY_SIZE(line); i++)
		if (fgets(line[i], sizeof(line[i]), file))
			line[i][strcspn(line[i], "\n")] = '\0';
	if (file)
		fclose(file);
	unlink(path);
	free(path);
	strcpy(driver, line[0]);
	strcpy(override, line[1]);
}

static int release(const char *bdf)
{
	return *device_driver(bdf) ? device_set(bdf, "driver/unbind", bdf) : 0;
}

/* An empty override is that of no driver: then the kernel chooses. */
static int set_override(const char *bdf, const char *driver)
{
	char *line = text("%s\n", driver);
	int ret = device_set(bdf, "driver_override", line);

	free(line);
	return ret;
}

static int probe(const char *bdf)
{
	return write_file("/sys/bus/pci/drivers_probe", bdf);
}

static int rebind(const char *bdf, const char *override)
{
	int ret = release(bdf);

	if (!ret)
		ret = set_override(bdf, override);
	if (!ret)
		ret = probe(bdf);
	return ret;
}

/* As it was before: also where the kernel by itself would choose another one. */
static int give_back(const char *bdf, const char *driver, const char *override)
{
	char *path;
	int ret;

	ret = rebind(bdf, strcmp(override, NO_OVERRIDE) ? override : "");
	if (ret || !*driver || !strcmp(device_driver(bdf), driver))
		return ret;
	release(bdf);
	path = text(DRIVERS "/%s/bind", driver);
	ret = write_file(path, bdf);
	free(path);
	return ret;
}

/* All that binding it has done. */
static int undo(const struct selection *selection, const char *bdf)
{
	char driver[WORD_SIZE], override[WORD_SIZE];

	recall(bdf, driver, override);
	if (selection->driverctl)
		forget_in_driverctl(selection, bdf);
	return give_back(bdf, driver, override);
}

static void check_bindable(const struct selection *selection, const char *bdf)
{
	char *use;

	if (device_is_bridge(bdf))
		fail("%s: it is a bridge, which VFIO cannot have", bdf);
	if (device_group(bdf) < 0)
		fail("%s: no IOMMU is on, without which VFIO cannot have it",
		     bdf);
	use = use_by_machine(bdf);
	if (use && !selection->force)
		fail("%s: not bound, because %s; --force binds it nevertheless",
		     bdf, use);
	free(use);
}

static void load_module(void)
{
	int ret = module_load();

	if (ret)
		fail("the module cannot be loaded: %s; \"" NAME " check\" says more",
		     strerror(-ret));
}

static void bind_one(const struct selection *selection, const char *bdf)
{
	char driver[WORD_SIZE], override[WORD_SIZE] = NO_OVERRIDE;
	int ret;

	snprintf(driver, sizeof(driver), "%s", device_driver(bdf));
	if (!strcmp(driver, DRIVER)) {
		printf("%s: it is bound already\n", bdf);
		return;
	}
	device_attr(bdf, "driver_override", override, sizeof(override));
	remember(bdf, driver, override);
	if (selection->driverctl)
		ret = run_driverctl(selection, "set-override", bdf, DRIVER) ?
		      -EIO : 0;
	else
		ret = rebind(bdf, DRIVER);
	if (strcmp(device_driver(bdf), DRIVER)) {
		undo(selection, bdf);
		fail("%s: the driver does not take it%s%s; the kernel's log says why",
		     bdf, ret ? ": " : "", ret ? strerror(-ret) : "");
	}
	printf("%s: bound%s%s\n", bdf, *driver ? ", no longer to " : "",
	       driver);
}

int command_bind(int argc, char **argv)
{
	struct selection selection = {};
	size_t i;

	parse(&selection, argc, argv);
	/* All or none. */
	for (i = 0; i < selection.count; i++)
		check_bindable(&selection, selection.devices[i]);
	load_module();
	for (i = 0; i < selection.count; i++)
		bind_one(&selection, selection.devices[i]);
	return 0;
}

/* Its driver would wait for whoever has it open. */
static void check_unbindable(const struct selection *selection,
			     const char *bdf)
{
	char *use = use_by_process(bdf);

	if (use && !selection->force)
		fail("%s: not unbound, because %s; --force waits until it is closed",
		     bdf, use);
	free(use);
}

static void unbind_one(const struct selection *selection, const char *bdf)
{
	char driver[WORD_SIZE];
	int ret;

	if (strcmp(device_driver(bdf), DRIVER)) {
		printf("%s: it is not bound\n", bdf);
		return;
	}
	ret = undo(selection, bdf);
	if (ret)
		fail("%s: it cannot be given back to the driver it had: %s", bdf,
		     strerror(-ret));
	snprintf(driver, sizeof(driver), "%s", device_driver(bdf));
	printf("%s: unbound%s%s\n", bdf, *driver ? ", now bound to " : "",
	       driver);
}

int command_unbind(int argc, char **argv)
{
	struct selection selection = {};
	size_t i;

	parse(&selection, argc, argv);
	for (i = 0; i < selection.count; i++)
		check_unbindable(&selection, selection.devices[i]);
	for (i = 0; i < selection.count; i++)
		unbind_one(&selection, selection.devices[i]);
	return 0;
}
