// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../compat/pci_p2pdma_texts.h"
#include "facts.h"
#include "imports.h"
#include "module.h"
#include "paths.h"

static void check_port(struct facts *facts, const struct function *port)
{
	if (port->has_acs == NO)
		fact_add(facts, OK, port->bdf, "port.no-acs",
			 text("on the path, without ACS"), NULL);
	else if (port->reads_ones)
		fact_add(facts, WARNING, port->bdf, "port.reads-ones",
			 text("on the path, its configuration reads as ones: it is asleep or gone"),
			 text("write \"on\" to its power/control in sysfs and ask again"));
	else if (port->redirects == UNKNOWN)
		fact_add(facts, WARNING, port->bdf, "port.acs-unknown",
			 text("on the path, its ACS cannot be read"),
			 text("ask as root"));
	else if (port->redirects == NO)
		fact_add(facts, OK, port->bdf, "port.acs",
			 text("on the path, its ACS does not redirect"), NULL);
	else
		fact_add(facts, OK, port->bdf, "port.acs-redirects",
			 text("on the path, its ACS redirects to the host bridge"),
			 NULL);
}

/* The functions from one up to a common one. */
static void check_climb(struct facts *facts, const struct function *from,
			const struct function *top)
{
	for (; from && from != top; from = from->parent)
		check_port(facts, from);
}

static void check_host(struct facts *facts, const struct machine *machine,
		       const struct path_rule *rule, unsigned int i)
{
	const struct host *host = rule->hosts[i];
	const char *name = machine->cpu_forwards ? "AMD, Zen or later" :
			   host->entry ? host->entry->name : "unknown";

	switch (path_rule_host_forwards(rule, machine, i)) {
	case YES:
		fact_add(facts, OK, host->name, "host.forwards",
			 text("this host bridge forwards (%s)", name), NULL);
		break;
	case UNKNOWN:
		fact_add(facts, WARNING, host->name, "host.unknown",
			 text("only root can tell what host bridge this is"),
			 text("ask as root"));
		break;
	case NO:
		fact_add(facts, NOT_OK, host->name, "host.not-known-to-forward",
			 text("this host bridge, %04x:%04x (%s), is not known to forward reads and writes%s",
			      host->vendor, host->device, name,
			      host->entry && host->tells != NO ?
			      " from another one" : ""),
			 NULL);
		break;
	}
}

/* Some host bridges forward writes, and answer reads with ones. */
static char *remedy(const struct path_rule *rule, const struct machine *machine)
{
	char *words = path_rule_remedy(rule, machine);

	if (strstr(words, "p2p_host_bridges="))
		append(&words, "; test reads and writes first: some host bridges forward writes, and answer reads with ones");
	return words;
}

static void check_type(struct facts *facts, const struct machine *machine,
		       const struct path_rule *rule, const struct path *path,
		       const char *peer)
{
	const char *by = path->is_drivers ? "the driver" : "this command";
	char *words = text("the path from it is %s, says %s: %s",
			   map_type_names[path->type], by, path->why);

	switch (path->type) {
	case MAP_BUS_ADDR:
		fact_add(facts, OK, peer, "path.bus-addr", words, NULL);
		break;
	case MAP_THRU_HOST_BRIDGE:
		if (path_is_detour(path))
			fact_add(facts, OK, peer, "path.detour", words,
				 text("this is slow; " COMPAT_P2PDMA_BOOT "%s"
				      COMPAT_P2PDMA_ISOLATION,
				      path->redirecting));
		else
			fact_add(facts, OK, peer, "path.thru-host-bridge", words,
				 NULL);
		break;
	case MAP_NOT_SUPPORTED:
		fact_add(facts, NOT_OK, peer, "path.not-supported", words,
			 remedy(rule, machine));
		break;
	default:
		fact_add(facts, WARNING, peer, "path.unknown", words,
			 geteuid() ? text("ask as root") : NULL);
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
		    bar.flags & BAR_MEM && !(bar.flags & BAR_UNSET) &&
		    bar.start + bar.size - 1 > last)
			last = bar.start + bar.size - 1;
	return last;
}

/* Behind an IOMMU that translates, the peer uses other addresses. */
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
		fact_add(facts, NOT_OK, peer, "mask.too-small",
			 text("it sends addresses of %lu bits, and the memory ends at 0x%llx",
			      bits, (unsigned long long)last),
			 text("its driver needs a larger DMA mask, or an IOMMU that translates"));
	else
		fact_add(facts, OK, peer, "mask.reaches",
			 text("it sends addresses of %lu bits, which reach the device's memory",
			      bits), NULL);
}

/* What its drivers, and those of the devices below it, do with dma-bufs. */
static void check_imports(struct facts *facts, const char *peer)
{
	struct importer importer;
	const char *drivers;

	importer_find(&importer, peer);
	drivers = importer.drivers ? importer.drivers : "?";
	switch (importer.imports) {
	case IMPORTS_DYNAMIC:
		fact_add(facts, OK, peer, "peer.imports",
			 text("%s imports dma-bufs and unmaps when notified",
			      drivers), NULL);
		break;
	case IMPORTS_REVOCABLE:
		fact_add(facts, OK, peer, "peer.imports-revocable",
			 text("%s pins dma-bufs, and unmaps on a revoke",
			      drivers), NULL);
		break;
	case IMPORTS_PINNED:
		if (module_holds_pinned())
			fact_add(facts, OK, peer, "peer.pins",
				 text("%s pins dma-bufs: a device that it holds stays busy when it is closed, until it unmaps",
				      drivers), NULL);
		else
			fact_add(facts, NOT_OK, peer, "peer.pins",
				 text("%s pins dma-bufs and cannot be revoked, so it is refused",
				      drivers),
				 text("load the module with pinned_importers=hold (dmabuf-vfio-pci(4)); "
				      "or use another peer"));
		break;
	case IMPORTS_STATIC:
		fact_add(facts, NOT_OK, peer, "peer.static",
			 text("%s imports dma-bufs only statically, which is refused",
			      drivers),
			 text("use a newer kernel or another peer"));
		break;
	case IMPORTS_NOTHING:
		fact_add(facts, NOT_OK, peer, "peer.imports-nothing",
			 text("%s imports no dma-bufs", drivers),
			 text("use a peer whose driver does, or load its RDMA driver"));
		break;
	default:
		fact_add(facts, WARNING, peer, "peer.unknown",
			 text("whether %s imports dma-bufs is not known: its module cannot be read",
			      drivers), NULL);
		break;
	}
	importer_free(&importer);
}

static void check_peer(struct facts *facts, const char *peer, bool is_bridge)
{
	const char *driver = device_driver(peer);

	if (is_bridge)
		fact_add(facts, NOT_OK, peer, "peer.bridge",
			 text("it is a bridge, which imports nothing"),
			 text("name a device below it"));
	else if (!*driver)
		fact_add(facts, WARNING, peer, "peer.no-driver",
			 text("it has no driver, so it cannot import"), NULL);
	else if (device_is_vfio(driver))
		fact_add(facts, WARNING, peer, "peer.vfio",
			 text("%s has it, so only its user can import, through iommufd (6.19 or later, exporter=intree)",
			      driver), NULL);
	else
		check_imports(facts, peer);
}

void facts_path(struct facts *facts, const struct machine *machine,
		const struct function *device, const struct function *peer)
{
	struct path *paths = paths_load(machine, device);
	const struct path *path = &paths[peer - machine->functions];
	struct path_rule rule;
	unsigned int i;

	path_rule_find(&rule, machine, device, peer);
	fact_add(facts, OK, peer->bdf, "peer.name", text("%s", peer->what), NULL);
	check_peer(facts, peer->bdf, peer->is_bridge);
	check_climb(facts, peer, rule.common);
	if (rule.common)
		check_port(facts, rule.common);
	check_climb(facts, device, rule.common);
	/* Only the driver knows which other host bridges the module trusts. */
	for (i = 0; i < rule.nr_hosts; i++)
		if (path->type == rule.type)
			check_host(facts, machine, &rule, i);
	check_type(facts, machine, &rule, path, peer->bdf);
	check_mask(facts, device->bdf, peer->bdf, path->type);
	facts->path = path_value(path, peer, device);
	path_rule_free(&rule);
	paths_free(machine, paths);
}
