/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_TOPO_H
#define TOOLS_TOPO_H

#include "paths.h"

/**
 * struct topo - the paths between some functions
 * @machine: all functions
 * @ends: functions whose paths are asked for
 * @nr_ends: number of @ends
 * @paths: to each of @ends, from each function of the machine
 * @named: the user has named them
 * @folded: for each of @ends, how many of its VFs it stands for; NULL for none
 */
struct topo {
	const struct machine *machine;
	const struct function **ends;
	size_t nr_ends;
	struct path **paths;
	bool named;
	unsigned int *folded;
};

/* From one of @ends to another, by their indices. */
const struct path *topo_path(const struct topo *topo, size_t from, size_t to);

/* The paths as a matrix for each island, and one between the islands. */
void topo_print_matrix(const struct topo *topo);

/* The tree of all functions, and the paths, for graphviz. */
void topo_print_dot(const struct topo *topo);

#endif /* TOOLS_TOPO_H */
