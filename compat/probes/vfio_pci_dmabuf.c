// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.19 ("vfio/pci: Add dma-buf export support for MMIO regions"): the core exports
 * dma-bufs for drivers that ask for it.
 */
#include <linux/vfio_pci_core.h>

#if !IS_ENABLED(CONFIG_VFIO_PCI_DMABUF)
#error "without the option the functions are stubs"
#endif

void probe(struct vfio_pci_core_device *vdev, struct vfio_pci_device_ops *ops);
void probe(struct vfio_pci_core_device *vdev, struct vfio_pci_device_ops *ops)
{
	ops->get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys;
	vdev->pci_ops = ops;
}
