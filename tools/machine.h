/* SPDX-License-Identifier: GPL-2.0-only */
/* All PCI functions of the machine, and the tree that they form. */
#ifndef TOOLS_MACHINE_H
#define TOOLS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "device.h"
#include "hosts.h"

/**
 * enum known - an answer that this user may not get
 * @NO: no
 * @YES: yes
 * @UNKNOWN: it could not be read
 */
enum known {
	NO,
	YES,
	UNKNOWN,
};

/**
 * struct host - a host bridge
 * @name: "pci0000:00"
 * @first: the first function of its root bus
 * @tells: whether @first identifies the host bridge
 * @vendor: PCI vendor id of that function
 * @device: PCI device id of that function
 * @entry: its entry in the table; NULL if it has none
 */
struct host {
	char name[BDF_SIZE];
	const struct function *first;
	enum known tells;
	unsigned int vendor;
	unsigned int device;
	const struct compat_p2pdma_host *entry;
};

/**
 * struct function - a PCI function
 * @bdf: its name
 * @what: vendor and device in words
 * @parent: bridge above, NULL on a root bus
 * @host: its host bridge
 * @is_bridge: it has a secondary bus
 * @reads_ones: its configuration reads as ones: it is asleep, or gone
 * @has_acs: it has ACS control
 * @redirects: ACS sends peer-to-peer requests up
 */
struct function {
	char bdf[BDF_SIZE];
	char *what;
	const struct function *parent;
	const struct host *host;
	bool is_bridge;
	bool reads_ones;
	enum known has_acs;
	enum known redirects;
};

/**
 * struct machine - all of it
 * @functions: in the order of their addresses
 * @nr_functions: of @functions
 * @hosts: host bridges
 * @nr_hosts: of @hosts
 * @cpu_forwards: all host bridges of this CPU forward
 */
struct machine {
	struct function *functions;
	size_t nr_functions;
	struct host *hosts;
	size_t nr_hosts;
	bool cpu_forwards;
};

struct machine *machine_load(void);
/* NULL if there is none. */
const struct function *machine_find(const struct machine *machine,
				    const char *bdf);

#endif /* TOOLS_MACHINE_H */
