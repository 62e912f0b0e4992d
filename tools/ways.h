/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which ways lead to a function: what the driver says where it can be asked, and
 * what this program finds elsewhere.
 */
#ifndef TOOLS_WAYS_H
#define TOOLS_WAYS_H

#include "route.h"

/**
 * struct way - from one function to the provider
 * @type: what kind of way
 * @distance: see docs/debugfs.md
 * @why: why it is of its type
 * @is_drivers: the driver's answer
 */
struct way {
	enum map_type type;
	unsigned int distance;
	char *why;
	bool is_drivers;
};

/* One for each function of the machine, the provider's own among them. */
struct way *ways_load(const struct machine *machine,
		      const struct function *provider);
void ways_free(const struct machine *machine, struct way *ways);

/* The driver's answers, from the text of "p2p", in place of those in @ways. */
void ways_parse(const struct machine *machine, struct way *ways,
		const char *lines);

#endif /* TOOLS_WAYS_H */
