/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_TOPO_H
#define TOOLS_TOPO_H

#include "ways.h"

/**
 * struct topo - the ways between some functions
 * @machine: all functions
 * @ends: those whose ways are asked for
 * @nr_ends: of @ends
 * @ways: to each of them, from each function of the machine
 * @named: they are not all that there are
 */
struct topo {
	const struct machine *machine;
	const struct function **ends;
	size_t nr_ends;
	struct way **ways;
	bool named;
};

/* From one of @ends to another, by their indices. */
const struct way *topo_way(const struct topo *topo, size_t from, size_t to);

/* The tree of all functions, and the ways, for graphviz. */
void topo_print_dot(const struct topo *topo);

#endif /* TOOLS_TOPO_H */
