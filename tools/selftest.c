// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command "selftest": whether the driver does on this machine what it is for.  It
 * does to a device what a program that has opened it may do, and no more.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "flavour.h"
#include "module.h"
#include "options.h"
#include "paths.h"
#include "selftest.h"
#include "values.h"

#define MODULE	"module"
#define MACHINE	"machine"

/* Load the module and unload it again. */
static void try_module(struct facts *facts)
{
	int ret;

	if (flavour_loaded() || !flavour_installed() || flavour_is_kept_out())
		return;
	if (geteuid()) {
		fact_add(facts, SKIPPED, MODULE, "module.load-root",
			 text("only root can load it"), NULL);
		return;
	}
	ret = module_load();
	if (ret) {
		fact_add(facts, NOT_OK, MODULE, "module.load-fails",
			 text("it cannot be loaded: %s", strerror(-ret)),
			 text("the kernel's log says more"));
		return;
	}
	fact_add(facts, OK, MODULE, "module.loads", text("it can be loaded"), NULL);
	module_unload();
}

static void test_path(struct facts *facts, const struct path *path,
		      const struct function *from, const struct function *to)
{
	if (path->type == MAP_UNKNOWN)
		fact_add(facts, SKIPPED, to->bdf, "path.unknown",
			 text("the path from %s is not known: %s", from->bdf, path->why),
			 NULL);
	else if (path->type == MAP_NOT_SUPPORTED)
		fact_add(facts, WARNING, to->bdf, "path.not-supported",
			 text("there is no path from %s: %s", from->bdf, path->why),
			 text(NAME " check %s %s", to->bdf, from->bdf));
	else
		fact_add(facts, OK, to->bdf, "path.works",
			 text("%s reaches it by the path %s, says %s: %s", from->bdf,
			      map_type_names[path->type],
			      path->is_drivers ? "the driver" : "this command",
			      path->why), NULL);
}

/* From the other bound devices, which need not be idle for that. */
static void test_paths(struct facts *facts, const struct machine *machine,
		       const struct function *device)
{
	struct path *paths = paths_load(machine, device);
	bool has_other = false;
	size_t i;

	for (i = 0; i < machine->nr_functions; i++) {
		const struct function *other = &machine->functions[i];

		if (other == device || !device_is_ours(other->bdf))
			continue;
		has_other = true;
		test_path(facts, &paths[i], other, device);
	}
	if (!has_other)
		fact_add(facts, SKIPPED, device->bdf, "path.none",
			 text("no path checked: no other device is bound"),
			 NULL);
	paths_free(machine, paths);
}

static unsigned int test_device(struct facts *facts, const struct machine *machine,
				const struct function *device, enum level level)
{
	if (!trial_run(facts, device->bdf, level))
		return 0;
	test_paths(facts, machine, device);
	return 1;
}

/* All that are bound, or the one that was named. */
static void test_devices(struct facts *facts, const char *name)
{
	struct machine *machine = machine_load();
	unsigned int tested = 0;
	size_t i;

	for (i = 0; i < machine->nr_functions; i++) {
		const struct function *function = &machine->functions[i];

		if (name && !strcmp(name, function->bdf))
			tested += test_device(facts, machine, function, NOT_OK);
		else if (!name && device_is_ours(function->bdf))
			tested += test_device(facts, machine, function, SKIPPED);
	}
	if (!tested)
		fact_add(facts, NOT_OK, MACHINE, "machine.untested",
			 text("no device was tested: none is bound and idle"),
			 text(NAME " bind DEVICE"));
}

static void print_json(struct facts *facts, const char *name)
{
	json_t *all = value_document();

	json_object_set_new(all, "device", name ? json_string(name) : json_null());
	json_object_set_new(all, "result",
			    json_string(fact_level_name(facts->worst)));
	json_object_set(all, "facts", facts->list);
	value_print(all, JSON_INDENT(2));
	json_decref(all);
}

int command_selftest(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		OPTION_HELP,
		{}
	};
	struct facts facts = { .list = json_array() };
	char bdf[BDF_SIZE], *name = NULL;
	bool as_json = false;

	while (options_next(argc, argv, "jh", options) >= 0)
		as_json = true;
	if (argc - optind > 1)
		fail_usage(argv[0]);
	if (argv[optind]) {
		device_name(argv[optind], bdf);
		name = bdf;
	}
	facts_module(&facts);
	try_module(&facts);
	test_devices(&facts, name);
	if (as_json)
		print_json(&facts, name);
	else
		facts_print(&facts);
	json_decref(facts.list);
	return facts.worst == NOT_OK ? 1 : 0;
}
