// SPDX-License-Identifier: GPL-2.0-only
/* vfio-pci-core differences between kernels. */
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "compat/vfio_pci.h"

/**
 * compat_vfio_complete_ops() - set the operations that were added after 6.1
 * @ops: a vfio-pci-core driver's operations, not in use yet
 *
 * All are the core's own functions; a variant driver has nothing to add.
 */
void __init compat_vfio_complete_ops(struct vfio_device_ops *ops)
{
#ifdef HAVE_VFIO_BIND_IOMMUFD		/* 6.2 */
	ops->bind_iommufd = vfio_iommufd_physical_bind;
	ops->unbind_iommufd = vfio_iommufd_physical_unbind;
	ops->attach_ioas = vfio_iommufd_physical_attach_ioas;
#endif
#ifdef HAVE_VFIO_DETACH_IOAS		/* 6.6 */
	ops->detach_ioas = vfio_iommufd_physical_detach_ioas;
#endif
#ifdef HAVE_VFIO_PASID_ATTACH_IOAS	/* 6.15 */
	ops->pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas;
	ops->pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas;
#endif
#ifdef HAVE_VFIO_MATCH_TOKEN_UUID	/* 6.17 */
	ops->match_token_uuid = vfio_pci_core_match_token_uuid;
#endif
#ifdef HAVE_VFIO_GET_REGION_INFO_CAPS	/* 6.19 */
	ops->get_region_info_caps = vfio_pci_ioctl_get_region_info;
#endif
}

/**
 * compat_vfio_pci_claim_bars() - claim the memory BARs of an open device
 * @vdev: device, enabled by the core and not yet open to userspace
 *
 * Since 7.2 the core claims all BARs when it enables the device.  Before, it claims
 * a BAR at the first read, write or mmap(), without a lock: two concurrent users
 * can make each other fail, and an export would be a third.  Claiming all BARs
 * before userspace has the device avoids that race.  A BAR that another driver
 * holds stays unclaimed; the core tries again.
 *
 * Context: process context, may sleep, before vfio_pci_core_finish_enable().
 */
void compat_vfio_pci_claim_bars(struct vfio_pci_core_device *vdev)
{
#ifndef HAVE_VFIO_PCI_CORE_GET_IOMAP
	struct pci_dev *pdev = vdev->pdev;
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (vdev->barmap[bar] || !pci_resource_len(pdev, bar) ||
		    !(pci_resource_flags(pdev, bar) & IORESOURCE_MEM))
			continue;
#ifdef HAVE_VFIO_PCI_CORE_SETUP_BARMAP	/* 6.8 */
		vfio_pci_core_setup_barmap(vdev, bar);
#else
		if (pci_request_selected_regions(pdev, BIT(bar), "vfio-pci"))
			continue;
		/* The core unmaps and releases what it finds here on close. */
		vdev->barmap[bar] = pci_iomap(pdev, bar, 0);
		if (!vdev->barmap[bar])
			pci_release_selected_regions(pdev, BIT(bar));
#endif
	}
#endif
}

#ifdef HAVE_VFIO_PCI_DMABUF
static const struct vfio_pci_device_ops compat_intree_ops = {
	.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
};
#endif

/**
 * compat_use_intree_export() - let the core export dma-bufs of a device
 * @vdev: device, not yet registered
 *
 * Does nothing without COMPAT_HAS_INTREE_EXPORT.
 */
void compat_use_intree_export(struct vfio_pci_core_device *vdev)
{
#ifdef HAVE_VFIO_PCI_DMABUF
	vdev->pci_ops = &compat_intree_ops;
#endif
}

/**
 * compat_vfio_pci_set_core_params() - set parameters of the core, as vfio-pci does
 * @params: as given to this module, which takes the place of vfio-pci
 *
 * Before 7.3 they apply to the devices of all vfio-pci-core drivers.  Since 7.3
 * this does nothing.
 *
 * Context: any.
 */
void compat_vfio_pci_set_core_params(const struct compat_vfio_pci_params *params)
{
#ifndef HAVE_VFIO_PCI_DEVICE_PARAMS
	vfio_pci_core_set_params(params->nointxmask, params->disable_vga,
				 params->disable_idle_d3);
#endif
}

/**
 * compat_vfio_pci_share_params() - set parameters that belong to the core
 * @params: as given to this module
 *
 * As compat_vfio_pci_set_core_params(), for a module beside vfio-pci.  When vfio-pci
 * is loaded, it overwrites them.
 *
 * Context: may sleep.
 * Return: false if vfio-pci is loaded; its settings are kept.
 */
bool compat_vfio_pci_share_params(const struct compat_vfio_pci_params *params)
{
#ifndef HAVE_VFIO_PCI_DEVICE_PARAMS
	struct kobject *other = kset_find_obj(THIS_MODULE->mkobj.kobj.kset,
					      "vfio_pci");

	kobject_put(other);
	if (other)
		return false;
#endif
	compat_vfio_pci_set_core_params(params);
	return true;
}

/**
 * compat_vfio_pci_set_params() - set parameters that belong to a device
 * @vdev: device, initialized and not yet registered
 * @params: as given to this module
 *
 * Does nothing before 7.3; see compat_vfio_pci_share_params().
 */
void compat_vfio_pci_set_params(struct vfio_pci_core_device *vdev,
				const struct compat_vfio_pci_params *params)
{
#ifdef HAVE_VFIO_PCI_DEVICE_PARAMS
	vdev->nointxmask = params->nointxmask;
	vdev->disable_vga = params->disable_vga;
	vdev->disable_idle_d3 = params->disable_idle_d3;
#endif
}
