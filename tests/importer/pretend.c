// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver must be prepared for and no emulated device has: the power states
 * D1 and D2, and a function-level reset in the capability Advanced Features.
 */
#include <linux/mutex.h>
#include <linux/pci.h>

#include "importer.h"

#define AF_SIZE (PCI_AF_STATUS + 1)

/**
 * struct dvp_af - a capability that is laid over a device's config space
 * @pdev: the device, NULL for none; a reference is held
 * @base: how its bus is accessed
 * @ops: the same, but for reading the capability
 * @devfn: of the device on its bus
 * @position: of the capability
 * @bytes: the capability, at the head of the device's list
 *
 * Config space is read without a lock on x86, so what dvp_af_read() needs stays
 * as it is when the capability is removed.
 */
static struct dvp_af {
	struct pci_dev *pdev;
	struct pci_ops *base;
	struct pci_ops ops;
	unsigned int devfn;
	unsigned int position;
	u8 bytes[AF_SIZE];
} dvp_af;

/* Serializes the calls. */
static DEFINE_MUTEX(dvp_af_lock);

static u8 dvp_af_byte(int where, u8 byte)
{
	if (where == PCI_STATUS)
		return byte | PCI_STATUS_CAP_LIST;
	if (where == PCI_CAPABILITY_LIST)
		return dvp_af.position;
	if (where >= dvp_af.position && where < dvp_af.position + AF_SIZE)
		return dvp_af.bytes[where - dvp_af.position];
	return byte;
}

static int dvp_af_read(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 *val)
{
	int ret = dvp_af.base->read(bus, devfn, where, size, val);
	u32 value = 0;
	int i;

	if (ret || devfn != dvp_af.devfn)
		return ret;
	for (i = 0; i < size; i++)
		value |= dvp_af_byte(where + i, *val >> (8 * i)) << (8 * i);
	*val = value;
	return 0;
}

static void dvp_af_remove(void)
{
	if (!dvp_af.pdev)
		return;
	pci_bus_set_ops(dvp_af.pdev->bus, dvp_af.base);
	pci_dev_put(dvp_af.pdev);
	dvp_af.pdev = NULL;
}

static void dvp_af_place(struct pci_dev *pdev, unsigned int position)
{
	u8 next = 0;

	pci_read_config_byte(pdev, PCI_CAPABILITY_LIST, &next);
	dvp_af.pdev = pci_dev_get(pdev);
	dvp_af.devfn = pdev->devfn;
	dvp_af.position = position;
	dvp_af.bytes[PCI_CAP_LIST_ID] = PCI_CAP_ID_AF;
	dvp_af.bytes[PCI_CAP_LIST_NEXT] = next;
	dvp_af.bytes[PCI_AF_LENGTH] = AF_SIZE;
	dvp_af.bytes[PCI_AF_CAP] = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;
	dvp_af.base = pdev->bus->ops;
	dvp_af.ops = *dvp_af.base;
	dvp_af.ops.read = dvp_af_read;
	pci_bus_set_ops(pdev->bus, &dvp_af.ops);
}

/* See struct dvp_importer_pretend. */
int dvp_pretend(const struct dvp_importer_pretend *arg)
{
	struct pci_dev *pdev;

	if (arg->af > PCI_CFG_SPACE_SIZE - AF_SIZE)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(arg->domain, arg->bus, arg->devfn);
	if (!pdev)
		return -ENODEV;

	device_lock(&pdev->dev);
	pdev->d1_support = !!arg->d1d2;
	pdev->d2_support = !!arg->d1d2;
	device_unlock(&pdev->dev);

	mutex_lock(&dvp_af_lock);
	dvp_af_remove();
	if (arg->af)
		dvp_af_place(pdev, arg->af);
	mutex_unlock(&dvp_af_lock);
	pci_dev_put(pdev);
	return 0;
}

/* Nothing of it outlives the module. */
void dvp_pretend_exit(void)
{
	dvp_af_remove();
}
