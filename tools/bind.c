// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binds devices, and gives them back.  What a device had before is remembered
 * until the next boot in a file of its own, RECORDS/DEVICE, of three lines: struct
 * before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "driverctl.h"
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

/**
 * struct before - what a device had before it was bound; "" for what is not known
 * @driver: of the kernel
 * @override: driver_override, "" or NO_OVERRIDE for none
 * @saved: driver that driverctl had saved for it
 */
struct before {
	char driver[WORD_SIZE];
	char override[WORD_SIZE];
	char saved[WORD_SIZE];
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

	selection->driverctl = driverctl_find();
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

static void look(const char *bdf, struct before *before)
{
	char *saved = driverctl_saved(bdf);

	*before = (struct before) {};
	strcpy(before->driver, device_driver(bdf));
	device_attr(bdf, "driver_override", before->override,
		    sizeof(before->override));
	snprintf(before->saved, sizeof(before->saved), "%s", saved);
	free(saved);
}

static void remember(const char *bdf, const struct before *before)
{
	char *path = text(RECORDS "/%s", bdf);
	FILE *file;

	mkdir(RECORDS, 0755);
	file = fopen(path, "we");
	if (file)
		fprintf(file, "%s\n%s\n%s\n", before->driver,
			before->override, before->saved);
	if (!file || fclose(file))
		complain("%s: its driver cannot be remembered in %s: %s", bdf,
			 path, strerror(errno));
	free(path);
}

static void recall(const char *bdf, struct before *before)
{
	char *const lines[] = { before->driver, before->override, before->saved };
	char *path = text(RECORDS "/%s", bdf);
	FILE *file = fopen(path, "re");
	size_t i;

	*before = (struct before) {};
	for (i = 0; file && i < ARRAY_SIZE(lines); i++)
		if (fgets(lines[i], WORD_SIZE, file))
			lines[i][strcspn(lines[i], "\n")] = '\0';
	if (file)
		fclose(file);
	free(path);
	/* It is about to be unbound, whoever wanted it bound. */
	if (!strcmp(before->override, DRIVER))
		*before->override = '\0';
	if (!strcmp(before->saved, DRIVER))
		*before->saved = '\0';
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
static int give_back(const char *bdf, const struct before *before)
{
	bool none = !strcmp(before->override, NO_OVERRIDE);
	char *path;
	int ret;

	ret = rebind(bdf, none ? "" : before->override);
	if (ret || !*before->driver ||
	    !strcmp(device_driver(bdf), before->driver))
		return ret;
	release(bdf);
	path = text(DRIVERS "/%s/bind", before->driver);
	ret = write_file(path, bdf);
	free(path);
	return ret;
}

/* All that binding it has done. */
static int undo(const struct selection *selection, const char *bdf,
		const struct before *before)
{
	char *path = text(RECORDS "/%s", bdf);

	unlink(path);
	free(path);
	if (selection->driverctl)
		driverctl_put_back(bdf, before->saved);
	return give_back(bdf, before);
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
	struct before before;
	int ret;

	look(bdf, &before);
	if (!strcmp(before.driver, DRIVER)) {
		printf("%s: it is bound already\n", bdf);
		return;
	}
	remember(bdf, &before);
	if (selection->driverctl)
		ret = driverctl_bind(selection->driverctl, bdf) ? -EIO : 0;
	else
		ret = rebind(bdf, DRIVER);
	if (strcmp(device_driver(bdf), DRIVER)) {
		undo(selection, bdf, &before);
		fail("%s: the driver does not take it%s%s; the kernel's log says why",
		     bdf, ret ? ": " : "", ret ? strerror(-ret) : "");
	}
	printf("%s: bound%s%s\n", bdf, *before.driver ? ", no longer to " : "",
	       before.driver);
	if (ret && selection->driverctl)
		complain("%s: driverctl has not saved it: it is bound until the next boot",
			 bdf);
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
	struct before before;
	const char *driver;
	int ret;

	if (strcmp(device_driver(bdf), DRIVER)) {
		printf("%s: it is not bound\n", bdf);
		return;
	}
	recall(bdf, &before);
	ret = undo(selection, bdf, &before);
	if (ret)
		fail("%s: it cannot be given back to the driver it had: %s", bdf,
		     strerror(-ret));
	driver = device_driver(bdf);
	if (!strcmp(driver, DRIVER))
		fail("%s: not unbound, because the driver takes it again, by ids= or new_id",
		     bdf);
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
