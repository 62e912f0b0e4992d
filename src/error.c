// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI errors and surprise removal: events that take a device's memory, and whose
 * callers must not wait for importers without a limit.  The PCI core reports them
 * with the device lock held.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "dvp.h"
#include "revoke.h"

/*
 * How long one recovery from a PCI error may be held up, counted from its start:
 * by importers that have not unmapped, or by a concurrent open, close or reset.
 * After a DPC event pciehp waits 4 s for the recovery, then removes the device.
 */
#define DVP_RECOVERY_WAIT (2 * HZ)

/*
 * How long dvp_error_detected() waits until importers have been notified, on a machine
 * whose workqueues are slow, and how long it lets them unmap.  Both add up over all
 * functions below a port.
 */
#define DVP_NOTICE_WAIT (HZ / 2)
#define DVP_UNMAP_WAIT (HZ / 20)

/*
 * How long after a PCI error to see whether the device answers, where the kernel
 * does not report the end of a recovery that has failed.  Until the recovery has
 * ended, the link may still be reset.
 */
#define DVP_RECHECK_DELAY (20 * HZ)

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
		/* Whoever flushes the work may have to let go first. */
		if (!dvp_revoke_block(dvp->access, reasons, HZ)) {
			queue_work(system_long_wq, &dvp->report_work);
			return;
		}
		atomic_long_andnot(reasons, &dvp->reported);
		wake_up_all(&dvp_report_drained);
	}
	reasons = DVP_BLOCK_ERROR | DVP_BLOCK_SYSTEM;
	reasons &= ~atomic_long_read(&dvp->wanted);
	dvp_revoke_unblock(dvp->access, reasons, &dvp->core);
}

/**
 * dvp_report() - block access for a reason, from the workqueue
 * @dvp: device
 * @reason: DVP_BLOCK_ERROR or DVP_BLOCK_SYSTEM
 *
 * Context: any; does not wait.
 */
void dvp_report(struct dvp_device *dvp, long reason)
{
	atomic_long_or(reason, &dvp->wanted);
	atomic_long_or(reason, &dvp->reported);
	queue_work(system_long_wq, &dvp->report_work);
}

/**
 * dvp_retract() - clear a reason, from the workqueue, after a block that still waits
 * @dvp: device
 * @reason: as given to dvp_report()
 *
 * Context: any; does not wait.
 */
void dvp_retract(struct dvp_device *dvp, long reason)
{
	atomic_long_andnot(reason, &dvp->wanted);
	queue_work(system_long_wq, &dvp->report_work);
}

/**
 * dvp_wait_reported() - wait for importers after dvp_report()
 * @dvp: device
 * @reason: as given to dvp_report()
 * @timeout: in jiffies; may be negative, if it has passed already
 *
 * Context: may sleep, for up to @timeout.
 * Return: true if all importers have unmapped.
 */
bool dvp_wait_reported(struct dvp_device *dvp, long reason, long timeout)
{
	return wait_event_timeout(dvp_report_drained,
				  !(atomic_long_read(&dvp->reported) & reason),
				  max(timeout, 0L));
}

/* Let importers be notified, and unmap, before the link is reset. */
static void dvp_give_notice(struct dvp_device *dvp)
{
	unsigned long end = jiffies + DVP_NOTICE_WAIT;

	while (!dvp_wait_reported(dvp, DVP_BLOCK_ERROR, DVP_UNMAP_WAIT) &&
	       !READ_ONCE(dvp->access->notified) && time_before(jiffies, end))
		;
}

static bool dvp_bar_is_lost(struct pci_dev *pdev, int bar)
{
	struct resource *res = &pdev->resource[bar];
	struct pci_bus_region region;
	u32 low, high = 0;

	/* Enhanced Allocation fixes addresses elsewhere; its BARs read as 0. */
	if (!(res->flags & IORESOURCE_MEM) ||
	    (res->flags & (IORESOURCE_UNSET | IORESOURCE_PCI_EA_BEI)))
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

/*
 * After a failed recovery (for example, another function below the port has no error
 * handlers) the device may still respond: end the block if it does, but not while
 * another error is being reported.  Unbinding holds the device lock while it waits for
 * this work, so only try to take it.
 */
static void dvp_recheck_work(struct work_struct *work)
{
	struct dvp_device *dvp = container_of(to_delayed_work(work),
					      struct dvp_device, recheck_work);
	struct pci_dev *pdev = dvp->core.pdev;

	if (!device_trylock(&pdev->dev)) {
		mod_delayed_work(system_long_wq, &dvp->recheck_work, HZ);
		return;
	}
	if (!dvp->lost && !pci_channel_offline(pdev) &&
	    !dvp_config_is_lost(pdev))
		dvp_retract(dvp, DVP_BLOCK_ERROR);
	device_unlock(&pdev->dev);
}

/*
 * The device may answer again: end the block that a failed recovery has left if
 * it does.  The kernel never reports that.
 */
static void dvp_error_over(struct dvp_device *dvp)
{
	if (dvp_config_is_lost(dvp->core.pdev))
		return;
	dvp->lost = false;
	dvp_retract(dvp, DVP_BLOCK_ERROR);
	flush_work(&dvp->report_work);
}

/**
 * dvp_error_opened() - the core has reset the device and restored its BARs
 * @dvp: device, with its configuration claimed
 *
 * Context: may sleep.
 */
void dvp_error_opened(struct dvp_device *dvp)
{
	if (atomic_long_read(&dvp->wanted) & DVP_BLOCK_ERROR)
		dvp_error_over(dvp);
}

/**
 * dvp_error_reset() - the device has been reset for another reason than an error
 * @dvp: device, with its configuration claimed
 *
 * BARs without addresses prove that the reset of the link is over, even if the
 * recovery failed; this reset has saved and restored them so.  After an error that is
 * not fatal, the link may still be reset as long as dvp_recheck_work() is to come.
 *
 * Context: may sleep; the device lock is held.
 */
void dvp_error_reset(struct dvp_device *dvp)
{
	bool lost = dvp->lost || dvp_config_is_lost(dvp->core.pdev);
	bool recovering = dvp->frozen ? pci_channel_offline(dvp->core.pdev) :
					delayed_work_pending(&dvp->recheck_work);

	if (lost)
		dvp_restore_config(dvp);
	if (lost || !recovering)
		dvp_error_over(dvp);
}

/**
 * dvp_error_detected() - a PCI error at the device or another one below its port
 * @pdev: device
 * @state: of the link
 *
 * An importer below the same port may finish its work only later in this
 * recovery, and the PCI core holds pci_bus_sem.  So leave the wait to the
 * workqueue, but give importers that unmap at once the time to do so.
 *
 * Recovery from an error that is not fatal may reset the link as well, if any
 * driver below the port asks for it, and does so before the next callback.
 *
 * The core signals the user.
 *
 * Context: may sleep, for up to DVP_NOTICE_WAIT and DVP_UNMAP_WAIT; the device lock is
 * held.
 * Return: PCI_ERS_RESULT_NEED_RESET for a frozen device, which loses its
 * configuration with the reset of the link; otherwise the core's answer.
 */
pci_ers_result_t dvp_error_detected(struct pci_dev *pdev,
				    pci_channel_state_t state)
{
	pci_ers_result_t ret = vfio_pci_core_aer_err_detected(pdev, state);
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	dvp->frozen = state != pci_channel_io_normal;
	dvp->recovery_end = jiffies + DVP_RECOVERY_WAIT;
	dvp_report(dvp, DVP_BLOCK_ERROR);
	dvp_give_notice(dvp);
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
 * Before 6.18 slot_reset() follows an error that is not fatal without any reset.
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

/**
 * dvp_error_slot_reset() - restore the configuration after a reset of the link
 * @pdev: device
 *
 * Context: may sleep, for up to DVP_RECOVERY_WAIT; the device lock is held.
 * Return: PCI_ERS_RESULT_RECOVERED, or PCI_ERS_RESULT_DISCONNECT if importers or a
 * concurrent open, close or reset held it up.
 */
pci_ers_result_t dvp_error_slot_reset(struct pci_dev *pdev)
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

/*
 * A recovery has succeeded.  Does not wait: without dvp_error_slot_reset() importers may
 * still be unmapping.
 */
void dvp_error_resume(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	cancel_delayed_work(&dvp->recheck_work);
	dvp_retract(dvp, DVP_BLOCK_ERROR);
}

/**
 * dvp_error_removing() - a device is about to be unbound
 * @pdev: device
 *
 * Unbinding waits for the user, who keeps the memory until then, unless the
 * device has been pulled out.  Then importers are told at once, but not waited
 * for: one that was pulled out with it is removed later by the same thread.
 */
void dvp_error_removing(struct pci_dev *pdev)
{
	if (!pci_device_is_present(pdev))
		dvp_report(dvp_of_pdev(pdev), DVP_BLOCK_ERROR);
}

/* A device is being bound. */
void dvp_error_watch(struct dvp_device *dvp)
{
	struct pci_dev *pdev = dvp->core.pdev;

	INIT_WORK(&dvp->report_work, dvp_report_work);
	INIT_DELAYED_WORK(&dvp->recheck_work, dvp_recheck_work);
	if (!pci_save_state(pdev))
		dvp->bound_state = pci_store_saved_state(pdev);
}

/* A device is no longer bound. */
void dvp_error_unwatch(struct dvp_device *dvp)
{
	cancel_delayed_work_sync(&dvp->recheck_work);
	cancel_work_sync(&dvp->report_work);
	kfree(dvp->bound_state);
}
