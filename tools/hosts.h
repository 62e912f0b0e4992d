/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of host bridges: the driver's own table. */
#ifndef TOOLS_HOSTS_H
#define TOOLS_HOSTS_H

#include <stdbool.h>

/**
 * struct compat_p2pdma_host - a host bridge that forwards peer-to-peer requests
 * @vendor: PCI vendor id of the function it is known by; 0 ends the table
 * @device: PCI device id of that function
 * @same_only: only between devices below the same bridge
 * @name: of the platform
 */
struct compat_p2pdma_host {
	unsigned int vendor;
	unsigned int device;
	bool same_only;
	const char *name;
};

/* NULL if nothing is known of it. */
const struct compat_p2pdma_host *hosts_find(unsigned int vendor, unsigned int device);

/* Whether any host bridge of this machine's CPU forwards. */
bool hosts_cpu_forwards(void);

#endif /* TOOLS_HOSTS_H */
