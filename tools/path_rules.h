/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The path from one PCI function to another one's memory, as the driver decides
 * it: compat/pci_p2pdma.c.  An unprivileged user cannot read all that it needs.
 */
#ifndef TOOLS_PATH_RULES_H
#define TOOLS_PATH_RULES_H

#include "machine.h"

enum map_type {
	MAP_UNKNOWN,
	MAP_NOT_SUPPORTED,
	MAP_BUS_ADDR,
	MAP_THRU_HOST_BRIDGE,
	MAP_TYPES,
};

/* As debugfs has them; "UNKNOWN" besides. */
extern const char *const map_type_names[MAP_TYPES];

/**
 * struct path_rule - a path by the driver's rules
 * @type: map type of the path
 * @distance: as the kernel counts: see docs/debugfs.md
 * @common: lowest function that both are or are below, NULL without
 * @redirecting: functions on the path that redirect, separated by semicolons
 * @unreadable: those of which it cannot be read
 * @hosts: host bridges on the path, the client's first
 * @nr_hosts: of @hosts; 0 if the path leads through none
 */
struct path_rule {
	enum map_type type;
	unsigned int distance;
	const struct function *common;
	char *redirecting;
	char *unreadable;
	const struct host *hosts[2];
	unsigned int nr_hosts;
};

void path_rule_find(struct path_rule *rule, const struct machine *machine,
		    const struct function *provider,
		    const struct function *client);
void path_rule_free(struct path_rule *rule);

/* In words why it is of its type; allocated. */
char *path_rule_why(const struct path_rule *rule,
		    const struct machine *machine);
/* What would change that there is none; allocated. */
char *path_rule_remedy(const struct path_rule *rule,
		       const struct machine *machine);

/* Whether a host bridge on the path forwards. */
enum known path_rule_host_forwards(const struct path_rule *rule,
				   const struct machine *machine, unsigned int i);

#endif /* TOOLS_PATH_RULES_H */
