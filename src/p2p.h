/* SPDX-License-Identifier: GPL-2.0-only */
/* Which path leads from an importer to the memory of another device. */
#ifndef DVP_P2P_H
#define DVP_P2P_H

#include <linux/types.h>

struct device;
struct dvp_buffer;
struct pci_dev;
struct pci_host_bridge;
struct seq_file;

/**
 * enum dvp_map_type - how an importer reaches another device's memory
 * @DVP_MAP_NOT_SUPPORTED: not at all, or nobody knows
 * @DVP_MAP_BUS_ADDR: below a common bridge, by PCI bus addresses; no IOMMU sees
 *	it
 * @DVP_MAP_THRU_HOST_BRIDGE: by what the DMA API makes of the physical address
 */
enum dvp_map_type {
	DVP_MAP_NOT_SUPPORTED,
	DVP_MAP_BUS_ADDR,
	DVP_MAP_THRU_HOST_BRIDGE,
};

/**
 * struct dvp_host - a host bridge that forwards peer-to-peer requests
 * @vendor: PCI vendor id of the function it is known by; 0 ends a table
 * @device: PCI device id of that function, or DVP_ANY_DEVICE
 * @same_only: only between devices below the same bridge
 * @name: of the platform
 */
struct dvp_host {
	u16 vendor;
	u32 device;
	bool same_only;
	const char *name;
};

/**
 * struct dvp_route_host - a host bridge on the way
 * @bridge: itself
 * @vendor: PCI vendor id of the function it is known by; 0 if there is none
 * @device: PCI device id of that function
 * @devfn: of that function, on the root bus
 * @known: what is known of it; NULL if nothing is
 */
struct dvp_route_host {
	struct pci_host_bridge *bridge;
	u16 vendor;
	u16 device;
	unsigned int devfn;
	const struct dvp_host *known;
};

/* So many are named: a refusal has to fit into a line of the kernel's log. */
#define DVP_MAX_NAMED 16

/**
 * struct dvp_route - the way from a client to a provider's memory
 * @provider: PCI function that has the memory
 * @client: PCI function that wants to reach it
 * @type: the answer
 * @distance: how many steps lead from one to the other, as the kernel counts:
 *	up to the lowest function that both are or are below, and down; without
 *	one, the number of functions up to the root buses on both sides
 * @common: that function; NULL without
 * @redirecting: the functions on the way to @common that redirect peer-to-peer
 *	requests upwards, or the first of them
 * @nr_redirecting: how many there are
 * @cpu_forwards: any host bridge of this CPU forwards
 * @hosts: host bridges on the way, the client's first
 * @nr_hosts: how many: 0 if the way leads through none
 *
 * It is valid as long as both functions are.
 */
struct dvp_route {
	struct pci_dev *provider;
	struct pci_dev *client;
	enum dvp_map_type type;
	unsigned int distance;
	struct pci_dev *common;
	struct pci_dev *redirecting[DVP_MAX_NAMED];
	unsigned int nr_redirecting;
	bool cpu_forwards;
	struct dvp_route_host hosts[2];
	unsigned int nr_hosts;
};

const char *dvp_map_type_name(enum dvp_map_type type);
enum dvp_map_type dvp_p2p_map_type(struct dvp_buffer *buf,
				   struct device *importer);
void dvp_p2p_print(struct seq_file *seq, struct pci_dev *provider,
		   struct pci_dev *client);

void dvp_route_find(struct dvp_route *route, struct pci_dev *provider,
		    struct pci_dev *client);
bool dvp_route_host_forwards(const struct dvp_route *route, unsigned int i);

const struct dvp_host *dvp_p2p_find_host(u16 vendor, u16 device);
void dvp_p2p_drop_extra_hosts(void);

#endif /* DVP_P2P_H */
