// SPDX-License-Identifier: GPL-2.0-only
/*
 * The path between two PCI functions.  The kernel decides the same question in
 * drivers/pci/p2pdma.c, but exports the answer to no module and, built without
 * PCI_P2PDMA, does not even know it.  Our answer is the newest kernel's for
 * every pair of functions: the test suite "route" compares them.
 */
#include <linux/pci.h>
#ifdef CONFIG_X86
#include <asm/processor.h>
#endif

#include "compat/pci_p2pdma.h"

#define COMPAT_P2PDMA_ANY_DEVICE U32_MAX

/* Each is known by the first function of its root bus. */
static const struct compat_p2pdma_host compat_known_hosts[] = {
#include "pci_p2pdma_hosts.inc"
	{}
};

static struct compat_p2pdma_host compat_trusted_hosts[COMPAT_P2PDMA_TRUSTED + 1];

#define DVP_ACS_REDIRECTS (PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC)

/*
 * Administrators clear these bits at run time, so they are read and not
 * remembered.  A function that does not answer reads as all ones, that is as
 * redirecting: that is the safe side.
 */
static bool compat_redirects(struct pci_dev *pdev)
{
	u16 ctrl;

	if (!pdev->acs_cap)
		return false;
	pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CTRL, &ctrl);
	return ctrl & DVP_ACS_REDIRECTS;
}

static void compat_route_pass(struct compat_p2pdma_path *route, struct pci_dev *pdev)
{
	if (!compat_redirects(pdev))
		return;
	if (route->nr_redirecting < COMPAT_P2PDMA_NAMED)
		route->redirecting[route->nr_redirecting] = pdev;
	route->nr_redirecting++;
}

/* How many functions there are from one up to the root bus, itself included. */
static unsigned int compat_depth(struct pci_dev *pdev)
{
	unsigned int depth;

	for (depth = 0; pdev; depth++)
		pdev = pci_upstream_bridge(pdev);
	return depth;
}

/*
 * The lowest function that both are or are below; NULL without one.  A function
 * keeps its bus, and the bus the bridge above it, so none needs a reference.
 */
static void compat_route_meet(struct compat_p2pdma_path *route)
{
	struct pci_dev *up = route->provider, *down = route->client;
	unsigned int above = compat_depth(up), below = compat_depth(down);

	route->distance = above + below;
	for (; above > below; above--)
		up = pci_upstream_bridge(up);
	for (; below > above; below--)
		down = pci_upstream_bridge(down);
	for (; up != down; above--) {
		up = pci_upstream_bridge(up);
		down = pci_upstream_bridge(down);
	}
	route->common = up;
	route->distance -= 2 * above;
}

/*
 * The ends and the common bridge count, too: a function can redirect what comes
 * out of its own device.
 */
static void compat_route_look(struct compat_p2pdma_path *route)
{
	struct pci_dev *pdev;

	for (pdev = route->provider; pdev != route->common;
	     pdev = pci_upstream_bridge(pdev))
		compat_route_pass(route, pdev);
	compat_route_pass(route, route->common);
	for (pdev = route->client; pdev != route->common;
	     pdev = pci_upstream_bridge(pdev))
		compat_route_pass(route, pdev);
}

/* AMD's host bridges forward between peers from the first Zen on. */
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
 * compat_p2pdma_trust_host() - count a host bridge among those that forward
 * @host: what it is known by; adds trust, and takes none away
 *
 * Context: any, before the first path is looked for.
 * Return: 0, or -ENOSPC after COMPAT_P2PDMA_TRUSTED of them.
 */
int compat_p2pdma_trust_host(const struct compat_p2pdma_host *host)
{
	unsigned int i;

	for (i = 0; i < COMPAT_P2PDMA_TRUSTED; i++) {
		if (compat_trusted_hosts[i].vendor)
			continue;
		compat_trusted_hosts[i] = *host;
		return 0;
	}
	return -ENOSPC;
}

/**
 * compat_p2pdma_distrust_hosts() - take back all of that
 *
 * Context: any, before the first path is looked for.
 * Return: true if there was any.
 */
bool compat_p2pdma_distrust_hosts(void)
{
	bool any = compat_trusted_hosts[0].vendor;

	compat_trusted_hosts[0] = (struct compat_p2pdma_host) {};
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
 * A host bridge is known by the first function of its root bus: usually the
 * bridge's own at 00.0, on some platforms a root port.  Another function there
 * tells nothing.
 *
 * The PCI core's list of all functions has those of a bus in the order of the
 * bus's own list, whose lock must not be taken here: a PCI error is reported
 * with it held, and then waits for our locks.
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

static void compat_route_pass_host(struct compat_p2pdma_path *route, struct pci_dev *pdev)
{
	struct pci_host_bridge *bridge = pci_find_host_bridge(pdev->bus);
	struct compat_p2pdma_bridge *host = &route->hosts[route->nr_hosts];

	if (route->nr_hosts && host[-1].bridge == bridge)
		return;
	*host = (struct compat_p2pdma_bridge) { .bridge = bridge };
	if (!route->cpu_forwards)
		compat_identify_host(host);
	route->nr_hosts++;
}

/**
 * compat_p2pdma_bridge_forwards() - whether a host bridge passes this on
 * @route: route
 * @i: index of the host bridge
 *
 * Context: any.
 * Return: true if it is known to.
 */
bool compat_p2pdma_bridge_forwards(const struct compat_p2pdma_path *route, unsigned int i)
{
	const struct compat_p2pdma_host *known = route->hosts[i].known;

	return route->cpu_forwards ||
	       (known && (!known->same_only || route->nr_hosts == 1));
}

static bool compat_hosts_forward(const struct compat_p2pdma_path *route)
{
	unsigned int i;

	for (i = 0; i < route->nr_hosts; i++)
		if (!compat_p2pdma_bridge_forwards(route, i))
			return false;
	return true;
}

/**
 * compat_p2pdma_find_path() - find the way from a client to a provider's memory
 * @route: what was found; filled in
 * @provider: PCI function that has the memory
 * @client: PCI function that wants to reach it
 *
 * Context: may sleep; reads config space.  The caller keeps both functions.
 */
void compat_p2pdma_find_path(struct compat_p2pdma_path *route, struct pci_dev *provider,
		    struct pci_dev *client)
{
	route->provider = provider;
	route->client = client;
	route->nr_redirecting = 0;
	route->cpu_forwards = compat_cpu_forwards();
	route->nr_hosts = 0;
	compat_route_meet(route);
	/* Without a common bridge it goes up in any case. */
	if (route->common)
		compat_route_look(route);
	if (route->common && !route->nr_redirecting) {
		route->type = PCI_P2PDMA_MAP_BUS_ADDR;
		return;
	}
	compat_route_pass_host(route, client);
	compat_route_pass_host(route, provider);
	route->type = compat_hosts_forward(route) ? PCI_P2PDMA_MAP_THRU_HOST_BRIDGE :
						 PCI_P2PDMA_MAP_NOT_SUPPORTED;
}
