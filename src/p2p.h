/* SPDX-License-Identifier: GPL-2.0-only */
/* Which path leads from an importer to the memory of another device. */
#ifndef DVP_P2P_H
#define DVP_P2P_H

#include <linux/types.h>

struct device;
struct pci_dev;

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

enum dvp_map_type dvp_p2p_map_type(struct pci_dev *provider,
				   struct device *importer);

bool dvp_p2p_host_forwards(u16 vendor, u16 device, bool same_host_bridge);

#endif /* DVP_P2P_H */
