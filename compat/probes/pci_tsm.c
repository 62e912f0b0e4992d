// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.19 ("PCI/TSM: Establish Secure Sessions and Link Encryption"): devices that can be
 * part of an encrypted guest.
 */
#include <linux/pci.h>

void *probe(struct pci_dev *pdev);
void *probe(struct pci_dev *pdev)
{
	return pdev->tsm;
}
