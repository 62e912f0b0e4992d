// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events from outside that take a device's memory: resets, PCI errors, power
 * transitions, removal.  The PCI core reports them with the device lock held.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "revoke.h"
#include "dvp.h"
#include "reset.h"

/*
 * How long one recovery from a PCI error may be held up, counted from its start:
 * by importers that have not unmapped, or by a concurrent open, close or reset.
 * After a DPC event pciehp waits 4 s for the recovery, then removes the device.
 */
#define DVP_RECOVERY_WAIT (2 * HZ)

/*
 * How long error_detected() lets importers unmap before the link is reset.  It
 * adds up over all functions below a port.
 */
#define DVP_NOTICE_WAIT (HZ / 20)

/*
 * How long after a PCI error to see whether the device answers, where the kernel
 * does not report the end of a recovery that has failed.  Until the recovery has
 * ended, the link may still be reset.
 */
#define DVP_RECHECK_DELAY (20 * HZ)

/* How long system sleep and shutdown wait for importers. */
#define DVP_SYSTEM_WAIT (2 * HZ)

/* Reasons that are blocked and unblocked by dvp_report_work(). */
#define DVP_REPORTED (DVP_BLOCK_ERROR | DVP_BLOCK_SYSTEM)

/*
 * The bound devices.  The PCI core tells a PF's driver of a reset, but not the
 * drivers of its VFs, whose memory goes with it.
 */
static LIST_HEAD(dvp_devices);
static DEFINE_MUTEX(dvp_devices_lock);

/* Woken when importers have let go after dvp_report(). */
static DECLARE_WAIT_QUEUE_HEAD(dvp_report_drained);

/*
 * Revokes in place of callers that must not wait for importers.  @reported is
 * cleared only once all importers have unmapped, so that a new report during
 * the wait is never lost: the reason stays blocked as long as it is in @wanted.
 */
static void dvp_report_work(struct work_struct *work)
{
	struct dvp_device *dvp = container_of(work, struct dvp_device,
					      report_work);
	long reasons = atomic_long_read(&dvp->reported);

	if (reasons) {
		dvp_access_block(dvp->access, reasons);
		atomic_long_andnot(reasons, &dvp->reported);
		wake_up_all(&dvp_report_drained);
	}
	reasons = DVP_REPORTED & ~atomic_long_read(&dvp->wanted);
	dvp_access_unblock(dvp->access, reasons, &dvp->core);
}

/* Block @reason from the workqueue.  Does not wait. */
static void dvp_report(struct dvp_device *dvp, long reason)
{
	atomic_long_or(reason, &dvp->wanted);
	atomic_long_or(reason, &dvp->reported);
	queue_work(system_long_wq, &dvp->report_work);
}

/* Clear @reason from the workqueue, after a block that still waits. */
static void dvp_retract(struct dvp_device *dvp, long reason)
{
	atomic_long_andnot(reason, &dvp->wanted);
	queue_work(system_long_wq, &dvp->report_work);
}

/* The same, and wait for its end: the caller knows that the device answers. */
static void dvp_error_over(struct dvp_device *dvp)
{
	dvp->lost = false;
	dvp_retract(dvp, DVP_BLOCK_ERROR);
	flush_work(&dvp->report_work);
}

/* Returns whether all importers have unmapped after dvp_report(). */
static bool dvp_wait_reported(struct dvp_device *dvp, long reason, long timeout)
{
	return wait_event_timeout(dvp_report_drained,
				  !(atomic_long_read(&dvp->reported) & reason),
				  max(timeout, 0L));
}

static bool dvp_bar_is_lost(struct pci_dev *pdev, int bar)
{
	struct resource *res = &pdev->resource[bar];
	struct pci_bus_region region;
	u32 low, high = 0;

	if (!(res->flags & IORESOURCE_MEM) || (res->flags & IORESOURCE_UNSET))
		return false;
	pcibios_resource_to_bus(pdev->bus, &region, res);
	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * bar, &low);
	if (res->flags & IORESOURCE_MEM_64)
		pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * (bar + 1),
				      &high);
	return (low & (u32)PCI_BASE_ADDRESS_MEM_MASK) !=
		       lower_32_bits(region.start) ||
	       high != upper_32_bits(region.start);
}

/*
 * Whether the device does not answer, or a reset of its link has cleared its
 * BARs.  The BARs of a VF are in its PF.
 */
static bool dvp_config_is_lost(struct pci_dev *pdev)
{
	int bar;

	pdev = pci_physfn(pdev);
	if (!pci_device_is_present(pdev))
		return true;
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (dvp_bar_is_lost(pdev, bar))
			return true;
	return false;
}

/*
 * A recovery has failed, as when another function below the port has no error
 * handlers.  If no reset came of it, the device may answer all the same: see
 * whether it does.
 */
static void dvp_recheck_work(struct work_struct *work)
{
	struct dvp_device *dvp = container_of(to_delayed_work(work),
					      struct dvp_device, recheck_work);
	struct pci_dev *pdev = dvp->core.pdev;

	if (!dvp->lost && !pci_channel_offline(pdev) &&
	    !dvp_config_is_lost(pdev))
		dvp_retract(dvp, DVP_BLOCK_ERROR);
}

/**
 * dvp_events_watch() - a device is being bound
 * @dvp: device
 *
 * Context: may sleep.
 */
void dvp_events_watch(struct dvp_device *dvp)
{
	struct pci_dev *pdev = dvp->core.pdev;
	struct dvp_device *pf;

	INIT_WORK(&dvp->report_work, dvp_report_work);
	INIT_DELAYED_WORK(&dvp->recheck_work, dvp_recheck_work);
	if (!pci_save_state(pdev))
		dvp->bound_state = pci_store_saved_state(pdev);

	mutex_lock(&dvp_devices_lock);
	list_for_each_entry(pf, &dvp_devices, node)
		if (pf->core.pdev == pci_physfn(pdev))
			dvp->pf_resetting = pf->resetting;
	if (dvp->pf_resetting)
		dvp_access_block(dvp->access, DVP_BLOCK_PF_RESET);
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
	cancel_delayed_work_sync(&dvp->recheck_work);
	cancel_work_sync(&dvp->report_work);
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

/* Block the VFs' memory while the device may be reset, or end that. */
static void dvp_set_resetting(struct dvp_device *dvp, bool resetting)
{
	struct vfio_pci_core_device *core;
	struct dvp_access *access;

	mutex_lock(&dvp_devices_lock);
	dvp->resetting = resetting;
	mutex_unlock(&dvp_devices_lock);

	while ((access = dvp_next_vf(dvp->core.pdev, resetting, &core))) {
		if (resetting)
			dvp_access_block(access, DVP_BLOCK_PF_RESET);
		else
			dvp_access_unblock(access, DVP_BLOCK_PF_RESET, core);
		dvp_access_put(access);
	}
}

/**
 * dvp_events_check_set() - look again whether the devices of a set answer
 * @dvp: one of those that are reset together
 *
 * A hot reset wakes the whole set up before it may fail, and then calls no
 * handler.
 *
 * Context: may sleep, for as long as importers need if a device does not answer.
 */
void dvp_events_check_set(struct dvp_device *dvp)
{
	struct vfio_device_set *set = dvp->core.vdev.dev_set;
	struct vfio_device *vdev;

	mutex_lock(&set->lock);
	list_for_each_entry(vdev, &set->device_list, dev_set_list) {
		if (vdev->ops != &dvp_vfio_ops)
			continue;
		dvp = to_dvp_device(vdev);
		dvp_access_unblock(dvp->access, 0, &dvp->core);
	}
	mutex_unlock(&set->lock);
}

/* Woken when the configuration of any device is free again. */
static DECLARE_WAIT_QUEUE_HEAD(dvp_config_free);

/**
 * dvp_events_claim_config() - serialize what may reset the device
 * @dvp: device
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
 * importers of the VFs need.  The same task calls dvp_events_release_config()
 * for each call.
 */
void dvp_events_claim_config(struct dvp_device *dvp)
{
	if (READ_ONCE(dvp->config_owner) != current)
		wait_event(dvp_config_free,
			   !cmpxchg(&dvp->config_owner, NULL, current));
	if (dvp->config_depth++)
		return;
	dvp_set_resetting(dvp, true);
}

/**
 * dvp_events_release_config() - undo one dvp_events_claim_config()
 * @dvp: device, claimed by this task
 *
 * Context: may sleep.
 */
void dvp_events_release_config(struct dvp_device *dvp)
{
	if (--dvp->config_depth)
		return;
	dvp_set_resetting(dvp, false);
	/* Pairs with the cmpxchg() of the next one to claim it. */
	smp_store_release(&dvp->config_owner, NULL);
	wake_up_all(&dvp_config_free);
}

/*
 * Called by the PCI core before it resets the device, on whoever's request: the
 * device's user, the user of another device, or an administrator.
 */
static void dvp_reset_prepare(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	dvp_events_claim_config(dvp);
	dvp_access_block(dvp->access, DVP_BLOCK_RESET);
}

/*
 * Restore the configuration that the device had when it was opened, as the core
 * does on close, or when it was bound if it is not open, so that its BARs are
 * where they were.  Bus mastering is off then: enabling it is up to the user, who
 * has been notified.
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
	bool lost;

	/* Without its reset_prepare() there is nothing to undo. */
	if (READ_ONCE(dvp->config_owner) != current)
		return;
	/*
	 * BARs without addresses prove that the link's reset is over, even if
	 * the recovery failed; this reset has saved and restored them so.
	 */
	lost = dvp->lost || dvp_config_is_lost(pdev);
	if (lost)
		dvp_restore_config(dvp);
	if ((lost || !pci_channel_offline(pdev)) && !dvp_config_is_lost(pdev))
		dvp_error_over(dvp);
	dvp_access_unblock(dvp->access, DVP_BLOCK_RESET, &dvp->core);
	dvp_events_release_config(dvp);
}

/**
 * dvp_events_opened() - end the block that a failed recovery has left
 * @dvp: device, enabled by the core, with its configuration claimed
 *
 * The kernel never reports that a device works again after a failed recovery.
 * Opening resets it and restores its BARs, so see whether it answers.
 *
 * Context: may sleep.
 */
void dvp_events_opened(struct dvp_device *dvp)
{
	if ((atomic_long_read(&dvp->wanted) & DVP_BLOCK_ERROR) &&
	    !dvp_config_is_lost(dvp->core.pdev))
		dvp_error_over(dvp);
}

/*
 * An importer below the same port may finish its work only later in this
 * recovery, and the PCI core holds pci_bus_sem.  So leave the wait to the
 * workqueue, but give importers that unmap at once the time to do so.
 *
 * Recovery from an error that is not fatal may reset the link as well, if any
 * driver below the port asks for it, and does so before the next callback.
 *
 * The core signals the user.  A frozen device loses its configuration with the
 * link's reset: ask for the slot_reset() that follows.
 */
static pci_ers_result_t dvp_error_detected(struct pci_dev *pdev,
					   pci_channel_state_t state)
{
	pci_ers_result_t ret = vfio_pci_core_aer_err_detected(pdev, state);
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	dvp->frozen = state != pci_channel_io_normal;
	dvp->recovery_end = jiffies + DVP_RECOVERY_WAIT;
	dvp_report(dvp, DVP_BLOCK_ERROR);
	dvp_wait_reported(dvp, DVP_BLOCK_ERROR, DVP_NOTICE_WAIT);
	mod_delayed_work(system_long_wq, &dvp->recheck_work,
			 state == pci_channel_io_perm_failure ?
			 0 : DVP_RECHECK_DELAY);
	return dvp->frozen ? PCI_ERS_RESULT_NEED_RESET : ret;
}

/*
 * Keep the device from being closed, its saved state from being freed, and its
 * power state from changing.  The PCI core holds pci_bus_sem here, and a hotplug
 * event may make the holders of these locks wait for it.  So give up at @end.
 */
static bool dvp_try_lock(struct vfio_pci_core_device *core, unsigned long end)
{
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

/*
 * Before 7.x slot_reset() follows an error that is not fatal without any reset.
 * Then the device still has its BARs, and a VF its command register: leave it as
 * its user has set it up.
 */
static bool dvp_was_reset(struct dvp_device *dvp)
{
	struct pci_dev *pdev = dvp->core.pdev;
	u16 cmd;

	if (dvp->frozen || dvp_config_is_lost(pdev))
		return true;
	if (!pdev->is_virtfn)
		return false;
	pci_read_config_word(pdev, PCI_COMMAND, &cmd);
	return !cmd;
}

static pci_ers_result_t dvp_give_up(struct dvp_device *dvp, const char *why)
{
	dvp->lost = true;
	pci_err(dvp->core.pdev, "not recovered from the error: %s; open or reset it again\n",
		why);
	return PCI_ERS_RESULT_DISCONNECT;
}

static pci_ers_result_t dvp_slot_reset(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);
	struct vfio_pci_core_device *core = &dvp->core;
	long left = dvp->recovery_end - jiffies;

	if (!dvp_was_reset(dvp))
		return PCI_ERS_RESULT_RECOVERED;
	/* Opening the device has ended the block before the link's reset. */
	if (!(atomic_long_read(&dvp->wanted) & DVP_BLOCK_ERROR)) {
		dvp_report(dvp, DVP_BLOCK_ERROR);
		left = DVP_RECOVERY_WAIT;
	}
	if (!dvp_wait_reported(dvp, DVP_BLOCK_ERROR, left))
		return dvp_give_up(dvp, "an importer still holds a mapping");
	if (!dvp_try_lock(core, dvp->recovery_end))
		return dvp_give_up(dvp, "it is being opened, closed or reset");
	dvp_restore_config(dvp);
	up_write(&core->memory_lock);
	mutex_unlock(&core->vdev.dev_set->lock);
	return PCI_ERS_RESULT_RECOVERED;
}

/* Not waited for: without a slot_reset() importers may still be unmapping. */
static void dvp_resume(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	cancel_delayed_work(&dvp->recheck_work);
	dvp_retract(dvp, DVP_BLOCK_ERROR);
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
 * device has been pulled out.  Then importers are told at once, but not waited
 * for: one that was pulled out with it is removed later by the same thread.
 *
 * Context: any process context.
 */
void dvp_events_removing(struct pci_dev *pdev)
{
	if (!pci_device_is_present(pdev))
		dvp_report(dvp_of_pdev(pdev), DVP_BLOCK_ERROR);
}

/* Returns whether all importers have unmapped, at the latest after DVP_SYSTEM_WAIT. */
static bool dvp_block_for_system(struct dvp_device *dvp)
{
	dvp_report(dvp, DVP_BLOCK_SYSTEM);
	return dvp_wait_reported(dvp, DVP_BLOCK_SYSTEM, DVP_SYSTEM_WAIT);
}

/**
 * dvp_events_shutdown() - the system restarts or starts another kernel
 * @pdev: device
 *
 * Context: may sleep, for up to DVP_SYSTEM_WAIT.
 */
void dvp_events_shutdown(struct pci_dev *pdev)
{
	if (!dvp_block_for_system(dvp_of_pdev(pdev)))
		pci_warn(pdev, "shutting down while an importer still holds a mapping\n");
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

/* System sleep begins: a device that keeps its mappings must not lose power. */
static int dvp_prepare(struct device *dev)
{
	struct dvp_device *dvp = dvp_of_pdev(to_pci_dev(dev));

	if (dvp_block_for_system(dvp))
		return 0;
	dvp_retract(dvp, DVP_BLOCK_SYSTEM);
	dev_err(dev, "system sleep refused: an importer still holds a mapping\n");
	return -EBUSY;
}

static void dvp_complete(struct device *dev)
{
	dvp_retract(dvp_of_pdev(to_pci_dev(dev)), DVP_BLOCK_SYSTEM);
}

static const struct dev_pm_ops dvp_pm_ops = {
	.prepare = dvp_prepare,
	.complete = dvp_complete,
	RUNTIME_PM_OPS(dvp_runtime_suspend, dvp_runtime_resume, NULL)
};

/**
 * dvp_events_watch_power() - put our power management callbacks in place
 * @drv: the driver, whose callbacks the core has just replaced with its own, as
 *	it does whenever a device is bound, even if that fails later on
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
