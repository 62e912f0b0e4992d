/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver beside vfio-pci, under a name of its own. */
#ifndef DVP_FLAVOUR_H
#define DVP_FLAVOUR_H

#define DVP_NAME "dmabuf-vfio-pci"
#define DVP_FLAVOUR "variant"

/* The core's settings are vfio-pci's wherever that is loaded. */
#define DVP_SETS_CORE false
#define DVP_SETTING_MODE 0444

/*
 * For binding by driver_override only.  The table is not published as module
 * aliases: tools that look there for the best VFIO driver of a device would find
 * this one as often as vfio-pci, without anybody having asked for it.
 */
#define DVP_DEVICE_TABLE(table)

#endif /* DVP_FLAVOUR_H */
