// SPDX-License-Identifier: GPL-2.0-only
/* System sleep, shutdown, and devices that wake up by themselves. */
#include <linux/pci.h>
#include <linux/pm_domain.h>

#include "dvp.h"
#include "revoke.h"

/* How long system sleep and shutdown wait for importers. */
#define DVP_SYSTEM_WAIT (2 * HZ)

/* Returns whether all importers have unmapped, at the latest after DVP_SYSTEM_WAIT. */
static bool dvp_block_for_system(struct dvp_device *dvp)
{
	dvp_report(dvp, DVP_BLOCK_SYSTEM);
	return dvp_wait_reported(dvp, DVP_BLOCK_SYSTEM, DVP_SYSTEM_WAIT) &&
	       !dvp_access_mappings(dvp->access);
}

/**
 * dvp_pm_shutdown() - the system restarts or starts another kernel
 * @pdev: device
 *
 * Context: may sleep, for up to DVP_SYSTEM_WAIT.
 */
void dvp_pm_shutdown(struct pci_dev *pdev)
{
	if (!dvp_block_for_system(dvp_of_pdev(pdev)))
		pci_warn(pdev, "shutting down while an importer still holds a mapping\n");
}

/* System sleep begins: a device that keeps its mappings must not lose power. */
static int dvp_pm_prepare(struct device *dev)
{
	struct dvp_device *dvp = dvp_of_pdev(to_pci_dev(dev));

	if (dvp_block_for_system(dvp))
		return pci_bus_type.pm->prepare(dev);
	dvp_retract(dvp, DVP_BLOCK_SYSTEM);
	dev_err(dev, "system sleep refused: an importer still holds a mapping\n");
	return -EBUSY;
}

static void dvp_pm_complete(struct device *dev)
{
	pci_bus_type.pm->complete(dev);
	dvp_retract(dvp_of_pdev(to_pci_dev(dev)), DVP_BLOCK_SYSTEM);
}

/* A device may wake up by itself; then the core ends the low-power state. */
static int dvp_pm_runtime_resume(struct device *dev)
{
	struct dvp_device *dvp = dvp_of_pdev(to_pci_dev(dev));
	int ret = pci_bus_type.pm->runtime_resume(dev);

	dvp_revoke_unblock(dvp->access, 0, &dvp->core);
	return ret;
}

/*
 * The core replaces the callbacks of the driver with its own whenever a device is
 * bound.  Those of a PM domain come before the PCI bus's, which call the driver's.
 */
static struct dev_pm_domain dvp_pm_domain __ro_after_init;

/* Set up the callbacks, before any device is bound. */
void __init dvp_pm_init(void)
{
	if (pci_bus_type.pm)
		dvp_pm_domain.ops = *pci_bus_type.pm;
	dvp_pm_domain.ops.prepare = dvp_pm_prepare;
	dvp_pm_domain.ops.complete = dvp_pm_complete;
	dvp_pm_domain.ops.runtime_resume = dvp_pm_runtime_resume;
}

/* A device is being bound. */
void dvp_pm_watch(struct pci_dev *pdev)
{
	if (pdev->dev.pm_domain)
		pci_warn(pdev, "in a power domain of the platform: buffers are not revoked before system sleep, nor restored on wake-up\n");
	else
		dev_pm_domain_set(&pdev->dev, &dvp_pm_domain);
}

/* A device is no longer bound. */
void dvp_pm_unwatch(struct pci_dev *pdev)
{
	if (pdev->dev.pm_domain == &dvp_pm_domain)
		dev_pm_domain_set(&pdev->dev, NULL);
}
