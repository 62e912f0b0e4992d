// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.17 ("vfio/pci: Do vf_token checks for VFIO_DEVICE_BIND_IOMMUFD"): the VF token
 * arrives as a UUID, too.
 */
#include <linux/vfio_pci_core.h>

void probe(struct vfio_device_ops *ops);
void probe(struct vfio_device_ops *ops)
{
	ops->match_token_uuid = vfio_pci_core_match_token_uuid;
}
