/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The path from one PCI function to the memory of another, with the kernel's own
 * map types.  No kernel exports pci_p2pdma_map_type() to modules, and without
 * CONFIG_PCI_P2PDMA it is not there.
 */
#ifndef COMPAT_PCI_P2PDMA_H
#define COMPAT_PCI_P2PDMA_H

/*
 * enum pci_p2pdma_map_type is in <linux/dma-map-ops.h>, and since 6.16 in
 * <linux/pci-p2pdma.h> ("dma-mapping: move the PCI P2PDMA mapping helpers to
 * pci-p2pdma.h").
 */
#include <linux/dma-map-ops.h>
#include <linux/pci-p2pdma.h>

/**
 * struct compat_p2pdma_host - a host bridge that forwards peer-to-peer requests
 * @vendor: PCI vendor id of the function that identifies it; 0 ends a table
 * @device: PCI device id of that function, or COMPAT_P2PDMA_ANY_DEVICE
 * @same_only: forwards only between devices that are both below it
 * @name: name of the platform
 */
struct compat_p2pdma_host {
	u16 vendor;
	u32 device;
	bool same_only;
	const char *name;
};

/**
 * struct compat_p2pdma_bridge - a host bridge on the path
 * @bridge: the host bridge
 * @vendor: PCI vendor id of the function that identifies it; 0 without one
 * @device: PCI device id of that function
 * @devfn: device and function number of it on the root bus
 * @known: its row in a table; NULL if it is not known
 */
struct compat_p2pdma_bridge {
	struct pci_host_bridge *bridge;
	u16 vendor;
	u16 device;
	unsigned int devfn;
	const struct compat_p2pdma_host *known;
};

/* Redirecting functions that are named: the list must fit a line of the log. */
#define COMPAT_P2PDMA_NAMED 16

/* Host bridges that can be trusted besides the known ones. */
#define COMPAT_P2PDMA_TRUSTED 16

/**
 * struct compat_p2pdma_path - the path from a client to a provider's memory
 * @provider: PCI function that has the memory
 * @client: PCI function that wants to reach it
 * @type: map type
 * @distance: steps from one to the other, counted as the kernel does: up to the
 *	lowest function that both are or are below, and down; without one, the
 *	number of functions up to the root buses on both sides
 * @common: that function; NULL if there is none
 * @redirecting: the first COMPAT_P2PDMA_NAMED functions on the path to @common
 *	that redirect peer-to-peer requests upwards
 * @nr_redirecting: how many functions redirect; may be more than are named
 * @cpu_forwards: every host bridge of this CPU forwards
 * @hosts: host bridges on the path, the client's first
 * @nr_hosts: number of @hosts; 0 if the path goes through none
 *
 * Valid as long as both functions exist.
 */
struct compat_p2pdma_path {
	struct pci_dev *provider;
	struct pci_dev *client;
	enum pci_p2pdma_map_type type;
	unsigned int distance;
	struct pci_dev *common;
	struct pci_dev *redirecting[COMPAT_P2PDMA_NAMED];
	unsigned int nr_redirecting;
	bool cpu_forwards;
	struct compat_p2pdma_bridge hosts[2];
	unsigned int nr_hosts;
};

void compat_p2pdma_find_path(struct compat_p2pdma_path *path,
			     struct pci_dev *provider, struct pci_dev *client);
bool compat_p2pdma_bridge_forwards(const struct compat_p2pdma_path *path,
				   unsigned int i);

bool compat_p2pdma_trust_hosts(const struct compat_p2pdma_host *hosts,
			       unsigned int count);

#endif /* COMPAT_PCI_P2PDMA_H */
