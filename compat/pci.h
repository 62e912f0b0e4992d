/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI core differences between kernels. */
#ifndef COMPAT_PCI_H
#define COMPAT_PCI_H

#include <linux/pci.h>

/*
 * 6.19: a device that is bound to the platform's security manager (TSM) can be
 * part of an encrypted guest.  Before, no device can.
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
