// SPDX-License-Identifier: GPL-2.0-only
/* VFIO device operations: vfio-pci-core's, plus export and revocation. */
#include <linux/cache.h>

#include "compat/vfio_pci.h"
#include "dvp.h"
#include "revoke.h"

/* Decided once, when the module is loaded. */
bool dvp_uses_intree __ro_after_init;

static int dvp_open_device(struct vfio_device *vdev)
{
	struct dvp_device *dvp = to_dvp_device(vdev);
	int ret;

	if (dvp_in_quarantine(dvp->access, "open refused, in quarantine:"))
		return -EBUSY;
	dvp_reset_claim_config(dvp, DVP_CLOSE_WAIT);
	ret = vfio_pci_core_enable(&dvp->core);
	if (!ret) {
		compat_vfio_pci_claim_bars(&dvp->core);
		vfio_pci_core_finish_enable(&dvp->core);
		dvp_error_opened(dvp);
	}
	dvp_reset_release_config(dvp);
	if (!ret)
		dvp_revoke_unblock(dvp->access, DVP_BLOCK_CLOSED, &dvp->core);
	return ret;
}

static void dvp_close_device(struct vfio_device *vdev)
{
	struct dvp_device *dvp = to_dvp_device(vdev);

	dvp_revoke_close(dvp->access);
	dvp_reset_claim_config(dvp, DVP_CLOSE_WAIT);
	vfio_pci_core_close_device(vdev);
	dvp_reset_release_config(dvp);
}

/*
 * Wait for importers here, not in dvp_reset_prepare(), which the PCI core calls
 * with the device lock held: recovery from a PCI error needs that lock, and an
 * importer below the same port may let go only later in that recovery.
 *
 * The core sets D0 before it tries a reset, even if that fails.
 */
static long dvp_ioctl_reset(struct dvp_device *dvp, unsigned long arg)
{
	long ret;

	ret = dvp_revoke_begin(dvp->access, dvp->core.reset_works);
	if (!ret)
		ret = vfio_pci_core_ioctl(&dvp->core.vdev, VFIO_DEVICE_RESET,
					  arg);
	dvp_revoke_end(dvp->access, &dvp->core);
	return ret;
}

static long dvp_ioctl(struct vfio_device *vdev, unsigned int cmd,
		      unsigned long arg)
{
	struct dvp_device *dvp = to_dvp_device(vdev);
	long ret;

	if (cmd == VFIO_DEVICE_RESET)
		return dvp_ioctl_reset(dvp, arg);
	ret = vfio_pci_core_ioctl(vdev, cmd, arg);
	/* A hot reset sets D0 first, even if it fails later. */
	if (cmd == VFIO_DEVICE_PCI_HOT_RESET)
		dvp_reset_check_set(dvp);
	return ret;
}

static ssize_t dvp_write(struct vfio_device *vdev, const char __user *user,
			 size_t count, loff_t *ppos)
{
	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) == VFIO_PCI_CONFIG_REGION_INDEX)
		return dvp_config_write(to_dvp_device(vdev), user, count, ppos);
	return vfio_pci_core_write(vdev, user, count, ppos);
}

/* The device does not answer in low power; the core wakes it up on exit. */
static int dvp_feature_low_power(struct dvp_device *dvp, u32 flags,
				 void __user *arg, size_t argsz)
{
	bool enters = (flags & VFIO_DEVICE_FEATURE_MASK) !=
		      VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
	bool sets = (flags & VFIO_DEVICE_FEATURE_SET) &&
		    !(flags & VFIO_DEVICE_FEATURE_PROBE);
	int ret;

	ret = dvp_revoke_begin(dvp->access, enters && sets);
	if (!ret)
		ret = vfio_pci_core_ioctl_feature(&dvp->core.vdev, flags, arg,
						  argsz);
	dvp_revoke_end(dvp->access, &dvp->core);
	return ret;
}

static int dvp_device_feature(struct vfio_device *vdev, u32 flags,
			      void __user *arg, size_t argsz)
{
	struct dvp_device *dvp = to_dvp_device(vdev);

	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_DMA_BUF:
		if (!dvp_uses_intree)
			return dvp_export(dvp, flags, arg, argsz);
		break;
	case DMABUF_VFIO_PCI_FEATURE_MEMATTR:
		if (!dvp_uses_intree)
			return dvp_feature_memattr(dvp, flags, arg, argsz);
		break;
	case DMABUF_VFIO_PCI_FEATURE_REVOKE:
		if (!dvp_uses_intree)
			return dvp_feature_revoke(dvp, flags, arg, argsz);
		break;
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		return dvp_feature_low_power(dvp, flags, arg, argsz);
	}
	return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
}

static int dvp_init_device(struct vfio_device *vdev)
{
	struct dvp_device *dvp = to_dvp_device(vdev);
	int ret;

	dvp->access = dvp_access_create(dev_name(vdev->dev));
	if (!dvp->access)
		return -ENOMEM;
	ret = vfio_pci_core_init_dev(vdev);
	if (ret)
		dvp_access_put(dvp->access);
	return ret;
}

static void dvp_release_device(struct vfio_device *vdev)
{
	dvp_access_put(to_dvp_device(vdev)->access);
	vfio_pci_core_release_dev(vdev);
}

/* compat_vfio_complete_ops() sets the members that came after 6.1. */
struct vfio_device_ops dvp_vfio_ops __ro_after_init = {
	.name		= DVP_NAME,
	.init		= dvp_init_device,
	.release	= dvp_release_device,
	.open_device	= dvp_open_device,
	.close_device	= dvp_close_device,
	.ioctl		= dvp_ioctl,
	.device_feature	= dvp_device_feature,
	.read		= vfio_pci_core_read,
	.write		= dvp_write,
	.mmap		= vfio_pci_core_mmap,
	.request	= vfio_pci_core_request,
	.match		= vfio_pci_core_match,
};
