/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver in place of vfio-pci: its name, its parameters and its aliases. */
#ifndef DVP_FLAVOUR_H
#define DVP_FLAVOUR_H

#include <linux/module.h>

#define DVP_NAME "vfio-pci"
#define DVP_FLAVOUR "drop-in"

/* The core's settings are vfio-pci's, and no other vfio-pci can be loaded. */
#define DVP_SETS_CORE true
/* As the kernel's vfio-pci has them. */
#define DVP_SETTING_MODE 0644

/* "vfio_pci:..." in modules.alias, as of the kernel's vfio-pci. */
#define DVP_DEVICE_TABLE(table) MODULE_DEVICE_TABLE(pci, table)

#endif /* DVP_FLAVOUR_H */
