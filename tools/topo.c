// SPDX-License-Identifier: GPL-2.0-only
/* Which ways lead from each device to each other: a matrix, JSON, or a picture. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "options.h"
#include "topo.h"
#include "util.h"
#include "values.h"

static const char *const cells[MAP_TYPES] = {
	[MAP_UNKNOWN] = "?",
	[MAP_NOT_SUPPORTED] = "-",
	[MAP_BUS_ADDR] = "BUS",
	[MAP_THRU_HOST_BRIDGE] = "HOST",
};

const struct way *topo_way(const struct topo *topo, size_t from, size_t to)
{
	size_t client = topo->ends[from] - topo->machine->functions;

	return &topo->ways[to][client];
}

static void print_matrix(const struct topo *topo)
{
	size_t from, to;

	printf("%-18s", "from \\ to");
	for (to = 0; to < topo->nr_ends; to++)
		printf("%5zu", to + 1);
	putchar('\n');
	for (from = 0; from < topo->nr_ends; from++) {
		printf("%-18s", topo->ends[from]->bdf);
		for (to = 0; to < topo->nr_ends; to++)
			printf("%5s", from == to ? "." :
			       cells[topo_way(topo, from, to)->type]);
		printf("  %zu %s\n", from + 1, topo->ends[from]->what);
	}
	puts("\n"
	     "BUS   by bus addresses, below a common switch; no IOMMU sees it\n"
	     "HOST  through the host bridge\n"
	     "-     there is no way\n"
	     "?     only root can tell\n"
	     "\"" NAME " check TO FROM\" says why.");
}

static json_t *known_value(enum known known)
{
	return known == UNKNOWN ? json_null() : json_boolean(known == YES);
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
	json_object_set_new(value, "driver",
			    json_string(device_driver(function->bdf)));
	return value;
}

static json_t *way_value(const struct topo *topo, size_t from, size_t to)
{
	const struct way *way = topo_way(topo, from, to);
	json_t *value = json_object();

	json_object_set_new(value, "from", json_string(topo->ends[from]->bdf));
	json_object_set_new(value, "to", json_string(topo->ends[to]->bdf));
	json_object_set_new(value, "type",
			    json_string(map_type_names[way->type]));
	json_object_set_new(value, "distance", json_integer(way->distance));
	json_object_set_new(value, "why", value_string(way->why));
	json_object_set_new(value, "by", json_string(way->is_drivers ?
						     "driver" : "command"));
	return value;
}

static void print_json(const struct topo *topo)
{
	json_t *functions = json_array(), *ways = json_array();
	json_t *all = json_object();
	size_t from, to;

	for (from = 0; from < topo->machine->nr_functions; from++)
		json_array_append_new(functions,
				      function_value(&topo->machine->functions[from]));
	for (from = 0; from < topo->nr_ends; from++)
		for (to = 0; to < topo->nr_ends; to++)
			if (from != to)
				json_array_append_new(ways,
						      way_value(topo, from, to));
	json_object_set_new(all, "functions", functions);
	json_object_set_new(all, "ways", ways);
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

static void pick_all(struct topo *topo)
{
	size_t i;

	for (i = 0; i < topo->machine->nr_functions; i++)
		if (!topo->machine->functions[i].is_bridge)
			topo->ends[topo->nr_ends++] =
				&topo->machine->functions[i];
}

static void load(struct topo *topo, char **names, size_t count)
{
	size_t i;

	topo->machine = machine_load();
	topo->named = count;
	topo->ends = allocate(count ? count : topo->machine->nr_functions,
			      sizeof(*topo->ends));
	if (count)
		pick_named(topo, names, count);
	else
		pick_all(topo);
	topo->ways = allocate(topo->nr_ends, sizeof(*topo->ways));
	for (i = 0; i < topo->nr_ends; i++)
		topo->ways[i] = ways_load(topo->machine, topo->ends[i]);
}

int command_topo(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dot", no_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		OPTION_HELP,
		{}
	};
	void (*print)(const struct topo *topo) = print_matrix;
	struct topo topo = {};
	int option;

	while ((option = options_next(argc, argv, "djh", options)) >= 0)
		print = option == 'd' ? topo_print_dot : print_json;
	load(&topo, argv + optind, argc - optind);
	print(&topo);
	return 0;
}
