// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to a bound device from outside: resets, PCI errors, waking up,
 * removal.  The PCI core tells of them with the device locked.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "revoke.h"
#include "dvp.h"
#include "reset.h"

/* How long the recovery from an error waits for who else is at the device. */
#define DVP_SLOT_RESET_WAIT (2 * HZ)

/*
 * The bound devices.  The PCI core tells a PF's driver of a reset, but not the
 * drivers of its VFs, whose memory goes with it.
 */
static LIST_HEAD(dvp_devices);
static DEFINE_MUTEX(dvp_devices_lock);

static struct dvp_device *dvp_find_bound(struct pci_dev *pdev)
{
	struct dvp_device *dvp;

	lockdep_assert_held(&dvp_devices_lock);

	list_for_each_entry(dvp, &dvp_devices, node)
		if (dvp->core.pdev == pdev)
			return dvp;
	return NULL;
}

/**
 * dvp_events_watch() - a device is being bound
 * @dvp: device
 *
 * Context: may sleep.
 */
void dvp_events_watch(struct dvp_device *dvp)
{
	struct dvp_device *pf;

	if (!pci_save_state(dvp->core.pdev))
		dvp->bound_state = pci_store_saved_state(dvp->core.pdev);

	mutex_lock(&dvp_devices_lock);
	pf = dvp_find_bound(pci_physfn(dvp->core.pdev));
	if (pf && pf->resetting) {
		dvp->pf_resetting = true;
		dvp_access_block(dvp->access, DVP_BLOCK_PF_RESET);
	}
	list_add(&dvp->node, &dvp_devices);
	mutex_unlock(&dvp_devices_lock);
}

/**
 * dvp_events_unwatch() - a device is no longer bound
 * @dvp: device
 *
 * Context: may sleep.
 */
void dvp_events_unwatch(struct dvp_device *dvp)
{
	mutex_lock(&dvp_devices_lock);
	list_del(&dvp->node);
	mutex_unlock(&dvp_devices_lock);
	kfree(dvp->bound_state);
}

/*
 * The next VF that has not been told of the beginning or end of the PF's reset.
 * A reference on its access is returned, and what is told without the lock: it
 * may take as long as importers do, which must not hold up other devices.  The
 * VF may be unbound meanwhile; its @core is there as long as it is open.
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

static void dvp_block_vfs(struct pci_dev *pf)
{
	struct vfio_pci_core_device *core;
	struct dvp_access *access;

	while ((access = dvp_next_vf(pf, true, &core))) {
		dvp_access_block(access, DVP_BLOCK_PF_RESET);
		dvp_access_put(access);
	}
}

/* A device that is not open is not looked at. */
static void dvp_unblock_vfs(struct pci_dev *pf)
{
	struct vfio_pci_core_device *core;
	struct dvp_access *access;

	while ((access = dvp_next_vf(pf, false, &core))) {
		dvp_access_unblock(access, DVP_BLOCK_PF_RESET, core);
		dvp_access_put(access);
	}
}

static void dvp_set_resetting(struct dvp_device *dvp, bool resetting)
{
	mutex_lock(&dvp_devices_lock);
	dvp->resetting = resetting;
	mutex_unlock(&dvp_devices_lock);
}

/* Woken when the configuration of any device is free again. */
static DECLARE_WAIT_QUEUE_HEAD(dvp_config_free);

/**
 * dvp_events_claim_config() - nobody else saves or restores the configuration
 * @dvp: device
 *
 * A reset saves the device's configuration and restores it afterwards.  So does
 * vfio-pci-core when it opens or closes the device, but without the device's
 * lock: of the two, one would save what the other has just reset, and the BARs
 * would lose their addresses while importers write to them.
 *
 * Opening and closing may reset the device as well, so one may claim it more
 * than once.  Whoever waits for it may hold the device's lock, as resets do: the
 * core only tries to take that.
 *
 * Context: may sleep, and does so as long as a reset takes, or an opening or
 * closing does.  The same task calls dvp_events_release_config() for each call.
 */
void dvp_events_claim_config(struct dvp_device *dvp)
{
	if (READ_ONCE(dvp->config_owner) != current)
		wait_event(dvp_config_free,
			   !cmpxchg(&dvp->config_owner, NULL, current));
	dvp->config_depth++;
}

/**
 * dvp_events_release_config() - the configuration is as it is to be
 * @dvp: device
 *
 * Context: as dvp_events_claim_config().
 */
void dvp_events_release_config(struct dvp_device *dvp)
{
	if (--dvp->config_depth)
		return;
	/* Pairs with the cmpxchg() of the next one to claim it. */
	smp_store_release(&dvp->config_owner, NULL);
	wake_up_all(&dvp_config_free);
}

/*
 * Every reset that the PCI core does on purpose comes by here, whoever asked
 * for it: the device's user, that of another device, or an administrator.
 */
static void dvp_reset_prepare(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	dvp_events_claim_config(dvp);
	dvp_set_resetting(dvp, true);
	dvp_block_vfs(pdev);
	dvp_access_block(dvp->access, DVP_BLOCK_RESET);
}

/*
 * Give the device the configuration that it had when it was opened, as the core
 * does when it is closed, or when it was bound if nobody has it open, so that
 * its memory is where it was.  Bus mastering is off then: that is for the user
 * to decide, who has been told.
 */
static void dvp_restore_config(struct dvp_device *dvp)
{
	struct pci_dev *pdev = dvp->core.pdev;
	struct pci_saved_state *state;

	state = dvp->core.pci_saved_state ?: dvp->bound_state;
	if (state && !pci_load_saved_state(pdev, state))
		pci_restore_state(pdev);
	dvp->lost = false;
}

static void dvp_reset_done(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);
	unsigned long reasons = DVP_BLOCK_RESET;

	/* A device that is back after an error is back for good. */
	if (dvp->lost || !pci_channel_offline(pdev))
		reasons |= DVP_BLOCK_ERROR;
	/* The reset has saved, and restored, what the link's had left. */
	if (dvp->lost)
		dvp_restore_config(dvp);
	dvp_events_release_config(dvp);
	dvp_access_unblock(dvp->access, reasons, &dvp->core);
	dvp_set_resetting(dvp, false);
	dvp_unblock_vfs(pdev);
}

/*
 * The core tells the user.  A frozen device is reset with its link, which costs
 * it its configuration: ask for a call when that has happened.
 */
static pci_ers_result_t dvp_error_detected(struct pci_dev *pdev,
					   pci_channel_state_t state)
{
	pci_ers_result_t ret = vfio_pci_core_aer_err_detected(pdev, state);

	if (state == pci_channel_io_normal)
		return ret;
	dvp_access_block(dvp_of_pdev(pdev)->access, DVP_BLOCK_ERROR);
	return PCI_ERS_RESULT_NEED_RESET;
}

/*
 * Keeps the device from being closed, its state from being freed, and its power
 * state from changing.  The PCI core holds pci_bus_sem here, which the holders of
 * these locks may be waiting for, as soon as a hotplug waits for it, too.  So this
 * does not wait for ever.
 */
static bool dvp_try_lock(struct vfio_pci_core_device *core)
{
	unsigned long end = jiffies + DVP_SLOT_RESET_WAIT;

	do {
		if (mutex_trylock(&core->vdev.dev_set->lock)) {
			if (down_write_trylock(&core->memory_lock))
				return true;
			mutex_unlock(&core->vdev.dev_set->lock);
		}
		usleep_range(1000, 2000);
	} while (time_before(jiffies, end));
	return false;
}

static pci_ers_result_t dvp_slot_reset(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);
	struct vfio_pci_core_device *core = &dvp->core;

	if (!dvp_try_lock(core)) {
		dvp->lost = true;
		pci_err(pdev, "not recovered from the error: it is being opened, closed or reset; open or reset it again\n");
		return PCI_ERS_RESULT_DISCONNECT;
	}
	dvp_restore_config(dvp);
	up_write(&core->memory_lock);
	mutex_unlock(&core->vdev.dev_set->lock);
	return PCI_ERS_RESULT_RECOVERED;
}

static void dvp_resume(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	dvp_access_unblock(dvp->access, DVP_BLOCK_ERROR, &dvp->core);
}

const struct pci_error_handlers dvp_err_handlers = {
	.error_detected	= dvp_error_detected,
	.slot_reset	= dvp_slot_reset,
	.resume		= dvp_resume,
	.reset_prepare	= dvp_reset_prepare,
	.reset_done	= dvp_reset_done,
};

/**
 * dvp_events_removing() - a device is about to be unbound
 * @pdev: device
 *
 * Unbinding waits for the user, who keeps the memory until then, unless the
 * device has been pulled out already.
 *
 * Context: may sleep.
 */
void dvp_events_removing(struct pci_dev *pdev)
{
	if (!pci_device_is_present(pdev))
		dvp_access_block(dvp_of_pdev(pdev)->access, DVP_BLOCK_ERROR);
}

/* What the core does for power management (dvp_devices_lock to set). */
static const struct dev_pm_ops *dvp_core_pm;

static int dvp_runtime_suspend(struct device *dev)
{
	return dvp_core_pm->runtime_suspend(dev);
}

/* A device may wake up by itself; then the core ends the low-power state. */
static int dvp_runtime_resume(struct device *dev)
{
	struct dvp_device *dvp = dvp_of_pdev(to_pci_dev(dev));
	int ret = dvp_core_pm->runtime_resume(dev);

	dvp_access_unblock(dvp->access, 0, &dvp->core);
	return ret;
}

static const struct dev_pm_ops dvp_pm_ops = {
	RUNTIME_PM_OPS(dvp_runtime_suspend, dvp_runtime_resume, NULL)
};

/**
 * dvp_events_watch_power() - hear when a device wakes up
 * @drv: the driver, whose power management the core has just set to its own, as
 *	it does whenever a device is bound
 *
 * Context: may sleep.
 */
void dvp_events_watch_power(struct device_driver *drv)
{
	mutex_lock(&dvp_devices_lock);
	if (drv->pm && drv->pm != &dvp_pm_ops) {
		dvp_core_pm = drv->pm;
		drv->pm = &dvp_pm_ops;
	}
	mutex_unlock(&dvp_devices_lock);
}
