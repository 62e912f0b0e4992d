/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All PCI functions of the machine and how they hang together, with what tests
 * can make of them: each has ACS control, and the host bridges are disguised.
 */
#ifndef GUEST_TOPOLOGY_H
#define GUEST_TOPOLOGY_H

#include <limits.h>
#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stdint.h>

#include "device.h"

#define MAX_FUNCTIONS	128
#define MAX_HOSTS	8

#define NONE UINT_MAX

/* What a host bridge can be made to be. */
enum topology_identity {
	UNKNOWN,
	FORWARDS,
	SAME_ONLY,
	ANY_DEVICE,
	LAST_KNOWN,
	ALSO_UNKNOWN,
	TOPOLOGY_IDENTITIES,
};

/**
 * struct function - a PCI function
 * @bdf: its name
 * @parent: index of the bridge above, or NONE
 * @host: index of its host bridge
 * @acs: position of its own ACS capability, 0 without
 * @saved: what ACS control was
 * @redirects: what ACS control is now
 */
struct function {
	char bdf[BDF_SIZE];
	unsigned int parent;
	unsigned int host;
	int acs;
	uint16_t saved;
	bool redirects;
};

/**
 * struct host - a host bridge
 * @first: index of the first function of its root bus, by which it is known
 * @vendor: what that function really is
 * @device: what that function really is
 * @counts: it is one that tells what the bridge is
 * @identity: what it is made to be
 */
struct host {
	unsigned int first;
	unsigned int vendor;
	unsigned int device;
	bool counts;
	enum topology_identity identity;
};

/**
 * struct topology - the machine
 * @functions: in the order of their addresses
 * @nr_functions: of @functions
 * @hosts: host bridges
 * @nr_hosts: of @hosts
 * @importer: a file of the test importer
 */
struct topology {
	struct function functions[MAX_FUNCTIONS];
	unsigned int nr_functions;
	struct host hosts[MAX_HOSTS];
	unsigned int nr_hosts;
	int importer;
};

extern struct topology topo;

/**
 * struct topology_id - such an identity
 * @vendor: PCI vendor id of the first function of the root bus
 * @device: PCI device id of that function
 * @forwards: it is known to forward
 * @same_only: but only below itself
 * @recent: the lists of older kernels, such as 6.12's, do not have it
 */
extern const struct topology_id {
	unsigned int vendor;
	unsigned int device;
	bool forwards;
	bool same_only;
	bool recent;
} topology_identities[TOPOLOGY_IDENTITIES];

/* For tests; none redirects, and host bridges are what they are. */
int topology_setup(void **state);
int topology_teardown(void **state);

unsigned int topology_find(const char *bdf);
void topology_set_acs(struct function *function, uint16_t bits);
void topology_disguise(struct host *host, enum topology_identity identity);

#endif /* GUEST_TOPOLOGY_H */
