// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host bridges that forward requests between the devices below them, each known
 * by the first function of its root bus.  The ids are those of the kernel.
 */
#include <linux/moduleparam.h>
#include <linux/pci_ids.h>
#include <linux/string.h>

#include "dvp.h"
#include "p2p.h"

/**
 * struct dvp_host - a host bridge that forwards peer-to-peer requests
 * @vendor: PCI vendor id; 0 ends a table
 * @device: PCI device id, or DVP_ANY_DEVICE
 * @same_only: only between devices below the same bridge
 */
struct dvp_host {
	u16 vendor;
	u32 device;
	bool same_only;
};

#define DVP_ANY_DEVICE U32_MAX

static const struct dvp_host dvp_known_hosts[] = {
	/* Xeon E5, Core i7 (Sandy Bridge) */
	{ PCI_VENDOR_ID_INTEL, 0x3c00, true },
	{ PCI_VENDOR_ID_INTEL, 0x3c01, true },
	/* Xeon E5 v3, Xeon E7 v3, Core i7 (Haswell) */
	{ PCI_VENDOR_ID_INTEL, 0x2f00, true },
	{ PCI_VENDOR_ID_INTEL, 0x2f01, true },
	/* Skylake-E and later Xeons: root ports A to D, DMI, memory map */
	{ PCI_VENDOR_ID_INTEL, 0x2030 },
	{ PCI_VENDOR_ID_INTEL, 0x2031 },
	{ PCI_VENDOR_ID_INTEL, 0x2032 },
	{ PCI_VENDOR_ID_INTEL, 0x2033 },
	{ PCI_VENDOR_ID_INTEL, 0x2020 },
	{ PCI_VENDOR_ID_INTEL, 0x09a2 },
	/* Sapphire Rapids: data streaming and in-memory analytics engines */
	{ PCI_VENDOR_ID_INTEL, 0x0b25 },
	{ PCI_VENDOR_ID_INTEL, 0x0cfe },
	/* Granite Rapids-D: data streaming engine */
	{ PCI_VENDOR_ID_INTEL, 0x11fb },
	/* Diamond Rapids: data streaming and in-memory analytics engines */
	{ PCI_VENDOR_ID_INTEL, 0x1212 },
	{ PCI_VENDOR_ID_INTEL, 0x1216 },
	/* QuickAssist 4xxx, 401xx, 402xx, 420xx, 6xxx */
	{ PCI_VENDOR_ID_INTEL, 0x4940 },
	{ PCI_VENDOR_ID_INTEL, 0x4942 },
	{ PCI_VENDOR_ID_INTEL, 0x4944 },
	{ PCI_VENDOR_ID_INTEL, 0x4946 },
	{ PCI_VENDOR_ID_INTEL, 0x4948 },
	/* Google systems on chip */
	{ 0x1ae0, DVP_ANY_DEVICE },
	/* Nvidia CPUs */
	{ PCI_VENDOR_ID_NVIDIA, 0x2f95 },
	{ PCI_VENDOR_ID_NVIDIA, 0x2f96 },
	{ PCI_VENDOR_ID_NVIDIA, 0x2f97 },
	{ PCI_VENDOR_ID_NVIDIA, 0x2f98 },
	{}
};

#define DVP_MAX_EXTRA_HOSTS 16

/* Written once, before the driver is registered. */
static struct dvp_host dvp_extra_hosts[DVP_MAX_EXTRA_HOSTS + 1];

static bool dvp_parse_host(const char *text, struct dvp_host *host)
{
	int end = 0;

	if (sscanf(text, "%4hx:%4x%n", &host->vendor, &host->device, &end) < 2 ||
	    !host->vendor)
		return false;
	host->same_only = !strcmp(text + end, ":same");
	return host->same_only || !text[end];
}

static int dvp_set_extra_hosts(const char *value,
			       const struct kernel_param *kp)
{
	char *copy, *rest, *entry;
	unsigned int n = 0;
	int ret = 0;

	copy = kstrdup(value, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = strim(copy);
	while ((entry = strsep(&rest, ","))) {
		if (n == DVP_MAX_EXTRA_HOSTS ||
		    !dvp_parse_host(entry, &dvp_extra_hosts[n])) {
			pr_err("p2p_host_bridges=%s: bad entry \"%s\"; give at most %u as VVVV:DDDD or VVVV:DDDD:same, in hexadecimal, separated by commas\n",
			       value, entry, DVP_MAX_EXTRA_HOSTS);
			ret = -EINVAL;
			break;
		}
		pr_warn("host bridge %04x:%04x is trusted to forward peer-to-peer%s, because p2p_host_bridges= says so\n",
			dvp_extra_hosts[n].vendor, dvp_extra_hosts[n].device,
			dvp_extra_hosts[n].same_only ? " below itself" : "");
		n++;
	}
	if (!ret)
		add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	kfree(copy);
	return ret;
}

static const struct kernel_param_ops dvp_extra_hosts_ops = {
	.set = dvp_set_extra_hosts,
};

module_param_cb(p2p_host_bridges, &dvp_extra_hosts_ops, NULL, 0);
MODULE_PARM_DESC(p2p_host_bridges, "Host bridges that are trusted to forward peer-to-peer requests though the driver does not know them: VVVV:DDDD[:same],... in hexadecimal, \"same\" meaning only between devices below the same bridge. A wrong entry silently corrupts data");

static const struct dvp_host *dvp_find_host(const struct dvp_host *host,
					    u16 vendor, u16 device)
{
	for (; host->vendor; host++)
		if (host->vendor == vendor &&
		    (host->device == device || host->device == DVP_ANY_DEVICE))
			return host;
	return NULL;
}

/**
 * dvp_p2p_host_forwards() - whether a host bridge forwards between peers
 * @vendor: PCI vendor id of the first function of its root bus
 * @device: PCI device id of that function
 * @same_host_bridge: whether both peers are below it
 *
 * Context: any.
 * Return: true if it is known to, or the user said so.
 */
bool dvp_p2p_host_forwards(u16 vendor, u16 device, bool same_host_bridge)
{
	const struct dvp_host *host;

	host = dvp_find_host(dvp_extra_hosts, vendor, device);
	if (host && (same_host_bridge || !host->same_only))
		return true;
	host = dvp_find_host(dvp_known_hosts, vendor, device);
	return host && (same_host_bridge || !host->same_only);
}
