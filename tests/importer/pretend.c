// SPDX-License-Identifier: GPL-2.0-only
/*
 * Features that drivers must handle and no emulated device has: the power states D1
 * and D2, and a function-level reset in the capability Advanced Features.
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

/**
 * struct dvp_states - a device that has the power states D1 and D2 for a while
 * @pdev: the device, NULL for none; a reference is held
 * @d1: whether it had D1 before
 * @d2: whether it had D2 before
 * @base: how its bus is accessed
 * @ops: the same, but for D1 and D2 in PMCSR
 * @devfn: of the device on its bus
 * @pmcsr: position of the register
 * @state: D1 or D2 if it was last sent there, 0 if the device's own bits count
 *
 * QEMU 10 ignores a state that the device's PMC does not have, and no device has D1 or
 * D2 in a PMCSR that can be written. The device itself stays in D0 meanwhile.
 */
static struct dvp_states {
	struct pci_dev *pdev;
	bool d1;
	bool d2;
	struct pci_ops *base;
	struct pci_ops ops;
	unsigned int devfn;
	int pmcsr;
	u8 state;
} dvp_states;

/* Serializes the calls. */
static DEFINE_MUTEX(dvp_pretend_lock);

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

static int dvp_states_read(struct pci_bus *bus, unsigned int devfn, int where,
			   int size, u32 *val)
{
	int ret = dvp_states.base->read(bus, devfn, where, size, val);

	if (!ret && devfn == dvp_states.devfn && where == dvp_states.pmcsr)
		*val |= READ_ONCE(dvp_states.state);
	return ret;
}

static int dvp_states_write(struct pci_bus *bus, unsigned int devfn, int where,
			    int size, u32 val)
{
	u8 state = val & PCI_PM_CTRL_STATE_MASK;

	if (devfn == dvp_states.devfn && where == dvp_states.pmcsr) {
		if (state != (__force u8)PCI_D1 && state != (__force u8)PCI_D2)
			state = 0;
		val &= ~state;
		WRITE_ONCE(dvp_states.state, state);
	}
	return dvp_states.base->write(bus, devfn, where, size, val);
}

static void dvp_states_set(struct pci_dev *pdev, bool d1, bool d2)
{
	device_lock(&pdev->dev);
	pdev->d1_support = d1;
	pdev->d2_support = d2;
	device_unlock(&pdev->dev);
}

static void dvp_states_remove(void)
{
	if (!dvp_states.pdev)
		return;
	pci_bus_set_ops(dvp_states.pdev->bus, dvp_states.base);
	dvp_states_set(dvp_states.pdev, dvp_states.d1, dvp_states.d2);
	pci_dev_put(dvp_states.pdev);
	dvp_states.pdev = NULL;
}

static void dvp_states_place(struct pci_dev *pdev)
{
	dvp_states.pdev = pci_dev_get(pdev);
	dvp_states.d1 = pdev->d1_support;
	dvp_states.d2 = pdev->d2_support;
	dvp_states.devfn = pdev->devfn;
	dvp_states.pmcsr = pdev->pm_cap + PCI_PM_CTRL;
	dvp_states.state = 0;
	dvp_states.base = pdev->bus->ops;
	dvp_states.ops = *dvp_states.base;
	dvp_states.ops.read = dvp_states_read;
	dvp_states.ops.write = dvp_states_write;
	dvp_states_set(pdev, true, true);
	pci_bus_set_ops(pdev->bus, &dvp_states.ops);
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

	/* In reverse order: each has replaced the ops of the bus. */
	mutex_lock(&dvp_pretend_lock);
	dvp_af_remove();
	dvp_states_remove();
	if (arg->d1d2)
		dvp_states_place(pdev);
	if (arg->af)
		dvp_af_place(pdev, arg->af);
	mutex_unlock(&dvp_pretend_lock);
	pci_dev_put(pdev);
	return 0;
}

/* Nothing of it outlives the module. */
void dvp_pretend_exit(void)
{
	dvp_af_remove();
	dvp_states_remove();
}
