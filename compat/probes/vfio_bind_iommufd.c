// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.2 ("vfio-iommufd: Support iommufd for physical VFIO devices"): VFIO devices can be
 * bound to an iommufd.
 */
#include <linux/vfio.h>

void probe(struct vfio_device_ops *ops);
void probe(struct vfio_device_ops *ops)
{
	ops->bind_iommufd = vfio_iommufd_physical_bind;
	ops->unbind_iommufd = vfio_iommufd_physical_unbind;
	ops->attach_ioas = vfio_iommufd_physical_attach_ioas;
}
