// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugfs.h"
#include "util.h"
#include "ways.h"

static enum map_type type_named(const char *name)
{
	enum map_type type;

	for (type = 0; type < MAP_TYPES; type++)
		if (!strcmp(map_type_names[type], name))
			return type;
	return MAP_UNKNOWN;
}

static void find_way(struct way *way, const struct machine *machine,
		     const struct function *provider,
		     const struct function *client)
{
	struct route route;

	route_find(&route, machine, provider, client);
	way->type = route.type;
	way->distance = route.distance;
	way->why = route_why(&route, machine);
	route_free(&route);
}

static void parse_way(const struct machine *machine, struct way *ways,
		      const char *line)
{
	const struct function *client;
	char bdf[BDF_SIZE], type[32];
	unsigned int distance;
	struct way *way;
	int why = 0;

	if (sscanf(line, "%15s %u %31s %n", bdf, &distance, type, &why) != 3)
		return;
	client = machine_find(machine, bdf);
	if (!client)
		return;
	way = &ways[client - machine->functions];
	free(way->why);
	way->type = type_named(type);
	way->distance = distance;
	way->why = text("%s", line + why);
	way->is_drivers = true;
}

void ways_parse(const struct machine *machine, struct way *ways,
		const char *lines)
{
	char *copy = text("%s", lines), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		parse_way(machine, ways, line);
	free(copy);
}

struct way *ways_load(const struct machine *machine,
		      const struct function *provider)
{
	struct way *ways = allocate(machine->nr_functions, sizeof(*ways));
	char *lines;
	size_t i;

	for (i = 0; i < machine->nr_functions; i++)
		find_way(&ways[i], machine, provider, &machine->functions[i]);
	lines = debugfs_read(provider->bdf, "p2p");
	if (lines)
		ways_parse(machine, ways, lines);
	free(lines);
	return ways;
}

void ways_free(const struct machine *machine, struct way *ways)
{
	size_t i;

	for (i = 0; i < machine->nr_functions; i++)
		free(ways[i].why);
	free(ways);
}
