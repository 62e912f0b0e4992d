// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's log says when no path leads from an importer to a device, on a
 * machine whose CPU does not make one.
 */
#include <stdio.h>

#include "bench.h"
#include "suites.h"
#include "topology.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

#define TRUST \
	"; if the platform is known to forward peer-to-peer, load with p2p_host_bridges="
#define RISK " (if it does not, data is silently corrupted)"

/* A memory and an engine below two ports of one switch. */
static char memory[BDF_SIZE], engine[BDF_SIZE];

static int refusal_setup(void **state)
{
	topology_setup(state);
	snprintf(memory, sizeof(memory), "%s", bench_find(IVSHMEM, 0));
	snprintf(engine, sizeof(engine), "%s", bench_find(EDU, 0));
	return 0;
}

static struct host *host_of(const char *bdf)
{
	return &topo.hosts[topo.functions[topology_find(bdf)].host];
}

/* An engine below another host bridge, of which tells what it is, or does not. */
static const char *find_engine(bool told)
{
	const char *bdf;
	unsigned int i;

	for (i = 0; (bdf = device_find(EDU, i)); i++)
		if (host_of(bdf) != host_of(memory) &&
		    host_of(bdf)->counts == told)
			return bdf;
	fail_msg("the machine has no such engine");
	return NULL;
}

/* Why there is no way, as the list says that our driver has in debugfs. */
static void find_reason(const char *importer, char *reason, size_t size)
{
	char text[32768], start[64];
	const char *line;

	assert_ok(bench_debugfs(memory, "p2p", text, sizeof(text)));
	snprintf(start, sizeof(start), "\n%s ", importer);
	line = strstr(text, start);
	assert_non_null(line);
	line = strstr(line, " NOT_SUPPORTED ");
	assert_non_null(line);
	line += strlen(" NOT_SUPPORTED ");
	snprintf(reason, size, "%.*s", (int)strcspn(line, "\n"), line);
}

/* Refuses an importer, which takes one line with this reason and this remedy. */
static void check_refusal(const char *importer, const char *reason,
			  const char *remedy)
{
	int importing = bench_importer(importer);
	int buffer = bench_export(bench_open(memory), BAR2, 0, PAGE);
	int klog = bench_keep(assert_ok(klog_open_end()));
	char listed[512], line[1024], told[2048], last[1100];
	const char *const words[] = { line, NULL };

	find_reason(importer, listed, sizeof(listed));
	assert_string_equal(listed, reason);
	snprintf(line, sizeof(line),
		 "%s: no peer-to-peer path from %s: %s; %s", memory, importer,
		 reason, remedy);
	assert_error(importer_attach(importing, buffer), EINVAL);
	if (klog_count(klog, words) != 1)
		fail_msg("not in the log, or not once: %s", line);

	/* The same sentence is kept. */
	snprintf(last, sizeof(last), "\nlast_refusal %s: %s\n", importer,
		 strchr(line, ' ') + 1);
	assert_ok(bench_debugfs(memory, "state", told, sizeof(told)));
	assert_non_null(strstr(told, last));
}

/* Makes a host bridge one of these, and says how it is called then. */
static const char *disguise(struct host *host, enum topology_identity identity,
			    const char *platform)
{
	static char names[2][128];
	static unsigned int next;
	char *name = names[next++ % ARRAY_SIZE(names)];

	topology_disguise(host, identity);
	snprintf(name, sizeof(names[0]), "%04x:%04x at %s (%s)",
		 topology_identities[identity].vendor,
		 topology_identities[identity].device,
		 topo.functions[host->first].bdf, platform);
	return name;
}

static void redirected(void **state)
{
	const char *host = disguise(host_of(memory), UNKNOWN, "unknown");
	char ports[2][BDF_SIZE], reason[256], remedy[512];

	(void)state;
	assert_true(device_parent(memory, ports[0]));
	assert_true(device_parent(engine, ports[1]));
	topology_set_acs(&topo.functions[topology_find(ports[0])], PCI_ACS_RR);
	topology_set_acs(&topo.functions[topology_find(ports[1])], PCI_ACS_EC);
	snprintf(reason, sizeof(reason),
		 "ACS of %s;%s redirects requests to host bridge %s, not known to forward peer-to-peer",
		 ports[0], ports[1], host);
	snprintf(remedy, sizeof(remedy),
		 "boot with pci=disable_acs_redir=%s;%s if the devices need no isolation from each other"
		 TRUST "1b36:0c0c:same" RISK, ports[0], ports[1]);
	check_refusal(engine, reason, remedy);
}

/* Between two host bridges, with what the parameter would have to be. */
static void check_between(const char *importer, const char *from,
			  const char *to, const char *parameter)
{
	char reason[320], remedy[320];

	snprintf(reason, sizeof(reason),
		 "the path leads through host bridge %s and %s, not known to forward peer-to-peer",
		 from, to);
	snprintf(remedy, sizeof(remedy),
		 "put both devices below one PCIe switch, or below one host bridge that forwards%s%s%s",
		 *parameter ? TRUST : "", parameter, *parameter ? RISK : "");
	check_refusal(importer, reason, remedy);
}

static void neither_known(void **state)
{
	const char *importer = find_engine(true);

	(void)state;
	check_between(importer,
		      disguise(host_of(importer), ALSO_UNKNOWN, "unknown"),
		      disguise(host_of(memory), UNKNOWN, "unknown"),
		      "8086:2f95,1b36:0c0c");
}

static void one_known(void **state)
{
	const char *importer = find_engine(true);

	(void)state;
	check_between(importer,
		      disguise(host_of(importer), FORWARDS,
			       "Skylake-E root port A"),
		      disguise(host_of(memory), UNKNOWN, "unknown"),
		      "1b36:0c0c");
}

#define HASWELL \
	"Haswell-E: Xeon E5 v3, E7 v3, Core i7, only between devices below it"

static void below_itself(void **state)
{
	const char *importer = find_engine(true);

	(void)state;
	check_between(importer,
		      disguise(host_of(importer), LAST_KNOWN, "Nvidia CPU"),
		      disguise(host_of(memory), SAME_ONLY, HASWELL),
		      "8086:2f00");
}

/* Its name is that of the root bus. */
static void not_told(void **state)
{
	const char *importer = find_engine(false);
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "pci%.7s (no function on its root bus identifies it)",
		 topo.functions[host_of(importer)->first].bdf);
	check_between(importer, name,
		      disguise(host_of(memory), FORWARDS,
			       "Skylake-E root port A"), "");
}

static void not_pci(void **state)
{
	const char *const words[] = {
		memory, "no peer-to-peer path from dvp_importer",
		"it is not a PCI device nor below one", NULL
	};
	int buffer = bench_export(bench_open(memory), BAR2, 0, PAGE);
	int klog = bench_keep(assert_ok(klog_open_end()));

	(void)state;
	assert_error(importer_attach(topo.importer, buffer), EINVAL);
	assert_int_equal(klog_count(klog, words), 1);
}

#define REFUSAL(name, function) \
	{ "refusal: " name, function, refusal_setup, topology_teardown, NULL }

int suite_refusal(void)
{
	const struct CMUnitTest tests[] = {
		REFUSAL("ACS: the ports, and the parameter that ends it",
			redirected),
		REFUSAL("two unknown host bridges, and how to trust them",
			neither_known),
		REFUSAL("of a known and an unknown one, only this to trust",
			one_known),
		REFUSAL("one that only forwards below itself", below_itself),
		REFUSAL("one that cannot be named cannot be trusted", not_told),
		REFUSAL("an importer that is no PCI device", not_pci),
	};

	if (!expects(says_no_path))
		return 0;
	/* Another suite may have used up what the log takes in five seconds. */
	sleep(6);
	return run_group("refusal", tests);
}
