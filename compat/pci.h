/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels in the PCI core. */
#ifndef COMPAT_PCI_H
#define COMPAT_PCI_H

#include <linux/pci.h>

/*
 * 6.19: a device can be bound to a platform's security manager, and by that
 * become part of an encrypted guest.  Before, none can.
 */
static inline bool compat_pci_has_tsm(struct pci_dev *pdev)
{
#ifdef HAVE_PCI_TSM
	return READ_ONCE(pdev->tsm);
#else
	return false;
#endif
}

#endif /* COMPAT_PCI_H */
