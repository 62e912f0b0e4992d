// SPDX-License-Identifier: GPL-2.0-only
/* The command "topo": which paths lead from each device to each other. */
#include <jansson.h>
#include <pci/header.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "imports.h"
#include "options.h"
#include "topo.h"
#include "util.h"
#include "values.h"

#define CLASS_SMBUS	0x0c05
#define BASE_BRIDGE	0x06
#define BASE_SYSTEM	0x08

const struct path *topo_path(const struct topo *topo, size_t from, size_t to)
{
	size_t client = topo->ends[from] - topo->machine->functions;

	return &topo->paths[to][client];
}

static json_t *known_value(enum known known)
{
	return known == UNKNOWN ? json_null() : json_boolean(known == YES);
}

/* Negative numbers stand for none. */
static json_t *number_value(long number)
{
	return number < 0 ? json_null() : json_integer(number);
}

static json_t *function_value(const struct function *function)
{
	json_t *value = json_object();

	json_object_set_new(value, "name", json_string(function->bdf));
	json_object_set_new(value, "what", value_string(function->what));
	json_object_set_new(value, "parent", function->parent ?
			    json_string(function->parent->bdf) : json_null());
	json_object_set_new(value, "host_bridge",
			    json_string(function->host->name));
	json_object_set_new(value, "bridge",
			    json_boolean(function->is_bridge));
	json_object_set_new(value, "acs", known_value(function->has_acs));
	json_object_set_new(value, "acs_redirects",
			    known_value(function->redirects));
	json_object_set_new(value, "numa_node",
			    number_value((int)device_number(function->bdf,
							    "numa_node")));
	json_object_set_new(value, "group",
			    number_value(device_group(function->bdf)));
	json_object_set_new(value, "driver",
			    json_string(device_driver(function->bdf)));
	return value;
}

static void print_json(const struct topo *topo)
{
	json_t *functions = json_array(), *paths = json_array();
	json_t *all = value_document();
	size_t from, to;

	for (from = 0; from < topo->machine->nr_functions; from++)
		json_array_append_new(functions,
				      function_value(&topo->machine->functions[from]));
	for (from = 0; from < topo->nr_ends; from++)
		for (to = 0; to < topo->nr_ends; to++)
			if (from != to)
				json_array_append_new(paths,
						      path_value(topo_path(topo, from, to),
								 topo->ends[from],
								 topo->ends[to]));
	json_object_set_new(all, "functions", functions);
	json_object_set_new(all, "paths", paths);
	value_print(all, JSON_INDENT(2));
	json_decref(all);
}

static void pick_named(struct topo *topo, char **names, size_t count)
{
	char bdf[BDF_SIZE];
	size_t i;

	for (i = 0; i < count; i++) {
		device_name(names[i], bdf);
		topo->ends[topo->nr_ends] = machine_find(topo->machine, bdf);
		if (!topo->ends[topo->nr_ends])
			fail("%s: the PCI device is gone", bdf);
		topo->nr_ends++;
	}
}

static bool can_export(const struct function *function)
{
	unsigned int i;
	struct bar bar;

	for (i = 0; i < NR_BARS; i++)
		if (!device_bar(function->bdf, i, &bar) && bar.size &&
		    (bar_is_exportable(&bar) || bar.flags & BAR_UNSET))
			return true;
	return false;
}

static bool can_import(const struct function *function)
{
	struct importer importer;
	bool can;

	if (!*device_driver(function->bdf))
		return false;
	importer_find(&importer, function->bdf);
	can = importer.imports != IMPORTS_NOTHING;
	importer_free(&importer);
	return can;
}

/*
 * What can neither export nor import, and the functions of a chipset, are no ends.  Below
 * a port these classes are those of cards: FPGAs, NVSwitches, DMA engines.
 */
static bool is_end(const struct function *function)
{
	unsigned long class = device_number(function->bdf, "class") >> 8;

	if (function->is_bridge ||
	    (!function->parent && (class >> 8 == BASE_BRIDGE ||
				   class >> 8 == BASE_SYSTEM || class == CLASS_SMBUS)))
		return false;
	return can_export(function) || can_import(function);
}

static void pick_all(struct topo *topo, bool even_chipset)
{
	const struct function *function;
	size_t i;

	for (i = 0; i < topo->machine->nr_functions; i++) {
		function = &topo->machine->functions[i];
		if (even_chipset ? !function->is_bridge : is_end(function))
			topo->ends[topo->nr_ends++] = function;
	}
}

/* The index of the function of which an end is a VF, if both have the same parent. */
static size_t pf_of(const struct topo *topo, const struct function *end)
{
	char *path = text(DEVICES "/%s/physfn", end->bdf), pf[BDF_SIZE];
	size_t i = topo->nr_ends;

	if (!read_link_name(path, pf, sizeof(pf)))
		for (i = 0; i < topo->nr_ends; i++)
			if (!strcmp(topo->ends[i]->bdf, pf) &&
			    topo->ends[i]->parent == end->parent)
				break;
	free(path);
	return i;
}

/* The VFs of a device have its paths: one row stands for all of them. */
static void fold_vfs(struct topo *topo)
{
	size_t i, pf, count = 0;

	topo->folded = allocate(topo->nr_ends, sizeof(*topo->folded));
	for (i = 0; i < topo->nr_ends; i++) {
		pf = pf_of(topo, topo->ends[i]);
		if (pf < count)
			topo->folded[pf]++;
		else
			topo->ends[count++] = topo->ends[i];
	}
	topo->nr_ends = count;
}

static void load_paths(struct topo *topo)
{
	size_t i;

	topo->paths = allocate(topo->nr_ends, sizeof(*topo->paths));
	for (i = 0; i < topo->nr_ends; i++)
		topo->paths[i] = paths_load(topo->machine, topo->ends[i]);
}

int command_topo(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "dot", no_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		OPTION_HELP,
		{}
	};
	void (*print)(const struct topo *topo) = topo_print_matrix;
	struct topo topo = {};
	bool all = false;
	int option;

	while ((option = options_next(argc, argv, "adjh", options)) >= 0) {
		all |= option == 'a';
		if (option != 'a')
			print = option == 'd' ? topo_print_dot : print_json;
	}
	topo.machine = machine_load();
	topo.named = optind < argc;
	topo.ends = allocate(topo.named ? (size_t)(argc - optind) :
			     topo.machine->nr_functions, sizeof(*topo.ends));
	if (topo.named)
		pick_named(&topo, argv + optind, argc - optind);
	else
		pick_all(&topo, all);
	if (!topo.named && !all && print != print_json)
		fold_vfs(&topo);
	load_paths(&topo);
	print(&topo);
	return 0;
}
