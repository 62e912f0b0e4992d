/* SPDX-License-Identifier: GPL-2.0-only */
/* VFIO and vfio-pci-core differences between kernels. */
#ifndef COMPAT_VFIO_PCI_H
#define COMPAT_VFIO_PCI_H

#include <linux/io.h>
#include <linux/vfio_pci_core.h>

void compat_vfio_complete_ops(struct vfio_device_ops *ops);
void compat_vfio_pci_claim_bars(struct vfio_pci_core_device *vdev);

/*
 * 7.2 ("vfio/pci: Replace vfio_pci_core_setup_barmap() with
 * vfio_pci_core_get_iomap()"): returns the mapping of a claimed BAR, or an error.
 * Before, compat_vfio_pci_claim_bars() claims, and a BAR that could not be claimed
 * has no mapping.
 */
#ifndef HAVE_VFIO_PCI_CORE_GET_IOMAP
static inline void __iomem *
compat_vfio_pci_core_get_iomap(struct vfio_pci_core_device *vdev,
			       unsigned int bar)
{
	return vdev->barmap[bar] ?: IOMEM_ERR_PTR(-ENODEV);
}

#define vfio_pci_core_get_iomap compat_vfio_pci_core_get_iomap
#endif

/* 6.19: the core can export dma-bufs itself, if built with PCI_P2PDMA. */
#ifdef HAVE_VFIO_PCI_DMABUF
#define COMPAT_HAS_INTREE_EXPORT true
#else
#define COMPAT_HAS_INTREE_EXPORT false
#endif

void compat_use_intree_export(struct vfio_pci_core_device *vdev);

/**
 * struct compat_vfio_pci_params - module parameters that vfio-pci has, too
 * @nointxmask: mask INTx at the interrupt controller, not in the device
 * @disable_vga: no access to VGA resources
 * @disable_idle_d3: keep unused devices in D0
 */
struct compat_vfio_pci_params {
	bool nointxmask;
	bool disable_vga;
	bool disable_idle_d3;
};

void compat_vfio_pci_set_core_params(const struct compat_vfio_pci_params *params);
bool compat_vfio_pci_share_params(const struct compat_vfio_pci_params *params);
void compat_vfio_pci_set_params(struct vfio_pci_core_device *vdev,
				const struct compat_vfio_pci_params *params);

#endif /* COMPAT_VFIO_PCI_H */
