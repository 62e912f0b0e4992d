/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The paths to a function: the driver's answer where it can be asked, and this
 * program's own elsewhere.
 */
#ifndef TOOLS_PATHS_H
#define TOOLS_PATHS_H

#include <jansson.h>

#include "path_rules.h"

/**
 * struct path - from one function to the provider
 * @type: kind of path
 * @distance: see docs/debugfs.md
 * @why: why it is of its type
 * @redirecting: functions whose ACS redirects, separated by semicolons; or NULL
 * @common: lowest function that both are or are below; NULL if there is none
 * @is_drivers: the driver's answer
 */
struct path {
	enum map_type type;
	unsigned int distance;
	char *why;
	char *redirecting;
	const struct function *common;
	bool is_drivers;
};

/* One for each function of the machine, the provider among them. */
struct path *paths_load(const struct machine *machine,
			const struct function *provider);
void paths_free(const struct machine *machine, struct path *paths);

/* Replace those in @paths by the driver's answers, the text of "p2p" in debugfs. */
void paths_parse(const struct machine *machine, struct path *paths,
		 const char *lines);

/* Whether ACS sends it up to the root complex although there is a shorter one. */
bool path_is_detour(const struct path *path);

/* As JSON. */
json_t *path_value(const struct path *path, const struct function *from,
		   const struct function *to);

#endif /* TOOLS_PATHS_H */
