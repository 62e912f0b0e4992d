// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "ways.h"

static void check_port(struct facts *facts, const struct function *port)
{
	if (port->has_acs == NO)
		fact_add(facts, OK, port->bdf,
			 text("on the way, without ACS"), NULL);
	else if (port->redirects == UNKNOWN)
		fact_add(facts, WARNING, port->bdf,
			 text("on the way, its ACS cannot be read"),
			 text("ask as root"));
	else if (port->redirects == NO)
		fact_add(facts, OK, port->bdf,
			 text("on the way, its ACS does not redirect"), NULL);
	else
		fact_add(facts, OK, port->bdf,
			 text("on the way, its ACS redirects to the host bridge"),
			 NULL);
}

/* What is on the way up from a function, to what both are below. */
static void check_climb(struct facts *facts, const struct function *from,
			const struct function *top)
{
	for (; from && from != top; from = from->parent)
		check_port(facts, from);
}

static void check_host(struct facts *facts, const struct machine *machine,
		       const struct route *route, unsigned int i)
{
	const struct host *host = route->hosts[i];
	const char *name = machine->cpu_forwards ? "AMD, Zen or later" :
			   host->entry ? host->entry->name : "unknown";

	switch (route_host_forwards(route, machine, i)) {
	case YES:
		fact_add(facts, OK, host->name,
			 text("this host bridge forwards (%s)", name), NULL);
		break;
	case UNKNOWN:
		fact_add(facts, WARNING, host->name,
			 text("only root can tell what host bridge this is"),
			 text("ask as root"));
		break;
	case NO:
		fact_add(facts, NOT_OK, host->name,
			 text("this host bridge, %04x:%04x (%s), is not known to forward%s",
			      host->vendor, host->device, name,
			      host->entry && host->tells != NO ?
			      " what comes from another one" : ""),
			 NULL);
		break;
	}
}

static void check_type(struct facts *facts, const struct machine *machine,
		       const struct route *route, const struct way *way,
		       const char *peer)
{
	const char *by = way->is_drivers ? "the driver" : "this command";
	char *words = text("the way from it is %s, says %s: %s",
			   map_type_names[way->type], by, way->why);

	switch (way->type) {
	case MAP_BUS_ADDR:
	case MAP_THRU_HOST_BRIDGE:
		fact_add(facts, OK, peer, words, NULL);
		break;
	case MAP_NOT_SUPPORTED:
		fact_add(facts, NOT_OK, peer, words,
			 route_remedy(route, machine));
		break;
	default:
		fact_add(facts, WARNING, peer, words, text("ask as root"));
		break;
	}
}

/* The last address of the device's memory. */
static uint64_t last_address(const char *bdf)
{
	uint64_t last = 0;
	unsigned int i;
	struct bar bar;

	for (i = 0; i < NR_BARS; i++)
		if (!device_bar(bdf, i, &bar) && bar.size &&
		    bar.flags & BAR_MEM && bar.start + bar.size - 1 > last)
			last = bar.start + bar.size - 1;
	return last;
}

/* Where an IOMMU translates, the peer sees other addresses. */
static void check_mask(struct facts *facts, const char *device,
		       const char *peer, enum map_type type)
{
	unsigned long bits = device_number(peer, "dma_mask_bits");
	uint64_t last = last_address(device);
	int group = device_group(peer);
	char translation[WORD_SIZE] = "";

	if (group >= 0)
		group_type(group, translation, sizeof(translation));
	if (!bits || bits >= 64 || (type != MAP_BUS_ADDR &&
				    !strncmp(translation, "DMA", 3)))
		return;
	if (last >> bits)
		fact_add(facts, NOT_OK, peer,
			 text("it sends addresses of %lu bits, the memory is at up to 0x%llx",
			      bits, (unsigned long long)last),
			 text("let its driver set a larger mask, or an IOMMU translate"));
	else
		fact_add(facts, OK, peer,
			 text("it sends addresses of %lu bits, which reach the device's memory",
			      bits), NULL);
}

static void check_importer(struct facts *facts, const char *peer)
{
	const char *driver = device_driver(peer);

	if (!*driver)
		fact_add(facts, WARNING, peer,
			 text("no driver has it, so none can import for it"),
			 NULL);
	else if (device_is_vfio(driver))
		fact_add(facts, WARNING, peer,
			 text("%s has it, which imports nothing by itself",
			      driver), NULL);
	else
		fact_add(facts, OK, peer,
			 text("%s has it, which must let go of a mapping when told to",
			      driver), NULL);
}

void facts_way(struct facts *facts, const struct machine *machine,
	       const struct function *device, const struct function *peer)
{
	struct way *ways = ways_load(machine, device);
	const struct way *way = &ways[peer - machine->functions];
	struct route route;
	unsigned int i;

	route_find(&route, machine, device, peer);
	fact_add(facts, OK, peer->bdf, text("%s", peer->what), NULL);
	check_importer(facts, peer->bdf);
	check_climb(facts, peer, route.common);
	if (route.common)
		check_port(facts, route.common);
	check_climb(facts, device, route.common);
	/* What the module trusts besides, only the driver knows. */
	for (i = 0; i < route.nr_hosts; i++)
		if (way->type == route.type)
			check_host(facts, machine, &route, i);
	check_type(facts, machine, &route, way, peer->bdf);
	check_mask(facts, device->bdf, peer->bdf, way->type);
	route_free(&route);
	ways_free(machine, ways);
}
