// SPDX-License-Identifier: GPL-2.0-only
/*
 * 7.2 ("vfio/pci: Replace vfio_pci_core_setup_barmap() with
 * vfio_pci_core_get_iomap()"): the core claims all BARs when the device is opened.
 */
#include <linux/vfio_pci_core.h>

void __iomem *probe(struct vfio_pci_core_device *vdev, unsigned int bar);
void __iomem *probe(struct vfio_pci_core_device *vdev, unsigned int bar)
{
	return vfio_pci_core_get_iomap(vdev, bar);
}
