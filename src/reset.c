// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets, which take a device's memory and that of its VFs.  The PCI core reports
 * them with the device lock held.
 */
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "dvp.h"
#include "revoke.h"

/*
 * How long the reset of a PF waits for importers of its VFs: the user of the PF may
 * have nothing to do with them.
 */
#define DVP_VF_WAIT (10 * HZ)

/*
 * The bound devices.  The PCI core tells a PF's driver of a reset, but not the
 * drivers of its VFs, whose memory goes with it.
 */
static LIST_HEAD(dvp_devices);
static DEFINE_MUTEX(dvp_devices_lock);

/* Woken when the configuration of any device is free again. */
static DECLARE_WAIT_QUEUE_HEAD(dvp_config_free);

/* A device is being bound. */
void dvp_reset_watch(struct dvp_device *dvp)
{
	struct pci_dev *pdev = dvp->core.pdev;
	struct dvp_device *pf;

	mutex_lock(&dvp_devices_lock);
	list_for_each_entry(pf, &dvp_devices, node)
		if (pf->core.pdev == pci_physfn(pdev))
			dvp->pf_resetting = pf->resetting;
	if (dvp->pf_resetting)
		dvp_revoke_block(dvp->access, DVP_BLOCK_PF_RESET, 0);
	list_add(&dvp->node, &dvp_devices);
	mutex_unlock(&dvp_devices_lock);
}

/* A device is no longer bound. */
void dvp_reset_unwatch(struct dvp_device *dvp)
{
	mutex_lock(&dvp_devices_lock);
	list_del(&dvp->node);
	mutex_unlock(&dvp_devices_lock);
}

/*
 * Find the next VF whose user has not been notified that the PF's reset begins or
 * ends.  Returns its access with a reference, so that the caller can wait for importers
 * without dvp_devices_lock.  The VF may be unbound meanwhile; @core is valid while it
 * is open.
 */
static struct dvp_access *dvp_next_vf(struct pci_dev *pf, bool resetting,
				      struct vfio_pci_core_device **core)
{
	struct dvp_access *access = NULL;
	struct dvp_device *dvp;

	mutex_lock(&dvp_devices_lock);
	list_for_each_entry(dvp, &dvp_devices, node) {
		if (dvp->pf_resetting == resetting ||
		    !dvp->core.pdev->is_virtfn ||
		    pci_physfn(dvp->core.pdev) != pf)
			continue;
		dvp->pf_resetting = resetting;
		*core = &dvp->core;
		access = dvp->access;
		kref_get(&access->ref);
		break;
	}
	mutex_unlock(&dvp_devices_lock);
	return access;
}

/*
 * Block or unblock the memory of the device's VFs.  @limit: time to wait for importers,
 * in jiffies.
 */
static void dvp_set_resetting(struct dvp_device *dvp, bool resetting,
			      unsigned long limit)
{
	unsigned long end = jiffies + limit;
	struct vfio_pci_core_device *core;
	struct dvp_access *access;

	mutex_lock(&dvp_devices_lock);
	dvp->resetting = resetting;
	mutex_unlock(&dvp_devices_lock);

	while ((access = dvp_next_vf(dvp->core.pdev, resetting, &core))) {
		if (resetting)
			dvp_revoke_block(access, DVP_BLOCK_PF_RESET,
					 max_t(long, end - jiffies, 1));
		else
			dvp_revoke_unblock(access, DVP_BLOCK_PF_RESET, core);
		dvp_access_put(access);
	}
}

/**
 * dvp_reset_check_set() - look again whether the devices of a set answer
 * @dvp: one of those that are reset together
 *
 * A hot reset wakes the whole set up before it may fail, and then calls no
 * handler.
 *
 * Context: may sleep, see dvp_revoke_unblock().
 */
void dvp_reset_check_set(struct dvp_device *dvp)
{
	const struct vfio_device_ops *ops = dvp->core.vdev.ops;
	struct vfio_device_set *set = dvp->core.vdev.dev_set;
	struct vfio_device *vdev;

	mutex_lock(&set->lock);
	list_for_each_entry(vdev, &set->device_list, dev_set_list) {
		/* Other drivers' devices can be in the set. */
		if (vdev->ops != ops)
			continue;
		dvp = to_dvp_device(vdev);
		dvp_revoke_unblock(dvp->access, 0, &dvp->core);
	}
	mutex_unlock(&set->lock);
}

/**
 * dvp_reset_claim_config() - serialize what may reset the device
 * @dvp: device
 * @limit: of the time to wait for importers of the VFs, in jiffies
 *
 * A reset saves the device's configuration and restores it afterwards.  So does
 * vfio-pci-core when it opens or closes the device, but without the device lock:
 * one of the two would save what the other has just reset, and the BARs would
 * lose their addresses while importers write to them.
 *
 * Opening and closing reset the device as well; the core's reset on close calls
 * neither reset_prepare() nor reset_done().  So the memory of the device's VFs is
 * blocked from the first claim to the last release.  The task may nest claims.
 *
 * The device lock may be held, as resets do: the core only tries to take it.
 *
 * Context: may sleep, for as long as another reset, open or close takes and as
 * importers of the VFs need.  The same task calls dvp_reset_release_config()
 * for each call.
 */
void dvp_reset_claim_config(struct dvp_device *dvp, unsigned long limit)
{
	if (READ_ONCE(dvp->config_owner) != current)
		wait_event(dvp_config_free,
			   !cmpxchg(&dvp->config_owner, NULL, current));
	if (dvp->config_depth++)
		return;
	dvp_set_resetting(dvp, true, limit);
}

/**
 * dvp_reset_release_config() - undo one dvp_reset_claim_config()
 * @dvp: device, claimed by this task
 *
 * Context: may sleep.
 */
void dvp_reset_release_config(struct dvp_device *dvp)
{
	if (--dvp->config_depth)
		return;
	dvp_set_resetting(dvp, false, 0);
	/* Pairs with the cmpxchg() of the next one to claim it. */
	smp_store_release(&dvp->config_owner, NULL);
	wake_up_all(&dvp_config_free);
}

/**
 * dvp_reset_prepare() - the PCI core is about to reset the device
 * @pdev: device
 *
 * The request may come from the device's user, the user of another device, or an
 * administrator.
 *
 * Context: sleeps until importers have let go; the device lock is held.
 */
void dvp_reset_prepare(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	dvp_reset_claim_config(dvp, DVP_VF_WAIT);
	dvp_revoke_block(dvp->access, DVP_BLOCK_RESET, 0);
}

/* The PCI core has reset the device, or failed to. */
void dvp_reset_done(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	/* Without its dvp_reset_prepare() there is nothing to undo. */
	if (READ_ONCE(dvp->config_owner) != current)
		return;
	dvp_error_reset(dvp);
	dvp_revoke_unblock(dvp->access, DVP_BLOCK_RESET, &dvp->core);
	dvp_reset_release_config(dvp);
}
