// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host bridges that forward requests between the devices below them, each known
 * by the first function of its root bus.
 */
#include <linux/moduleparam.h>
#include <linux/pci_ids.h>
#include <linux/string.h>

#include "dvp.h"
#include "p2p.h"

#define DVP_ANY_DEVICE U32_MAX

static const struct dvp_host dvp_known_hosts[] = {
#include "p2p_known_hosts.inc"
	{}
};

#define DVP_MAX_EXTRA_HOSTS 16

/* Written once, before the driver is registered. */
static struct dvp_host dvp_extra_hosts[DVP_MAX_EXTRA_HOSTS + 1];

/* As lspci -n shows them: neither shorter nor with a prefix. */
static bool dvp_parse_id(const char *text, u16 *id)
{
	return strspn(text, "0123456789abcdefABCDEF") == 4 &&
	       sscanf(text, "%hx", id) == 1;
}

static bool dvp_parse_host(const char *text, struct dvp_host *host)
{
	u16 device;

	if (!dvp_parse_id(text, &host->vendor) || text[4] != ':' ||
	    !dvp_parse_id(text + 5, &device))
		return false;
	host->device = device;
	host->same_only = !strcmp(text + 9, ":same");
	host->name = "trusted by p2p_host_bridges=";
	/* These two are what no device has. */
	return host->vendor && host->vendor != 0xffff &&
	       (host->same_only || !text[9]);
}

/* Fills in @hosts up to an empty one; returns the entry that is bad, or NULL. */
static const char *dvp_parse_hosts(char *text, struct dvp_host *hosts)
{
	unsigned int n = 0;
	char *entry;

	while ((entry = strsep(&text, ",")))
		if (n == DVP_MAX_EXTRA_HOSTS ||
		    !dvp_parse_host(entry, &hosts[n++]))
			return entry;
	hosts[n] = (struct dvp_host) {};
	return NULL;
}

static int dvp_set_extra_hosts(const char *value,
			       const struct kernel_param *kp)
{
	const struct dvp_host *host;
	const char *bad;
	char *copy;

	copy = kstrdup(value, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	bad = dvp_parse_hosts(strim(copy), dvp_extra_hosts);
	if (bad)
		pr_err("p2p_host_bridges=%s: bad entry \"%s\"; give at most %u as VVVV:DDDD or VVVV:DDDD:same, in hexadecimal, separated by commas\n",
		       value, bad, DVP_MAX_EXTRA_HOSTS);
	kfree(copy);
	if (bad)
		return -EINVAL;

	for (host = dvp_extra_hosts; host->vendor; host++)
		pr_warn("host bridge %04x:%04x is trusted to forward peer-to-peer%s, because p2p_host_bridges= says so\n",
			host->vendor, host->device,
			host->same_only ? " below itself" : "");
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	return 0;
}

static const struct kernel_param_ops dvp_extra_hosts_ops = {
	.set = dvp_set_extra_hosts,
};

module_param_cb(p2p_host_bridges, &dvp_extra_hosts_ops, NULL, 0);
MODULE_PARM_DESC(p2p_host_bridges, "Host bridges that are trusted to forward peer-to-peer requests though the driver does not know them: VVVV:DDDD[:same],... in hexadecimal, \"same\" meaning only between devices below the same bridge. A wrong entry silently corrupts data");

/**
 * dvp_p2p_drop_extra_hosts() - p2p_host_bridges= does not count
 *
 * For an exporter that does not ask us; before the driver is registered.
 *
 * Context: any.
 */
void dvp_p2p_drop_extra_hosts(void)
{
	if (!dvp_extra_hosts[0].vendor)
		return;
	dvp_extra_hosts[0] = (struct dvp_host) {};
	pr_warn("p2p_host_bridges= has no effect, because vfio-pci-core exports and has a list of its own; load with exporter=own\n");
}

static const struct dvp_host *dvp_search(const struct dvp_host *host, u16 vendor,
					 u16 device)
{
	for (; host->vendor; host++)
		if (host->vendor == vendor &&
		    (host->device == device || host->device == DVP_ANY_DEVICE))
			return host;
	return NULL;
}

/**
 * dvp_p2p_find_host() - what is known of a host bridge
 * @vendor: PCI vendor id of the function it is known by
 * @device: PCI device id of that function
 *
 * Context: any.
 * Return: the entry if it forwards between peers, as is known, or as the user
 * says, who can add trust but not take it; else NULL.
 */
const struct dvp_host *dvp_p2p_find_host(u16 vendor, u16 device)
{
	const struct dvp_host *known = dvp_search(dvp_known_hosts, vendor,
						  device);
	const struct dvp_host *extra = dvp_search(dvp_extra_hosts, vendor,
						  device);

	return extra && (!known || known->same_only) ? extra : known;
}
