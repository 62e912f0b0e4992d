// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a register of the exporter's device at each notification: the device has to
 * answer then.
 */
#include <linux/dma-resv.h>
#include <linux/pci.h>

#include "importer.h"

/* Lets the importer read a register of @arg's device from now on. */
int dvp_import_watch(struct dvp_import *import,
		     const struct dvp_importer_watch *arg)
{
	struct pci_dev *pdev;
	void __iomem *regs;

	if (import->watched)
		return -EBUSY;
	if (arg->bar >= PCI_STD_NUM_BARS)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(arg->domain, arg->bus, arg->devfn);
	if (!pdev)
		return -ENODEV;
	if (!pci_resource_len(pdev, arg->bar) ||
	    arg->offset > pci_resource_len(pdev, arg->bar) - sizeof(u32)) {
		pci_dev_put(pdev);
		return -EINVAL;
	}
	/* Not claimed: the device belongs to its own driver. */
	regs = ioremap(pci_resource_start(pdev, arg->bar) + arg->offset,
		       sizeof(u32));
	if (!regs) {
		pci_dev_put(pdev);
		return -ENOMEM;
	}
	dma_resv_lock(import->attach->dmabuf->resv, NULL);
	import->watched_reg = regs;
	import->watched = pdev;
	dma_resv_unlock(import->attach->dmabuf->resv);
	return 0;
}

void dvp_import_unwatch(struct dvp_import *import)
{
	if (!import->watched)
		return;
	iounmap(import->watched_reg);
	pci_dev_put(import->watched);
	import->watched = NULL;
}

/*
 * Called at each notification, under the reservation lock.  Returns whether the watched
 * device answers, or true without one.  Without an answer the bus reads as all ones on
 * most machines, and as zeroes in QEMU.
 */
bool dvp_import_look(struct dvp_import *import)
{
	struct dvp_importer_sight *sight;
	u16 command = 0, pmcsr = 0;

	if (!import->watched)
		return true;
	pci_read_config_word(import->watched, PCI_COMMAND, &command);
	if (import->watched->pm_cap)
		pci_read_config_word(import->watched,
				     import->watched->pm_cap + PCI_PM_CTRL,
				     &pmcsr);
	sight = &import->sights[import->notifications % DVP_IMPORTER_SIGHTS];
	sight->value = readl(import->watched_reg);
	sight->command = command;
	sight->pmcsr = pmcsr;
	return (command & PCI_COMMAND_MEMORY) &&
	       !(pmcsr & PCI_PM_CTRL_STATE_MASK) &&
	       sight->value && sight->value != U32_MAX;
}
