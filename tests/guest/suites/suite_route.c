// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which path leads from each PCI function to each other one: what the driver
 * decides, next to what the kernel does.  The machines have many functions, and
 * the tests decide on what they cannot have: ACS, known host bridges, CPUs.
 *
 * Kernels that cannot be asked have a model of the answer here in their place,
 * which is held against those that can.  The driver has the newest kernel's list of
 * host bridges; an older kernel may refuse what goes through one that it does not
 * know yet.
 */
#include <stdio.h>

#include "bench.h"
#include "suites.h"
#include "topology.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

/* Those that do not redirect. */
#define ACS_OTHERS	(PCI_ACS_SV | PCI_ACS_TB | PCI_ACS_UF | PCI_ACS_DT)

/* Importers that are tried with all exporters. */
#define MAX_ENGINES	4

/* On other architectures no decision depends on the CPU. */
#ifdef __x86_64__
#define FORWARDS true
#else
#define FORWARDS false
#endif

/* A CPU, and whether all of its host bridges forward. */
static const struct cpu {
	enum dvp_importer_cpu vendor;
	unsigned int family;
	bool forwards;
} cpus[] = {
	{ DVP_IMPORTER_CPU_INTEL, 0x06, false },
	{ DVP_IMPORTER_CPU_INTEL, 0x17, false },
	{ DVP_IMPORTER_CPU_AMD, 0x15, false },
	{ DVP_IMPORTER_CPU_AMD, 0x16, false },
	{ DVP_IMPORTER_CPU_AMD, 0x17, FORWARDS },
	{ DVP_IMPORTER_CPU_AMD, 0x1a, FORWARDS },
	{ DVP_IMPORTER_CPU_HYGON, 0x18, false },
};

#define INTEL (&cpus[0])
#define AMD (&cpus[4])

static const struct cpu real_cpu = { .vendor = DVP_IMPORTER_CPU_REAL };

/* The functions' indices, in the order of the kernel's list. */
static unsigned int order[MAX_FUNCTIONS];
static uint32_t seed;

/* Below @n; the same sequence in every run. */
static unsigned int chance(unsigned int n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

static void disguise_hosts(bool known)
{
	unsigned int i;

	for (i = 0; i < topo.nr_hosts; i++)
		topology_disguise(&topo.hosts[i], known ?
				  chance(TOPOLOGY_IDENTITIES) : UNKNOWN);
}

/* One function in @n redirects, one way or another. */
static void scatter_acs(unsigned int n)
{
	static const uint16_t redirects[] = { PCI_ACS_RR, PCI_ACS_CR, PCI_ACS_EC };
	unsigned int i;
	uint16_t bits;

	for (i = 0; i < topo.nr_functions; i++) {
		bits = chance(256) & ACS_OTHERS;
		if (!chance(n))
			bits |= redirects[chance(ARRAY_SIZE(redirects))];
		topology_set_acs(&topo.functions[i], bits);
	}
}

static bool model_forwards(const struct host *host, bool same)
{
	return host->counts && topology_identities[host->identity].forwards &&
	       (same || !topology_identities[host->identity].same_only);
}

static bool model_hosts_forward(const struct host *a, const struct host *b,
				const struct cpu *cpu)
{
	return cpu->forwards || (model_forwards(a, a == b) &&
				 model_forwards(b, a == b));
}

/* How far it is from one up to another; the ways that redirect are counted. */
static unsigned int model_climb(unsigned int from, unsigned int to,
				unsigned int *redirects)
{
	unsigned int steps = 0;

	for (; from != to; from = topo.functions[from].parent) {
		*redirects += topo.functions[from].redirects;
		steps++;
	}
	return steps;
}

static bool model_is_above(unsigned int above, unsigned int below)
{
	while (below != above && below != NONE)
		below = topo.functions[below].parent;
	return below == above;
}

static enum dvp_importer_path model(unsigned int provider, unsigned int client,
				    const struct cpu *cpu,
				    unsigned int *distance)
{
	unsigned int top = provider, redirects = 0;

	while (!model_is_above(top, client))
		top = topo.functions[top].parent;
	*distance = model_climb(provider, top, &redirects) +
		    model_climb(client, top, &redirects);
	if (top != NONE && !redirects && !topo.functions[top].redirects)
		return DVP_IMPORTER_BUS_ADDR;
	if (model_hosts_forward(&topo.hosts[topo.functions[provider].host],
				&topo.hosts[topo.functions[client].host], cpu))
		return DVP_IMPORTER_THRU_HOST_BRIDGE;
	return DVP_IMPORTER_NO_PATH;
}

static unsigned int index_of(const struct dvp_importer_function *function)
{
	char bdf[BDF_SIZE];

	snprintf(bdf, sizeof(bdf), "%04x:%02x:%02x.%x",
		 function->domain & 0xffff, function->bus & 0xff,
		 function->devfn >> 3 & 0x1f, function->devfn & 7);
	return topology_find(bdf);
}

/* The ways to a function; returns whether the kernel's answers are there. */
static bool ask(unsigned int provider, const struct cpu *cpu,
		struct dvp_importer_route *routes)
{
	struct dvp_importer_routes ask = {
		.cpu = cpu->vendor,
		.family = cpu->family,
		.capacity = MAX_FUNCTIONS,
		.routes = (uintptr_t)routes,
	};

	assert_ok(importer_routes(topo.importer, topo.functions[provider].bdf, &ask));
	assert_int_equal(ask.count, topo.nr_functions);
	return ask.kernel_knows;
}

/* The answers come in the kernel's order of the functions. */
static void learn_order(void)
{
	struct dvp_importer_route routes[MAX_FUNCTIONS];
	unsigned int i;

	ask(0, INTEL, routes);
	for (i = 0; i < topo.nr_functions; i++)
		order[i] = index_of(&routes[i].client);
}

static int route_setup(void **state)
{
	topology_setup(state);
	seed = 1;
	learn_order();
	return 0;
}

/* Through host bridges of which not all kernels know that they forward. */
static bool kernel_may_refuse(unsigned int provider, unsigned int client,
			      const struct cpu *cpu,
			      enum dvp_importer_path path)
{
	const struct host *a = &topo.hosts[topo.functions[provider].host];
	const struct host *b = &topo.hosts[topo.functions[client].host];

	return path == DVP_IMPORTER_THRU_HOST_BRIDGE && !cpu->forwards &&
	       (topology_identities[a->identity].recent ||
		topology_identities[b->identity].recent);
}

static void check_pair(unsigned int provider, unsigned int client,
		       const struct cpu *cpu, bool kernel_knows,
		       const struct dvp_importer_route *route)
{
	enum dvp_importer_path path;
	unsigned int distance;
	int kernel;

	path = model(provider, client, cpu, &distance);
	kernel = path == DVP_IMPORTER_NO_PATH ? -1 : (int)distance;
	if (kernel_knows && route->kernel_distance == -1 &&
	    kernel_may_refuse(provider, client, cpu, path))
		kernel = -1;
	if (kernel_knows && route->kernel_distance != kernel)
		fail_msg("from %s to %s: the kernel says %d, the model %d",
			 topo.functions[client].bdf, topo.functions[provider].bdf,
			 route->kernel_distance, kernel);
	if (route->path != path || route->distance != distance)
		fail_msg("from %s to %s: path %u, distance %u; should be %u, %u",
			 topo.functions[client].bdf, topo.functions[provider].bdf,
			 route->path, route->distance, path, distance);
}

static void check_all(const struct cpu *cpu)
{
	struct dvp_importer_route routes[MAX_FUNCTIONS];
	unsigned int provider, i;
	bool kernel_knows;

	for (provider = 0; provider < topo.nr_functions; provider++) {
		kernel_knows = ask(provider, cpu, routes);
		for (i = 0; i < topo.nr_functions; i++)
			check_pair(provider, order[i], cpu, kernel_knows,
				   &routes[i]);
	}
}

/* With bridges that nobody knows, the kernel only supports bus addresses. */
static void check_bus_addresses(void)
{
	disguise_hosts(false);
	check_all(INTEL);
}

static void without_acs(void **state)
{
	(void)state;
	check_bus_addresses();
	check_all(AMD);
}

static void everywhere(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < topo.nr_functions; i++)
		topology_set_acs(&topo.functions[i], PCI_ACS_RR | PCI_ACS_CR);
	check_bus_addresses();
	check_all(AMD);
}

static void here_and_there(void **state)
{
	static const unsigned int one_in[] = { 4, 12, 36 };
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(one_in); i++) {
		scatter_acs(one_in[i]);
		check_bus_addresses();
	}
}

static void known_hosts(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cpus); i++) {
		scatter_acs(8);
		disguise_hosts(true);
		check_all(&cpus[i]);
	}
}

static enum dvp_importer_path ask_pair(const char *provider, const char *client)
{
	struct dvp_importer_route routes[MAX_FUNCTIONS];
	unsigned int wanted = topology_find(client), i;

	ask(topology_find(provider), &real_cpu, routes);
	for (i = 0; order[i] != wanted; i++)
		continue;
	return routes[i].path;
}

/* What an importer gets tells which path the exporter has decided on. */
static enum dvp_importer_path map_pair(const char *exporter, const char *edu)
{
	struct vfio *vfio = bench_open(exporter);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importing = bench_importer(edu);
	enum dvp_importer_path path = DVP_IMPORTER_NO_PATH;
	struct dvp_importer_report report;
	struct dvp_importer_entry entry;
	struct bar bar;
	int ret;

	assert_ok(device_bar(exporter, BAR2, &bar));
	ret = importer_attach(importing, buffer);
	if (!ret)
		ret = importer_map(importing);
	if (ret) {
		assert_error(ret, EINVAL);
	} else {
		assert_ok(importer_report(importing, &report, &entry, 1));
		path = entry.address == bar.start ?
			DVP_IMPORTER_BUS_ADDR : DVP_IMPORTER_THRU_HOST_BRIDGE;
	}
	bench_drop(importing);
	bench_drop(buffer);
	bench_close(vfio);
	return path;
}

static enum dvp_importer_path check_map(const char *exporter, const char *edu)
{
	enum dvp_importer_path path = ask_pair(exporter, edu);

	assert_int_equal(map_pair(exporter, edu), path);
	return path;
}

/* The same pair with redirection above the exporter. */
static void check_redirected(const char *exporter, const char *edu)
{
	struct function *above =
		&topo.functions[topo.functions[topology_find(exporter)].parent];

	topology_set_acs(above, PCI_ACS_RR);
	assert_true(above->redirects);
	assert_int_not_equal(check_map(exporter, edu), DVP_IMPORTER_BUS_ADDR);
	topology_set_acs(above, 0);
}

/* Returns how many of the devices reach the importer by bus addresses. */
static unsigned int map_all_to(const char *edu)
{
	const char *exporter;
	unsigned int i, count = 0;

	for (i = 0; (exporter = device_find(IVSHMEM, i)); i++) {
		/* With the importer's driver in it a group cannot be opened. */
		if (device_group(exporter) == device_group(edu) ||
		    check_map(exporter, edu) != DVP_IMPORTER_BUS_ADDR)
			continue;
		check_redirected(exporter, edu);
		count++;
	}
	return count;
}

static void addresses(void **state)
{
	unsigned int i, count = 0;
	char edu[BDF_SIZE];

	(void)state;
	/* So it is with this driver of bridges. */
	for (i = 0; i < topo.nr_functions; i++)
		if (!strcmp(device_driver(topo.functions[i].bdf), "shpchp"))
			assert_ok(device_unbind(topo.functions[i].bdf));
	for (i = 0; device_find(EDU, i); i++)
		assert_ok(device_unbind(device_find(EDU, i)));
	for (i = 0; i < MAX_ENGINES && device_find(EDU, i); i++) {
		snprintf(edu, sizeof(edu), "%s", device_find(EDU, i));
		count += map_all_to(edu);
		assert_ok(device_unbind(edu));
	}
	assert_true(count > 0);
}

#define ROUTE(name, function) \
	{ "route: " name, function, route_setup, topology_teardown, NULL }

int suite_route(void)
{
	const struct CMUnitTest tests[] = {
		ROUTE("without ACS redirection", without_acs),
		ROUTE("with ACS redirection everywhere", everywhere),
		ROUTE("with ACS redirection here and there", here_and_there),
		ROUTE("with known host bridges, on many CPUs", known_hosts),
		ROUTE("addresses are of the kind decided on", addresses),
	};

	return run_group("route", tests);
}
