// SPDX-License-Identifier: GPL-2.0-only
/* The one file that has the code of the tracepoints, and the names in them. */
#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * dvp_map_type_name() - what a map type is called where users look
 * @type: map type
 *
 * Context: any.
 * Return: its name.
 */
const char *dvp_map_type_name(enum pci_p2pdma_map_type type)
{
	static const char *const names[] = {
		[PCI_P2PDMA_MAP_NOT_SUPPORTED] = "NOT_SUPPORTED",
		[PCI_P2PDMA_MAP_BUS_ADDR] = "BUS_ADDR",
		[PCI_P2PDMA_MAP_THRU_HOST_BRIDGE] = "THRU_HOST_BRIDGE",
	};

	return names[type];
}
