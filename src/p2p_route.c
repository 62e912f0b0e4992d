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

#include "p2p.h"

#define DVP_ACS_REDIRECTS (PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC)

/*
 * Administrators clear these bits at run time, so they are read and not
 * remembered.  A function that does not answer reads as all ones, that is as
 * redirecting: that is the safe side.
 */
static bool dvp_redirects(struct pci_dev *pdev)
{
	u16 ctrl;

	if (!pdev->acs_cap)
		return false;
	pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CTRL, &ctrl);
	return ctrl & DVP_ACS_REDIRECTS;
}

static void dvp_route_pass(struct dvp_route *route, struct pci_dev *pdev)
{
	if (!dvp_redirects(pdev))
		return;
	if (route->nr_redirecting < DVP_MAX_NAMED)
		route->redirecting[route->nr_redirecting] = pdev;
	route->nr_redirecting++;
}

/* How many functions there are from one up to the root bus, itself included. */
static unsigned int dvp_depth(struct pci_dev *pdev)
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
static void dvp_route_meet(struct dvp_route *route)
{
	struct pci_dev *up = route->provider, *down = route->client;
	unsigned int above = dvp_depth(up), below = dvp_depth(down);

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
static void dvp_route_look(struct dvp_route *route)
{
	struct pci_dev *pdev;

	for (pdev = route->provider; pdev != route->common;
	     pdev = pci_upstream_bridge(pdev))
		dvp_route_pass(route, pdev);
	dvp_route_pass(route, route->common);
	for (pdev = route->client; pdev != route->common;
	     pdev = pci_upstream_bridge(pdev))
		dvp_route_pass(route, pdev);
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

static int dvp_is_on_bus(struct device *dev, const void *bus)
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
static void dvp_identify_host(struct dvp_route_host *host)
{
	struct pci_dev *first;
	struct device *dev;

	dev = bus_find_device(&pci_bus_type, NULL, host->bridge->bus,
			      dvp_is_on_bus);
	if (!dev)
		return;
	first = to_pci_dev(dev);
	if (first->devfn == PCI_DEVFN(0, 0) ||
	    pci_pcie_type(first) == PCI_EXP_TYPE_ROOT_PORT) {
		host->vendor = first->vendor;
		host->device = first->device;
		host->devfn = first->devfn;
		host->known = dvp_p2p_find_host(first->vendor, first->device);
	}
	put_device(dev);
}

static void dvp_route_pass_host(struct dvp_route *route, struct pci_dev *pdev)
{
	struct pci_host_bridge *bridge = pci_find_host_bridge(pdev->bus);
	struct dvp_route_host *host = &route->hosts[route->nr_hosts];

	if (route->nr_hosts && host[-1].bridge == bridge)
		return;
	*host = (struct dvp_route_host) { .bridge = bridge };
	if (!route->cpu_forwards)
		dvp_identify_host(host);
	route->nr_hosts++;
}

/**
 * dvp_route_host_forwards() - whether a host bridge passes this on
 * @route: route
 * @i: index of the host bridge
 *
 * Context: any.
 * Return: true if it is known to.
 */
bool dvp_route_host_forwards(const struct dvp_route *route, unsigned int i)
{
	const struct dvp_host *known = route->hosts[i].known;

	return route->cpu_forwards ||
	       (known && (!known->same_only || route->nr_hosts == 1));
}

static bool dvp_hosts_forward(const struct dvp_route *route)
{
	unsigned int i;

	for (i = 0; i < route->nr_hosts; i++)
		if (!dvp_route_host_forwards(route, i))
			return false;
	return true;
}

/**
 * dvp_route_find() - find the way from a client to a provider's memory
 * @route: what was found; filled in
 * @provider: PCI function that has the memory
 * @client: PCI function that wants to reach it
 *
 * Context: may sleep; reads config space.  The caller keeps both functions.
 */
void dvp_route_find(struct dvp_route *route, struct pci_dev *provider,
		    struct pci_dev *client)
{
	route->provider = provider;
	route->client = client;
	route->nr_redirecting = 0;
	route->cpu_forwards = dvp_cpu_forwards();
	route->nr_hosts = 0;
	dvp_route_meet(route);
	/* Without a common bridge it goes up in any case. */
	if (route->common)
		dvp_route_look(route);
	if (route->common && !route->nr_redirecting) {
		route->type = DVP_MAP_BUS_ADDR;
		return;
	}
	dvp_route_pass_host(route, client);
	dvp_route_pass_host(route, provider);
	route->type = dvp_hosts_forward(route) ? DVP_MAP_THRU_HOST_BRIDGE :
						 DVP_MAP_NOT_SUPPORTED;
}
