// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's decision on a pair of PCI functions next to the kernel's own.
 * The driver's is compiled in from its sources, because it tells of the devices
 * that it is bound to, and the question is about all functions.
 */
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/resource_ext.h>

#include "importer.h"

#include "../../compat/pci_p2pdma.c"
#include "../../src/p2p_hosts.c"

/* One at a time may play with the CPU. */
static DEFINE_MUTEX(cpu_lock);

/**
 * struct cpu_id - by what both decisions know a CPU
 * @vendor: X86_VENDOR_*
 * @family: of the CPU
 */
struct cpu_id {
	u8 vendor;
	u8 family;
};

#ifdef CONFIG_X86
static struct cpu_id real_cpu(void)
{
	return (struct cpu_id) {
		boot_cpu_data.x86_vendor, boot_cpu_data.x86
	};
}

static void set_cpu(struct cpu_id id)
{
	boot_cpu_data.x86_vendor = id.vendor;
	boot_cpu_data.x86 = id.family;
	cpu_data(0).x86_vendor = id.vendor;
	cpu_data(0).x86 = id.family;
}

static struct cpu_id wanted_cpu(const struct dvp_importer_routes *arg,
				struct cpu_id real)
{
	switch (arg->cpu) {
	case DVP_IMPORTER_CPU_INTEL:
		return (struct cpu_id) { X86_VENDOR_INTEL, arg->family };
	case DVP_IMPORTER_CPU_AMD:
		return (struct cpu_id) { X86_VENDOR_AMD, arg->family };
	case DVP_IMPORTER_CPU_HYGON:
		return (struct cpu_id) { X86_VENDOR_HYGON, arg->family };
	default:
		return real;
	}
}
#else
/* Elsewhere no decision depends on the CPU. */
static struct cpu_id real_cpu(void)
{
	return (struct cpu_id) { 0, 0 };
}

static void set_cpu(struct cpu_id id)
{
}

static struct cpu_id wanted_cpu(const struct dvp_importer_routes *arg,
				struct cpu_id real)
{
	return real;
}
#endif

static struct pci_dev *get_function(const struct dvp_importer_function *arg)
{
	return pci_get_domain_bus_and_slot(arg->domain, arg->bus, arg->devfn);
}

static u32 path_number(enum pci_p2pdma_map_type type)
{
	switch (type) {
	case PCI_P2PDMA_MAP_BUS_ADDR:
		return DVP_IMPORTER_BUS_ADDR;
	case PCI_P2PDMA_MAP_THRU_HOST_BRIDGE:
		return DVP_IMPORTER_THRU_HOST_BRIDGE;
	default:
		return DVP_IMPORTER_NO_PATH;
	}
}

static void ask(struct dvp_importer_route *arg, struct pci_dev *provider,
		struct pci_dev *client)
{
	struct device *clients[] = { &client->dev };
	struct compat_p2pdma_path path;

	compat_p2pdma_find_path(&path, provider, client);
	arg->client.domain = pci_domain_nr(client->bus);
	arg->client.bus = client->bus->number;
	arg->client.devfn = client->devfn;
	arg->path = path_number(path.type);
	arg->distance = path.distance;
	arg->kernel_distance = pci_p2pdma_distance_many(provider, clients, 1,
							false);
}

/**
 * dvp_route_ask() - ask about the paths from all functions to one
 * @arg: which one; gets the number of functions
 * @routes: gets the answers, up to the capacity
 *
 * Context: may sleep.
 * Return: 0, or -ENODEV if there is no such function.
 */
int dvp_route_ask(struct dvp_importer_routes *arg,
		  struct dvp_importer_route *routes)
{
	const struct cpu_id real = real_cpu();
	struct pci_dev *provider = get_function(&arg->provider);
	struct pci_dev *client = NULL;

	if (!provider)
		return -ENODEV;
	arg->count = 0;
	arg->kernel_knows = IS_ENABLED(CONFIG_PCI_P2PDMA);
	mutex_lock(&cpu_lock);
	set_cpu(wanted_cpu(arg, real));
	for_each_pci_dev(client) {
		if (arg->count < arg->capacity)
			ask(&routes[arg->count], provider, client);
		arg->count++;
	}
	set_cpu(real);
	mutex_unlock(&cpu_lock);
	pci_dev_put(provider);
	return 0;
}

/**
 * dvp_route_move_window() - pretend that a host bridge translates addresses
 * @arg: which, and by how much
 *
 * Context: may sleep.
 * Return: 0, or -ENODEV if there is no such function.
 */
int dvp_route_move_window(const struct dvp_importer_window *arg)
{
	struct pci_dev *pdev = get_function(&arg->function);
	struct resource_entry *window;

	if (!pdev)
		return -ENODEV;
	resource_list_for_each_entry(window,
				     &pci_find_host_bridge(pdev->bus)->windows)
		if (resource_type(window->res) == IORESOURCE_MEM)
			window->offset = arg->offset;
	pci_dev_put(pdev);
	return 0;
}
