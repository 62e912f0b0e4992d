// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.8 ("vfio/pci: Expose vfio_pci_core_setup_barmap()"): the core claims a BAR on
 * request.
 */
#include <linux/vfio_pci_core.h>

int probe(struct vfio_pci_core_device *vdev, int bar);
int probe(struct vfio_pci_core_device *vdev, int bar)
{
	return vfio_pci_core_setup_barmap(vdev, bar);
}
