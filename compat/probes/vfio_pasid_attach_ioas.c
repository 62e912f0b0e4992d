// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.15 ("vfio-iommufd: Support pasid [at|de]tach for physical VFIO devices"): single
 * PASIDs of a device can be attached.
 */
#include <linux/vfio.h>

void probe(struct vfio_device_ops *ops);
void probe(struct vfio_device_ops *ops)
{
	ops->pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas;
	ops->pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas;
}
