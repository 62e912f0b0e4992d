// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugfs.h"
#include "paths.h"
#include "util.h"
#include "values.h"

static enum map_type type_named(const char *name)
{
	enum map_type type;

	for (type = 0; type < MAP_TYPES; type++)
		if (!strcmp(map_type_names[type], name))
			return type;
	return MAP_UNKNOWN;
}

static void find_path(struct path *path, const struct machine *machine,
		      const struct function *provider,
		      const struct function *client)
{
	struct path_rule rule;

	path_rule_find(&rule, machine, provider, client);
	path->type = rule.type;
	path->distance = rule.distance;
	path->why = path_rule_why(&rule, machine);
	path->common = rule.common;
	if (rule.redirecting)
		path->redirecting = text("%s", rule.redirecting);
	path_rule_free(&rule);
}

/* "CLIENT DISTANCE TYPE WHY" */
static void parse_path(const struct machine *machine, struct path *paths,
		       const char *line)
{
	const struct function *client;
	char bdf[BDF_SIZE], type[32];
	unsigned int distance;
	struct path *path;
	int why = 0;

	if (sscanf(line, "%15s %u %31s %n", bdf, &distance, type, &why) != 3)
		return;
	client = machine_find(machine, bdf);
	if (!client)
		return;
	path = &paths[client - machine->functions];
	free(path->why);
	path->type = type_named(type);
	path->distance = distance;
	path->why = text("%s", line + why);
	path->is_drivers = true;
}

void paths_parse(const struct machine *machine, struct path *paths,
		 const char *lines)
{
	char *copy = text("%s", lines), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		parse_path(machine, paths, line);
	free(copy);
}

struct path *paths_load(const struct machine *machine,
			const struct function *provider)
{
	struct path *paths = allocate(machine->nr_functions, sizeof(*paths));
	char *lines;
	size_t i;

	for (i = 0; i < machine->nr_functions; i++)
		find_path(&paths[i], machine, provider, &machine->functions[i]);
	lines = debugfs_read(provider->bdf, "p2p");
	if (lines)
		paths_parse(machine, paths, lines);
	free(lines);
	return paths;
}

void paths_free(const struct machine *machine, struct path *paths)
{
	size_t i;

	for (i = 0; i < machine->nr_functions; i++) {
		free(paths[i].why);
		free(paths[i].redirecting);
	}
	free(paths);
}

bool path_is_detour(const struct path *path)
{
	return path->common && path->redirecting &&
	       path->type != MAP_BUS_ADDR && path->type != MAP_UNKNOWN;
}

static json_t *redirecting_value(const struct path *path)
{
	char *copy = text("%s", path->redirecting ? path->redirecting : "");
	char *rest = copy, *name;
	json_t *names = json_array();

	while ((name = strsep(&rest, ";")))
		if (*name)
			json_array_append_new(names, json_string(name));
	free(copy);
	return names;
}

json_t *path_value(const struct path *path, const struct function *from,
		   const struct function *to)
{
	json_t *value = json_object();

	json_object_set_new(value, "from", json_string(from->bdf));
	json_object_set_new(value, "to", json_string(to->bdf));
	json_object_set_new(value, "type",
			    json_string(map_type_names[path->type]));
	json_object_set_new(value, "distance", json_integer(path->distance));
	json_object_set_new(value, "common", path->common ?
			    json_string(path->common->bdf) : json_null());
	json_object_set_new(value, "redirecting", redirecting_value(path));
	json_object_set_new(value, "why", value_string(path->why));
	json_object_set_new(value, "by", json_string(path->is_drivers ?
						     "driver" : "command"));
	return value;
}
