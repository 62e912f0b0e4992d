// SPDX-License-Identifier: GPL-2.0-only
/*
 * The path between two PCI functions, decided as drivers/pci/p2pdma.c of Linux 7.3
 * does.  The kernel does not export its own decision to modules, and lacks it without
 * CONFIG_PCI_P2PDMA.  The test suite "route" compares both.
 */
#include <linux/pci.h>
#include <linux/string.h>
#ifdef CONFIG_X86
#include <asm/processor.h>
#endif

#include "compat/pci_p2pdma.h"

#define COMPAT_P2PDMA_ANY_DEVICE U32_MAX

/* The first function of its root bus identifies a host bridge. */
static const struct compat_p2pdma_host compat_known_hosts[] = {
#include "pci_p2pdma_hosts.inc"
	{}
};

static struct compat_p2pdma_host
compat_trusted_hosts[COMPAT_P2PDMA_TRUSTED + 1] __ro_after_init;

/*
 * The bits are read each time, because administrators clear them at run time.  A
 * function that does not respond reads as all ones and counts as redirecting,
 * which is safe.
 */
static bool compat_acs_enables(struct pci_dev *pdev, u16 bits)
{
	u16 ctrl;

	if (!pdev->acs_cap)
		return false;
	pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CTRL, &ctrl);
	return ctrl & bits;
}

/* Note a function if its ACS enables one of @bits. */
static void compat_path_pass(struct compat_p2pdma_path *path,
			     struct pci_dev *pdev, u16 bits)
{
	if (!compat_acs_enables(pdev, bits))
		return;
	if (path->nr_redirecting < COMPAT_P2PDMA_NAMED)
		path->redirecting[path->nr_redirecting] = pdev;
	path->nr_redirecting++;
}

/* Count the functions from @pdev up to the root bus, @pdev included. */
static unsigned int compat_depth(struct pci_dev *pdev)
{
	unsigned int depth;

	for (depth = 0; pdev; depth++)
		pdev = pci_upstream_bridge(pdev);
	return depth;
}

/*
 * Find the lowest function that both ends are or are below, or NULL.  No reference
 * is needed: a function keeps its bus, and a bus keeps the bridge above it.
 */
static void compat_path_meet(struct compat_p2pdma_path *path)
{
	struct pci_dev *up = path->provider, *down = path->client;
	unsigned int above = compat_depth(up), below = compat_depth(down);

	path->distance = above + below;
	for (; above > below; above--)
		up = pci_upstream_bridge(up);
	for (; below > above; below--)
		down = pci_upstream_bridge(down);
	for (; up != down; above--) {
		up = pci_upstream_bridge(up);
		down = pci_upstream_bridge(down);
	}
	path->common = up;
	path->distance -= 2 * above;
}

/*
 * The ACS rule: which functions count, and which of their bits.  Only this
 * function has to change with the kernel's rule; the test suite "route" compares
 * them.
 *
 * This is the rule up to Linux 7.3: any redirecting bit of any function on the
 * path.  The ends and the common bridge count, too: a function can redirect what
 * its own device sends.
 *
 * Newer sources count only the two ports below the common bridge where the path
 * branches: Request Redirect and Egress Control of the client's port, Completion
 * Redirect of the provider's.  A port whose ACS cannot be read makes the path
 * unsupported there; here it counts as redirecting.
 */
static void compat_path_look(struct compat_p2pdma_path *path)
{
	const u16 redirects = PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC;
	struct pci_dev *pdev;

	for (pdev = path->provider; pdev != path->common;
	     pdev = pci_upstream_bridge(pdev))
		compat_path_pass(path, pdev, redirects);
	compat_path_pass(path, path->common, redirects);
	for (pdev = path->client; pdev != path->common;
	     pdev = pci_upstream_bridge(pdev))
		compat_path_pass(path, pdev, redirects);
}

/* AMD's host bridges forward between peers since the first Zen. */
static bool compat_cpu_forwards(void)
{
#ifdef CONFIG_X86
	return boot_cpu_data.x86_vendor == X86_VENDOR_AMD &&
	       boot_cpu_data.x86 >= 0x17;
#else
	return false;
#endif
}

/**
 * compat_p2pdma_trust_hosts() - trust host bridges besides the known ones
 * @hosts: what identifies them; replaces the ones that were trusted before
 * @count: number of @hosts, at most COMPAT_P2PDMA_TRUSTED; 0 for none
 *
 * The known host bridges stay trusted.
 *
 * Context: while the module is being loaded; the table is read-only afterwards.
 * Return: whether any were trusted before.
 */
bool compat_p2pdma_trust_hosts(const struct compat_p2pdma_host *hosts,
			       unsigned int count)
{
	bool any = compat_trusted_hosts[0].vendor;

	memset(compat_trusted_hosts, 0, sizeof(compat_trusted_hosts));
	if (count)
		memcpy(compat_trusted_hosts, hosts, count * sizeof(*hosts));
	return any;
}

static const struct compat_p2pdma_host *
compat_search(const struct compat_p2pdma_host *host, u16 vendor, u16 device)
{
	for (; host->vendor; host++)
		if (host->vendor == vendor &&
		    (host->device == device ||
		     host->device == COMPAT_P2PDMA_ANY_DEVICE))
			return host;
	return NULL;
}

static const struct compat_p2pdma_host *
compat_p2pdma_find_host(u16 vendor, u16 device)
{
	const struct compat_p2pdma_host *known, *trusted;

	known = compat_search(compat_known_hosts, vendor, device);
	trusted = compat_search(compat_trusted_hosts, vendor, device);
	return trusted && (!known || known->same_only) ? trusted : known;
}

static int compat_is_on_bus(struct device *dev, const void *bus)
{
	return to_pci_dev(dev)->bus == bus;
}

/*
 * The first function of the root bus is usually the host bridge's own at 00.0,
 * on some platforms a root port.  Any other function does not identify it.
 *
 * Search the PCI core's list of all functions: it has the functions of a bus in
 * the same order as the bus's own list.  That list's lock must not be taken here:
 * the PCI core holds it when it reports an error, which waits for our locks.
 */
static void compat_identify_host(struct compat_p2pdma_bridge *host)
{
	struct pci_dev *first;
	struct device *dev;

	dev = bus_find_device(&pci_bus_type, NULL, host->bridge->bus,
			      compat_is_on_bus);
	if (!dev)
		return;
	first = to_pci_dev(dev);
	if (first->devfn == PCI_DEVFN(0, 0) ||
	    pci_pcie_type(first) == PCI_EXP_TYPE_ROOT_PORT) {
		host->vendor = first->vendor;
		host->device = first->device;
		host->devfn = first->devfn;
		host->known = compat_p2pdma_find_host(first->vendor, first->device);
	}
	put_device(dev);
}

static void compat_path_pass_host(struct compat_p2pdma_path *path, struct pci_dev *pdev)
{
	struct pci_host_bridge *bridge = pci_find_host_bridge(pdev->bus);
	struct compat_p2pdma_bridge *host = &path->hosts[path->nr_hosts];

	if (path->nr_hosts && host[-1].bridge == bridge)
		return;
	*host = (struct compat_p2pdma_bridge) { .bridge = bridge };
	if (!path->cpu_forwards)
		compat_identify_host(host);
	path->nr_hosts++;
}

/**
 * compat_p2pdma_bridge_forwards() - whether a host bridge of a path forwards
 * @path: path
 * @i: index of the host bridge
 *
 * Context: any.
 * Return: true if it is known to forward.
 */
bool compat_p2pdma_bridge_forwards(const struct compat_p2pdma_path *path, unsigned int i)
{
	const struct compat_p2pdma_host *known = path->hosts[i].known;

	return path->cpu_forwards ||
	       (known && (!known->same_only || path->nr_hosts == 1));
}

static bool compat_hosts_forward(const struct compat_p2pdma_path *path)
{
	unsigned int i;

	for (i = 0; i < path->nr_hosts; i++)
		if (!compat_p2pdma_bridge_forwards(path, i))
			return false;
	return true;
}

/**
 * compat_p2pdma_find_path() - find the path from a client to a provider's memory
 * @path: gets the path
 * @provider: PCI function that has the memory
 * @client: PCI function that wants to reach it
 *
 * Context: may sleep; reads config space.  The caller must keep both functions.
 */
void compat_p2pdma_find_path(struct compat_p2pdma_path *path,
			     struct pci_dev *provider, struct pci_dev *client)
{
	path->provider = provider;
	path->client = client;
	path->nr_redirecting = 0;
	path->cpu_forwards = compat_cpu_forwards();
	path->nr_hosts = 0;
	compat_path_meet(path);
	/* Without a common bridge it goes through host bridges anyway. */
	if (path->common)
		compat_path_look(path);
	if (path->common && !path->nr_redirecting) {
		path->type = PCI_P2PDMA_MAP_BUS_ADDR;
		return;
	}
	compat_path_pass_host(path, client);
	compat_path_pass_host(path, provider);
	path->type = compat_hosts_forward(path) ? PCI_P2PDMA_MAP_THRU_HOST_BRIDGE :
						 PCI_P2PDMA_MAP_NOT_SUPPORTED;
}
