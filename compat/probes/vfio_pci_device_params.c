// SPDX-License-Identifier: GPL-2.0-only
/*
 * 7.3 ("vfio/pci: Latch all module parameters per device"): vfio-pci's parameters belong
 * to a device, not to the core.
 */
#include <linux/vfio_pci_core.h>

void probe(struct vfio_pci_core_device *vdev);
void probe(struct vfio_pci_core_device *vdev)
{
	vdev->nointxmask = true;
	vdev->disable_vga = true;
	vdev->disable_idle_d3 = true;
}
