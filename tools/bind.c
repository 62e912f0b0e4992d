// SPDX-License-Identifier: GPL-2.0-only
/* The commands "bind" and "unbind". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "binding.h"
#include "commands.h"
#include "driverctl.h"
#include "flavour.h"
#include "module.h"
#include "options.h"
#include "use.h"
#include "util.h"

/**
 * struct selection - which devices, and with which options
 * @devices: names
 * @count: number of @devices
 * @group: include the rest of their groups
 * @force: even if somebody uses them
 * @driverctl: path of driverctl, which saves the binding; NULL not to save it
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
	selection->devices = reallocarray(selection->devices,
					  selection->count + 1,
					  sizeof(*selection->devices));
	if (!selection->devices)
		fail("out of memory");
	strcpy(selection->devices[selection->count++], bdf);
}

/* Whether one is above the other: it cannot be unbound without the other. */
static bool are_related(const char *one, const char *other)
{
	char *path = text(DEVICES "/%s", one), *other_path = text(DEVICES "/%s", other);
	char *real = realpath(path, NULL), *other_real = realpath(other_path, NULL);
	bool related = real && other_real && (device_has(other, real) ||
					      device_has(one, other_real));

	free(real);
	free(other_real);
	free(path);
	free(other_path);
	return related;
}

/*
 * Bridges keep their drivers.  What is above the named device has others below it, and
 * what is below it goes with it.
 */
static void add_group(struct selection *selection, const char *bdf)
{
	int number = device_group(bdf);
	struct group *group;
	size_t i;

	if (number < 0)
		fail("%s: it has no IOMMU group, because no IOMMU is enabled", bdf);
	group = group_load(number);
	for (i = 0; i < group->count; i++)
		if (!device_is_bridge(group->members[i]) &&
		    !are_related(bdf, group->members[i]))
			add(selection, group->members[i]);
	group_free(group);
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

/* Undo all that binding a device has done. */
static int undo(const struct selection *selection, const char *bdf,
		const struct before *before)
{
	before_forget(bdf);
	if (selection->driverctl)
		driverctl_put_back(bdf, before->saved);
	return binding_restore(bdf, before);
}

/* What VFIO can never have. */
static void check_possible(const char *bdf)
{
	char owner[BDF_SIZE];

	if (device_is_bridge(bdf))
		fail("%s: it is a bridge; VFIO cannot bind bridges", bdf);
	if (device_group(bdf) < 0)
		fail("%s: no IOMMU is enabled, and VFIO needs one (VT-d or AMD-Vi in the firmware; in a VM, a vIOMMU)",
		     bdf);
	if (device_domain_owner(bdf, owner))
		fail("%s: it is behind VMD %s, which VFIO can only have as a whole",
		     bdf, owner);
}

static void check_bindable(const struct selection *selection, const char *bdf)
{
	char *use;

	check_possible(bdf);
	if (device_is_ours(bdf) || selection->force)
		return;
	use = use_by_process(bdf);
	if (use)
		fail("%s: not bound: %s; --force %s", bdf, use,
		     device_is_vfio(device_driver(bdf)) ?
		     "waits until it is closed" :
		     "binds it nevertheless, and waits if its driver does");
	use = use_by_machine(bdf);
	if (use)
		fail("%s: not bound: %s; --force binds it nevertheless", bdf, use);
}

static void load_module(void)
{
	int ret = module_load();

	if (flavour_is_kept_out())
		fail("the kernel's own vfio-pci is loaded, and keeps the drop-in out; unbind its devices, then run \"modprobe -r vfio-pci\"");
	if (ret)
		fail("the module cannot be loaded: %s; \"" NAME " check\" says more",
		     strerror(-ret));
}

static int set_driver(const struct selection *selection, const char *bdf)
{
	int ret;

	if (!selection->driverctl)
		return binding_set(bdf, DRIVER);
	/* driverctl would wait for the device's users without a word. */
	ret = binding_release(bdf);
	if (!ret)
		ret = driverctl_bind(selection->driverctl, bdf) ? -EIO : 0;
	return ret;
}

static void bind_one(const struct selection *selection, const char *bdf)
{
	struct before before;
	int ret;

	if (device_is_ours(bdf)) {
		printf("%s: already bound\n", bdf);
		return;
	}
	before_look(bdf, &before);
	/* What it had before it was ours is known if it is still claimed. */
	if (!device_is_claimed(bdf) || !before_is_known(bdf))
		before_remember(bdf, &before);
	ret = set_driver(selection, bdf);
	if (!device_is_ours(bdf)) {
		undo(selection, bdf, &before);
		fail("%s: the driver refused it%s%s; see dmesg", bdf,
		     ret ? ": " : "", ret ? strerror(-ret) : "");
	}
	printf("%s: bound%s%s\n", bdf, *before.driver ? ", no longer to " : "",
	       before.driver);
	if (ret && selection->driverctl)
		complain("%s: driverctl has not saved it: it is bound until the next boot",
			 bdf);
}

/* A group whose other devices have drivers of the kernel cannot be opened. */
static void warn_of_group(const char *bdf)
{
	int number = device_group(bdf);
	struct group *group = group_load(number);
	char *names = group_blockers(group, bdf);

	if (names)
		complain("%s: it cannot be opened yet: IOMMU group %d also has %s; \"" NAME " bind --group %s\" takes the whole group",
			 bdf, number, names, bdf);
	free(names);
	group_free(group);
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
	for (i = 0; i < selection.count; i++)
		warn_of_group(selection.devices[i]);
	return 0;
}

static void check_unbindable(const struct selection *selection,
			     const char *bdf)
{
	char *use;

	if (selection->force || !device_is_ours(bdf))
		return;
	use = use_by_process(bdf);
	if (use)
		fail("%s: not unbound: %s; --force waits until it is closed",
		     bdf, use);
}

/*
 * A device that is not bound, but whose driver_override names this driver: somebody has
 * unbound it by other means.  A driver that it has got since is left to it.
 */
static void unbind_claimed(const struct selection *selection, const char *bdf)
{
	bool has_driver = *device_driver(bdf);
	struct before before;
	int ret;

	before_recall(bdf, &before);
	if (has_driver) {
		device_set(bdf, "driver_override", "\n");
		before_forget(bdf);
		if (selection->driverctl)
			driverctl_put_back(bdf, before.saved);
		ret = 0;
	} else {
		ret = undo(selection, bdf, &before);
	}
	if (ret)
		fail("%s: cannot give it back to its former driver: %s", bdf,
		     strerror(-ret));
	printf("%s: not bound; its driver_override, which named our driver, is removed%s%s\n",
	       bdf, has_driver || !*device_driver(bdf) ? "" : ", and it is bound to ",
	       has_driver ? "" : device_driver(bdf));
}

static void unbind_one(const struct selection *selection, const char *bdf)
{
	struct before before;
	const char *driver;
	int ret;

	if (!device_is_ours(bdf)) {
		if (device_is_claimed(bdf))
			unbind_claimed(selection, bdf);
		else
			printf("%s: not bound\n", bdf);
		return;
	}
	before_recall(bdf, &before);
	ret = undo(selection, bdf, &before);
	if (ret)
		fail("%s: cannot give it back to its former driver: %s", bdf,
		     strerror(-ret));
	driver = device_driver(bdf);
	if (device_is_ours(bdf))
		fail("%s: not unbound: the driver claims it again at once (ids= or new_id)",
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
