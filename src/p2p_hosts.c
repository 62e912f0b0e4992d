// SPDX-License-Identifier: GPL-2.0-only
/* p2p_host_bridges=: host bridges that the user trusts to forward. */
#include <linux/moduleparam.h>
#include <linux/pci_ids.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/pci_p2pdma.h"
#include "dvp.h"

/* Ids have four digits, as lspci -n shows them, without a prefix. */
static bool dvp_parse_host(const char *text, struct compat_p2pdma_host *host)
{
	const char *digits = "0123456789abcdefABCDEF";
	u16 device;

	if (strspn(text, digits) != 4 || text[4] != ':' ||
	    strspn(text + 5, digits) != 4 ||
	    sscanf(text, "%hx:%hx", &host->vendor, &device) != 2)
		return false;
	host->device = device;
	host->same_only = !strcmp(text + 9, ":same");
	host->name = "trusted by p2p_host_bridges=";
	/* No device has these two vendor ids. */
	return host->vendor && host->vendor != 0xffff &&
	       (host->same_only || !text[9]);
}

/* All of them or none: a list with an error leaves everything as it was. */
static int dvp_trust_hosts(const char *value, char *text,
			   struct compat_p2pdma_host *hosts)
{
	unsigned int count, i;
	const char *entry;

	text = strim(text);
	for (count = 0; (entry = strsep(&text, ",")); count++) {
		if (count == COMPAT_P2PDMA_TRUSTED ||
		    !dvp_parse_host(entry, &hosts[count])) {
			pr_err("p2p_host_bridges=%s: bad entry \"%s\"; give at most %u as VVVV:DDDD or VVVV:DDDD:same, in hexadecimal, separated by commas\n",
			       value, entry, COMPAT_P2PDMA_TRUSTED);
			return -EINVAL;
		}
	}
	compat_p2pdma_trust_hosts(hosts, count);
	for (i = 0; i < count; i++)
		pr_warn("host bridge %04x:%04x is trusted to forward peer-to-peer%s, because p2p_host_bridges= says so\n",
			hosts[i].vendor, hosts[i].device,
			hosts[i].same_only ? " below itself" : "");
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	return 0;
}

static int dvp_set_extra_hosts(const char *value,
			       const struct kernel_param *kp)
{
	struct compat_p2pdma_host *hosts;
	int ret = -ENOMEM;
	char *text;

	hosts = kcalloc(COMPAT_P2PDMA_TRUSTED, sizeof(*hosts), GFP_KERNEL);
	text = kstrdup(value, GFP_KERNEL);
	if (hosts && text)
		ret = dvp_trust_hosts(value, text, hosts);
	kfree(text);
	kfree(hosts);
	return ret;
}

static const struct kernel_param_ops dvp_extra_hosts_ops = {
	.set = dvp_set_extra_hosts,
};

module_param_cb(p2p_host_bridges, &dvp_extra_hosts_ops, NULL, 0);
MODULE_PARM_DESC(p2p_host_bridges, "Host bridges that are trusted to forward peer-to-peer requests though the driver does not know them: VVVV:DDDD[:same],... in hexadecimal, \"same\" meaning only between devices below the same bridge. A wrong entry silently corrupts data");

/**
 * dvp_p2p_drop_extra_hosts() - ignore p2p_host_bridges=, and say so
 *
 * For the in-tree exporter, which has a list of its own.
 *
 * Context: while the module is being loaded.
 */
void dvp_p2p_drop_extra_hosts(void)
{
	if (compat_p2pdma_trust_hosts(NULL, 0))
		pr_warn("p2p_host_bridges= has no effect, because vfio-pci-core exports and has a list of its own; load with exporter=own\n");
}
