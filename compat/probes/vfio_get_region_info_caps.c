// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.19 ("vfio: Add get_region_info_caps op"): GET_REGION_INFO has a callback of its own.
 */
#include <linux/vfio_pci_core.h>

void probe(struct vfio_device_ops *ops);
void probe(struct vfio_device_ops *ops)
{
	ops->get_region_info_caps = vfio_pci_ioctl_get_region_info;
}
