/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Texts about a path, shared by the driver's log and debugfs and the command in
 * tools/, so that both say the same.  Plain string literals; the formats take
 * strings only.
 */
#ifndef COMPAT_PCI_P2PDMA_TEXTS_H
#define COMPAT_PCI_P2PDMA_TEXTS_H

/* Why the path is of its type. */
#define COMPAT_P2PDMA_BELOW	"below %s without ACS redirection"
#define COMPAT_P2PDMA_ACS_OF	"ACS of "
#define COMPAT_P2PDMA_REDIRECTS	" redirects requests to "
#define COMPAT_P2PDMA_THROUGH	"the path leads through "

/* Host bridges. */
#define COMPAT_P2PDMA_ZEN	"the host bridge, which forwards peer-to-peer (AMD, Zen or later)"
#define COMPAT_P2PDMA_NO_NAME	"%s (no function on its root bus identifies it)"
#define COMPAT_P2PDMA_SAME_ONLY	", only between devices below it"
#define COMPAT_P2PDMA_FORWARDS	", known to forward peer-to-peer"
#define COMPAT_P2PDMA_UNKNOWN	", not known to forward peer-to-peer"

/* What would change a refusal. */
#define COMPAT_P2PDMA_BOOT	"boot with pci=disable_acs_redir="
#define COMPAT_P2PDMA_ISOLATION	" if the devices need no isolation from each other"
#define COMPAT_P2PDMA_SWITCH	"put both devices below one PCIe switch%s"
#define COMPAT_P2PDMA_OR_HOST	", or below one host bridge that forwards"
#define COMPAT_P2PDMA_TRUST	"; if the platform is known to forward peer-to-peer, load with p2p_host_bridges="
#define COMPAT_P2PDMA_RISK	" (if it does not, data is silently corrupted)"

#endif /* COMPAT_PCI_P2PDMA_TEXTS_H */
