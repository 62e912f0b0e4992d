// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the operator's command finds out by itself of the paths between functions,
 * next to what the driver says in debugfs.
 */
#include <stdio.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"
#include "topology.h"

#define P2P_SIZE 65536

/* How many functions are bound, each of which has a file to compare with. */
static unsigned int nr_bound;

static bool is_bridge(const char *bdf)
{
	uint8_t type;

	assert_ok(device_read_config(bdf, PCI_HEADER_TYPE, &type, 1));
	return (type & 0x7f) != PCI_HEADER_TYPE_NORMAL;
}

static int topo_setup(void **state)
{
	unsigned int i;

	topology_setup(state);
	nr_bound = 0;
	for (i = 0; i < topo.nr_functions; i++) {
		if (is_bridge(topo.functions[i].bdf))
			continue;
		assert_ok(device_bind(topo.functions[i].bdf, bench_driver()));
		nr_bound++;
	}
	assert_true(nr_bound > 10);
	return 0;
}

/* Those ACS controls that the command can see, too: the devices' own. */
static unsigned int set_acs(unsigned int one_in, uint16_t bits)
{
	unsigned int i, count = 0;

	for (i = 0; i < topo.nr_functions; i++)
		if (topo.functions[i].acs) {
			topology_set_acs(&topo.functions[i],
					 count % one_in ? 0 : bits);
			count++;
		}
	return count;
}

static void disguise(unsigned int shift)
{
	unsigned int i;

	for (i = 0; i < topo.nr_hosts; i++)
		topology_disguise(&topo.hosts[i],
				  (i + shift) % TOPOLOGY_IDENTITIES);
}

/* All functions, the bridges among them. */
static json_t *ask(enum tool_user user)
{
	char *argv[MAX_FUNCTIONS + 4] = { TOOL, "topo", "--json" };
	unsigned int i;

	for (i = 0; i < topo.nr_functions; i++)
		argv[3 + i] = topo.functions[i].bdf;
	return tool_json(tool_run_all(user, argv));
}

static const char *string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* The line that debugfs would have about the path. */
static void check_path(const json_t *path, const char *p2p, const char *by)
{
	char line[1024];

	snprintf(line, sizeof(line), "\n%s %lld %s %s\n", string(path, "from"),
		 (long long)json_integer_value(json_object_get(path, "distance")),
		 string(path, "type"), string(path, "why"));
	if (!strstr(p2p, line))
		fail_msg("to %s, debugfs has no line:%s", string(path, "to"),
			 line);
	assert_string_equal(string(path, "by"), by);
}

/* To one provider; returns how many there are. */
static unsigned int check_paths_to(const json_t *paths, const char *provider,
				  const char *by)
{
	static char p2p[P2P_SIZE] = "\n";
	unsigned int count = 0;
	const json_t *path;
	size_t i;

	assert_ok(bench_debugfs(provider, "p2p", p2p + 1, sizeof(p2p) - 1));
	json_array_foreach(paths, i, path) {
		if (strcmp(string(path, "to"), provider))
			continue;
		check_path(path, p2p, by);
		count++;
	}
	return count;
}

static void check_all(enum tool_user user, const char *by)
{
	json_t *all = ask(user), *paths = json_object_get(all, "paths");
	unsigned int i, bound = 0;

	for (i = 0; i < topo.nr_functions; i++) {
		if (is_bridge(topo.functions[i].bdf))
			continue;
		assert_int_equal(check_paths_to(paths, topo.functions[i].bdf, by),
				 topo.nr_functions - 1);
		bound++;
	}
	assert_int_equal(bound, nr_bound);
	json_decref(all);
}

static void without_acs(void **state)
{
	(void)state;
	disguise(0);
	check_all(TOOL_WITHOUT_DEBUGFS, "command");
}

static void with_acs(void **state)
{
	(void)state;
	/* There are some whose bits can be set. */
	assert_true(set_acs(1, PCI_ACS_RR | PCI_ACS_CR) > 2);
	disguise(1);
	check_all(TOOL_WITHOUT_DEBUGFS, "command");
	set_acs(2, PCI_ACS_CR);
	disguise(3);
	check_all(TOOL_WITHOUT_DEBUGFS, "command");
	/* None of these redirects. */
	set_acs(1, PCI_ACS_SV | PCI_ACS_UF);
	check_all(TOOL_WITHOUT_DEBUGFS, "command");
}

static void drivers(void **state)
{
	(void)state;
	check_all(TOOL_ROOT, "driver");
}

static bool is_end(const char *bdf)
{
	return !is_bridge(bdf);
}

/*
 * Many paths are alike: one in so many is enough.  97 lead to each device; that is no
 * multiple, so that they are not all from the same one.
 */
#define ONE_IN 89

/* Most are not supported: so many of them are enough. */
#define MOST_REFUSED 8

/* How many paths were checked, and how many of them were not supported. */
static unsigned int nr_checked, nr_refused;

/* The exit status of "check" is that of the path, where nothing else prevents it. */
static void check_path_status(const json_t *path)
{
	bool refused = !strcmp(string(path, "type"), "NOT_SUPPORTED");
	struct tool_run run;
	char type[32];

	if (!is_end(string(path, "from")) || !is_end(string(path, "to")) ||
	    (refused && nr_refused == MOST_REFUSED))
		return;
	snprintf(type, sizeof(type), "the path from it is %s,",
		 string(path, "type"));
	run = tool_run("check", string(path, "to"), string(path, "from"), NULL);
	if (!strstr(run.output, type))
		fail_msg("\"%s\" is not in:\n%s", type, run.output);
	if (refused) {
		assert_int_equal(run.status, 1);
		assert_true(strstr(run.output, "disable_acs_redir=") ||
			    strstr(run.output, "below one PCIe switch"));
		nr_refused++;
	}
	nr_checked++;
}

static void checked(void **state)
{
	const json_t *path;
	json_t *all;
	size_t i;

	(void)state;
	/* Of some host bridges it is known that they forward. */
	disguise(0);
	all = ask(TOOL_ROOT);
	nr_checked = 0;
	nr_refused = 0;
	json_array_foreach(json_object_get(all, "paths"), i, path)
		if (i % ONE_IN == 0)
			check_path_status(path);
	assert_in_range(nr_refused, 1, nr_checked - 1);
	assert_in_range(nr_checked, 6, UINT32_MAX);
	json_decref(all);
}

static const char *type_at(const json_t *all, size_t i)
{
	return string(json_array_get(json_object_get(all, "paths"), i), "type");
}

/* Some paths can be known by whoever asks: where there can be no ACS. */
static void unprivileged(void **state)
{
	json_t *root, *nobody, *path;
	unsigned int unknown = 0;
	const char *type;
	size_t i;

	(void)state;
	set_acs(2, PCI_ACS_RR);
	root = ask(TOOL_ROOT);
	nobody = ask(TOOL_NOBODY);
	json_array_foreach(json_object_get(nobody, "paths"), i, path) {
		type = string(path, "type");
		if (!strcmp(type, "UNKNOWN"))
			unknown++;
		else
			assert_string_equal(type, type_at(root, i));
	}
	assert_true(unknown > 0);
	json_decref(nobody);
	json_decref(root);
}

#define TOPO(name, function) \
	{ "topo: " name, function, topo_setup, topology_teardown, NULL }

int suite_topo(void)
{
	const struct CMUnitTest tests[] = {
		TOPO("the command finds what the driver finds", without_acs),
		TOPO("it does so with ACS, and with known host bridges",
		     with_acs),
		TOPO("it takes the driver's word where it can", drivers),
		TOPO("check says the same, and its exit status", checked),
		TOPO("what an unprivileged user cannot know is not claimed",
		     unprivileged),
	};

	return bench_is_ours() ? run_group("topo", tests) : 0;
}
