// SPDX-License-Identifier: GPL-2.0-only
/*
 * The path between two PCI functions.  The kernel decides the same question in
 * drivers/pci/p2pdma.c, but exports the answer to no module and, built without
 * PCI_P2PDMA, does not even know it.  Our answer is the newest kernel's for
 * every pair of functions.
 */
#include <linux/pci.h>
#ifdef CONFIG_X86
#include <asm/processor.h>
#endif

#include "dvp.h"
#include "p2p.h"

#define DVP_ACS_REDIRECTS (PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC)

/**
 * struct dvp_path - what was found between two functions
 * @common_bridge: there is a bridge above both
 * @redirecting: names of the functions on the way that redirect peer-to-peer
 *	requests to the host bridge, as many as fit, separated by semicolons as
 *	pci=disable_acs_redir= wants them
 * @len: of @redirecting
 */
struct dvp_path {
	bool common_bridge;
	char redirecting[128];
	int len;
};

/*
 * Administrators clear these bits at run time, so they are read and not
 * remembered.  A function that does not answer reads as all ones, that is as
 * redirecting: that is the safe side.
 */
static void dvp_path_add_acs(struct dvp_path *path, struct pci_dev *pdev)
{
	u16 ctrl;

	if (!pdev->acs_cap)
		return;
	pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CTRL, &ctrl);
	if (!(ctrl & DVP_ACS_REDIRECTS))
		return;
	path->len += scnprintf(path->redirecting + path->len,
			       sizeof(path->redirecting) - path->len, "%s%s",
			       path->len ? ";" : "", pci_name(pdev));
}

/* Whether @pdev is @bridge or below it. */
static bool dvp_is_below(struct pci_dev *pdev, struct pci_dev *bridge)
{
	for (; pdev; pdev = pci_upstream_bridge(pdev))
		if (pdev == bridge)
			return true;
	return false;
}

/*
 * Up from the provider to the first bridge that is above the client, too, then
 * up from the client to the same.  The ends and the common bridge count: a
 * function can redirect what comes out of its own device.  A bridge stays as
 * long as the device below it, so none needs a reference.
 */
static void dvp_path_walk(struct dvp_path *path, struct pci_dev *provider,
			  struct pci_dev *client)
{
	struct pci_dev *up, *top;

	for (top = provider; top; top = pci_upstream_bridge(top)) {
		dvp_path_add_acs(path, top);
		if (dvp_is_below(client, top))
			break;
	}
	if (!top)
		return;
	path->common_bridge = true;
	for (up = client; up != top; up = pci_upstream_bridge(up))
		dvp_path_add_acs(path, up);
}

/* AMD's host bridges forward between peers from the first Zen on. */
static bool dvp_cpu_forwards(void)
{
#ifdef CONFIG_X86
	return boot_cpu_data.x86_vendor == X86_VENDOR_AMD &&
	       boot_cpu_data.x86 >= 0x17;
#else
	return false;
#endif
}

/*
 * A host bridge is known by the first function of its root bus: usually the
 * bridge's own at 00.0, on some platforms a root port.  Another function there
 * tells nothing.  Nobody removes it while a device of the bus is in use.
 */
static struct pci_dev *dvp_host_identity(struct pci_host_bridge *host)
{
	struct pci_dev *root;

	root = list_first_entry_or_null(&host->bus->devices, struct pci_dev,
					bus_list);
	if (root && root->devfn != PCI_DEVFN(0, 0) &&
	    pci_pcie_type(root) != PCI_EXP_TYPE_ROOT_PORT)
		return NULL;
	return root;
}

static bool dvp_host_forwards(struct pci_host_bridge *host, bool same)
{
	struct pci_dev *root = dvp_host_identity(host);

	return root && dvp_p2p_host_forwards(root->vendor, root->device, same);
}

static bool dvp_hosts_forward(struct pci_dev *provider, struct pci_dev *client)
{
	struct pci_host_bridge *a = pci_find_host_bridge(provider->bus);
	struct pci_host_bridge *b = pci_find_host_bridge(client->bus);

	if (dvp_cpu_forwards())
		return true;
	if (a == b)
		return dvp_host_forwards(a, true);
	return dvp_host_forwards(a, false) && dvp_host_forwards(b, false);
}

/* Returns the length, as scnprintf() does. */
static int dvp_describe_host(char *text, size_t size,
			     struct pci_host_bridge *host)
{
	struct pci_dev *root = dvp_host_identity(host);

	if (!root)
		return scnprintf(text, size, "%s", dev_name(&host->dev));
	return scnprintf(text, size, "%04x:%04x (%s)", root->vendor,
			 root->device, pci_name(root));
}

/* The host bridges that somebody would have to vouch for. */
static void dvp_describe_hosts(char *text, size_t size,
			       struct pci_dev *provider, struct pci_dev *client)
{
	struct pci_host_bridge *from = pci_find_host_bridge(client->bus);
	struct pci_host_bridge *to = pci_find_host_bridge(provider->bus);
	int len;

	len = dvp_describe_host(text, size, from);
	if (from == to)
		return;
	len += scnprintf(text + len, size - len, " and ");
	dvp_describe_host(text + len, size - len, to);
}

/* One line that says why, and what would change it. */
static void dvp_explain(struct pci_dev *provider, struct pci_dev *client,
			const struct dvp_path *path)
{
	char hosts[80];

	dvp_describe_hosts(hosts, sizeof(hosts), provider, client);
	if (path->common_bridge)
		dev_warn_ratelimited(&provider->dev,
				     "no peer-to-peer path from %s: ACS of %s redirects it to host bridge %s, not known to forward it; boot with pci=disable_acs_redir=%s if the devices need no isolation from each other\n",
				     pci_name(client), path->redirecting, hosts,
				     path->redirecting);
	else
		dev_warn_ratelimited(&provider->dev,
				     "no peer-to-peer path from %s: it leads through host bridge %s, not known to forward it; put both devices below one PCIe switch or, if the platform is known to do it right, load with p2p_host_bridges= and these ids (a wrong entry corrupts data)\n",
				     pci_name(client), hosts);
}

static struct pci_dev *dvp_nearest_pci(struct device *dev)
{
	for (; dev; dev = dev->parent)
		if (dev_is_pci(dev))
			return to_pci_dev(dev);
	return NULL;
}

/**
 * dvp_p2p_map_type() - decide how an importer reaches the provider's memory
 * @provider: PCI function that has the memory
 * @importer: device that wants to reach it; stands for its nearest PCI parent
 *
 * A refusal is explained in the kernel log.
 *
 * Context: may sleep, reads config space.  The caller keeps both devices.
 * Return: the map type.
 */
enum dvp_map_type dvp_p2p_map_type(struct pci_dev *provider,
				   struct device *importer)
{
	struct pci_dev *client = dvp_nearest_pci(importer);
	struct dvp_path path = {};

	if (!client) {
		dev_warn_ratelimited(&provider->dev,
				     "no peer-to-peer path from %s: it is not a PCI device nor below one\n",
				     dev_name(importer));
		return DVP_MAP_NOT_SUPPORTED;
	}

	dvp_path_walk(&path, provider, client);
	if (path.common_bridge && !path.len)
		return DVP_MAP_BUS_ADDR;
	if (dvp_hosts_forward(provider, client))
		return DVP_MAP_THRU_HOST_BRIDGE;
	dvp_explain(provider, client, &path);
	return DVP_MAP_NOT_SUPPORTED;
}
