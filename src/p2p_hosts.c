// SPDX-License-Identifier: GPL-2.0-only
/* p2p_host_bridges=: host bridges that the user trusts to forward. */
#include <linux/moduleparam.h>
#include <linux/pci_ids.h>
#include <linux/string.h>

#include "dvp.h"
#include "p2p.h"

/* As lspci -n shows them: neither shorter nor with a prefix. */
static bool dvp_parse_id(const char *text, u16 *id)
{
	return strspn(text, "0123456789abcdefABCDEF") == 4 &&
	       sscanf(text, "%hx", id) == 1;
}

static bool dvp_parse_host(const char *text, struct compat_p2pdma_host *host)
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

/* The entry that is bad, or NULL. */
static const char *dvp_trust_hosts(char *text)
{
	struct compat_p2pdma_host host;
	char *entry;

	while ((entry = strsep(&text, ","))) {
		if (!dvp_parse_host(entry, &host) ||
		    compat_p2pdma_trust_host(&host))
			return entry;
		pr_warn("host bridge %04x:%04x is trusted to forward peer-to-peer%s, because p2p_host_bridges= says so\n",
			host.vendor, host.device,
			host.same_only ? " below itself" : "");
	}
	return NULL;
}

static int dvp_set_extra_hosts(const char *value,
			       const struct kernel_param *kp)
{
	const char *bad;
	char *copy;

	copy = kstrdup(value, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	bad = dvp_trust_hosts(strim(copy));
	if (bad)
		pr_err("p2p_host_bridges=%s: bad entry \"%s\"; give at most %u as VVVV:DDDD or VVVV:DDDD:same, in hexadecimal, separated by commas\n",
		       value, bad, COMPAT_P2PDMA_TRUSTED);
	kfree(copy);
	if (bad)
		return -EINVAL;
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
	if (compat_p2pdma_distrust_hosts())
		pr_warn("p2p_host_bridges= has no effect, because vfio-pci-core exports and has a list of its own; load with exporter=own\n");
}
