// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdio.h>

#include "bench.h"
#include "topology.h"

/*
 * Where a function has no ACS, the kernel is made to believe that it has, with a
 * control register that coincides with the interrupt line, which nobody uses.
 */
#define ACS_CTRL	PCI_INTERRUPT_LINE
#define ACS_POSITION	(ACS_CTRL - PCI_ACS_CTRL)

#define ACS_REDIRECTS	(PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC)

struct topology topo;

const struct topology_id topology_identities[TOPOLOGY_IDENTITIES] = {
	[UNKNOWN] = { 0x1b36, 0x0c0c, false, false },
	[FORWARDS] = { 0x8086, 0x2030, true, false },
	[SAME_ONLY] = { 0x8086, 0x2f00, true, true },
	/* Of this vendor all do. */
	[ANY_DEVICE] = { 0x1ae0, 0xabcd, true, false, true },
	[LAST_KNOWN] = { 0x10de, 0x2f98, true, false, true },
	/* The device of one, the vendor of another. */
	[ALSO_UNKNOWN] = { 0x8086, 0x2f95, false, false },
};

static int find_acs(const char *bdf)
{
	int position = PCI_CFG_SPACE_SIZE;
	uint32_t header;

	while (position &&
	       !device_read_config(bdf, position, &header, sizeof(header))) {
		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_ACS)
			return position;
		position = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

static int acs_ctrl(const struct function *function)
{
	return function->acs ? function->acs + PCI_ACS_CTRL : ACS_CTRL;
}

/* Some bits of some functions cannot be set. */
void topology_set_acs(struct function *function, uint16_t bits)
{
	assert_ok(device_write_config(function->bdf, acs_ctrl(function), &bits,
				      function->acs ? 2 : 1));
	assert_ok(device_read_config(function->bdf, acs_ctrl(function), &bits,
				     sizeof(bits)));
	function->redirects = bits & ACS_REDIRECTS;
}

unsigned int topology_find(const char *bdf)
{
	unsigned int i;

	for (i = 0; i < topo.nr_functions; i++)
		if (!strcmp(topo.functions[i].bdf, bdf))
			return i;
	fail_msg("%s is not known", bdf);
	return NONE;
}

static unsigned int id(const char *bdf, const char *attr)
{
	char text[16];

	assert_ok(device_read_attr(bdf, attr, text, sizeof(text)));
	return strtoul(text, NULL, 16);
}

/* At 00.0, or a root port. */
static bool tells_host(const char *bdf)
{
	uint8_t position;
	uint16_t flags = 0;

	if (!strcmp(bdf + strlen("0000:00:"), "00.0"))
		return true;
	assert_ok(device_read_config(bdf, PCI_CAPABILITY_LIST, &position, 1));
	while (position) {
		assert_ok(device_read_config(bdf, position, &flags, 2));
		if ((flags & 0xff) == PCI_CAP_ID_EXP)
			break;
		position = flags >> 8;
	}
	if (!position)
		return false;
	assert_ok(device_read_config(bdf, position + PCI_EXP_FLAGS, &flags, 2));
	return (flags & PCI_EXP_FLAGS_TYPE) >> 4 == PCI_EXP_TYPE_ROOT_PORT;
}

/* The functions of a root bus follow each other. */
static unsigned int host_of(unsigned int i)
{
	const char *bdf = topo.functions[i].bdf;
	struct host *host = &topo.hosts[topo.nr_hosts];

	if (topo.nr_hosts && !strncmp(topo.functions[host[-1].first].bdf, bdf,
				      strlen("0000:00")))
		return topo.nr_hosts - 1;
	assert_true(topo.nr_hosts < MAX_HOSTS);
	host->first = i;
	host->identity = UNKNOWN;
	host->vendor = id(bdf, "vendor");
	host->device = id(bdf, "device");
	host->counts = tells_host(bdf);
	return topo.nr_hosts++;
}

/* In the order of addresses a bridge comes before what is below it. */
static void add_function(const char *bdf)
{
	struct function *function = &topo.functions[topo.nr_functions];
	char parent[BDF_SIZE];

	assert_true(topo.nr_functions < MAX_FUNCTIONS);
	snprintf(function->bdf, BDF_SIZE, "%.15s", bdf);
	if (device_parent(bdf, parent)) {
		function->parent = topology_find(parent);
		function->host = topo.functions[function->parent].host;
	} else {
		function->parent = NONE;
		function->host = host_of(topo.nr_functions);
	}
	topo.nr_functions++;

	function->acs = find_acs(bdf);
	assert_ok(device_read_config(bdf, acs_ctrl(function), &function->saved,
				     sizeof(function->saved)));
	if (!function->acs)
		assert_ok(importer_place_acs(topo.importer, bdf, ACS_POSITION));
	topology_set_acs(function, 0);
}

void topology_disguise(struct host *host, enum topology_identity identity)
{
	host->identity = identity;
	assert_ok(importer_disguise(topo.importer,
				    topo.functions[host->first].bdf,
				    topology_identities[identity].vendor,
				    topology_identities[identity].device));
}

int topology_setup(void **state)
{
	struct dirent **entries;
	int count, i;

	bench_setup(state);
	/* The kernel says a lot when it is asked, to a slow console. */
	assert_ok(write_file("/proc/sys/kernel/printk", "1"));
	topo.importer = bench_keep(assert_ok(importer_open("platform")));
	topo.nr_functions = 0;
	topo.nr_hosts = 0;
	count = scandir("/sys/bus/pci/devices", &entries, NULL, alphasort);
	for (i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			add_function(entries[i]->d_name);
		free(entries[i]);
	}
	assert_true(topo.nr_functions > 0);
	free(entries);
	return 0;
}

int topology_teardown(void **state)
{
	struct function *function = topo.functions;
	const struct host *host;

	for (host = topo.hosts; host < topo.hosts + topo.nr_hosts; host++)
		importer_disguise(topo.importer,
				  topo.functions[host->first].bdf,
				  host->vendor, host->device);
	for (; function < topo.functions + topo.nr_functions; function++) {
		topology_set_acs(function, function->saved);
		if (!function->acs)
			importer_place_acs(topo.importer, function->bdf, 0);
	}
	write_file("/proc/sys/kernel/printk", "7");
	return bench_teardown(state);
}
