// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is encrypted.  This is a file of its own so that no compiler concludes
 * what the answers are: on machines that encrypt nothing, tests give others.
 */
#include "compat/pci.h"
#include "encryption.h"

/**
 * dvp_memory_encrypted() - whether the machine's memory is encrypted
 * @attr: CC_ATTR_MEM_ENCRYPT, or CC_ATTR_GUEST_MEM_ENCRYPT for that of a guest
 *	whose host must not see it
 *
 * Context: any.
 * Return: true if it is.
 */
bool dvp_memory_encrypted(enum cc_attr attr)
{
	return cc_platform_has(attr);
}

/**
 * dvp_is_private() - whether a device is part of an encrypted guest
 * @dev: device; it is part of the PCI function that it is below
 *
 * Context: any.
 * Return: true if it was accepted there (TDISP), or is about to be.
 */
bool dvp_is_private(struct device *dev)
{
	for (; dev; dev = dev->parent)
		if (dev_is_pci(dev) && compat_pci_has_tsm(to_pci_dev(dev)))
			return true;
	return false;
}
