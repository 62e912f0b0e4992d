// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.6 ("vfio-iommufd: Add detach_ioas support for physical VFIO devices"): VFIO devices
 * can be detached from an IOAS without closing them.
 */
#include <linux/vfio.h>

void probe(struct vfio_device_ops *ops);
void probe(struct vfio_device_ops *ops)
{
	ops->detach_ioas = vfio_iommufd_physical_detach_ioas;
}
