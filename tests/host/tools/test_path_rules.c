// SPDX-License-Identifier: GPL-2.0-only
/*
 * The path between functions of a machine that is made up.  The guests hold the
 * answers against the driver's; here is what they cannot have.
 */
#include "made.h"
#include "units.h"
#include "paths.h"

static struct made_machine made;

static int setup(void **state)
{
	(void)state;
	made_up(&made);
	return 0;
}

static void set_acs(enum made function, enum known redirects)
{
	made.functions[function].has_acs = redirects == UNKNOWN ? UNKNOWN : YES;
	made.functions[function].redirects = redirects;
}

static void expect(enum made provider, enum made client, enum map_type type,
		   unsigned int distance, const char *why)
{
	struct path_rule rule;
	char *words;

	path_rule_find(&rule, &made.machine, &made.functions[provider],
		       &made.functions[client]);
	assert_string_equal(map_type_names[rule.type], map_type_names[type]);
	assert_int_equal(rule.distance, distance);
	words = path_rule_why(&rule, &made.machine);
	assert_string_equal(words, why);
	free(words);
	path_rule_free(&rule);
}

static void expect_remedy(enum made provider, enum made client,
			  const char *remedy)
{
	struct path_rule rule;
	char *words;

	path_rule_find(&rule, &made.machine, &made.functions[provider],
		       &made.functions[client]);
	words = path_rule_remedy(&rule, &made.machine);
	assert_string_equal(words, remedy);
	free(words);
	path_rule_free(&rule);
}

static void switch_without_acs(void **state)
{
	(void)state;
	expect(A, B, MAP_BUS_ADDR, 4, "below 0000:01:00.0 without ACS redirection");
	set_acs(DOWN_A, NO);
	expect(A, B, MAP_BUS_ADDR, 4, "below 0000:01:00.0 without ACS redirection");
	expect(A, DOWN_A, MAP_BUS_ADDR, 1,
	       "below 0000:02:00.0 without ACS redirection");
}

static void switch_redirects(void **state)
{
	(void)state;
	set_acs(DOWN_A, YES);
	set_acs(DOWN_B, YES);
	expect(A, B, MAP_NOT_SUPPORTED, 4,
	       "ACS of 0000:02:00.0;0000:02:01.0 redirects requests to host bridge 1b36:0c0c at 0000:00:00.0 (unknown), not known to forward peer-to-peer");
	expect_remedy(A, B, "boot with pci=disable_acs_redir=0000:02:00.0;0000:02:01.0 if the devices need no isolation from each other; if the platform is known to forward peer-to-peer, load with p2p_host_bridges=1b36:0c0c:same (if it does not, data is silently corrupted)");
}

static void two_hosts(void **state)
{
	(void)state;
	expect(A, D, MAP_NOT_SUPPORTED, 6,
	       "the path leads through host bridge 1b36:0c0c at 0000:80:01.0 (unknown) and 1b36:0c0c at 0000:00:00.0 (unknown), not known to forward peer-to-peer");
	expect_remedy(A, D, "put both devices below one PCIe switch, or below one host bridge that forwards; if the platform is known to forward peer-to-peer, load with p2p_host_bridges=1b36:0c0c,1b36:0c0c (if it does not, data is silently corrupted)");
	made.machine.cpu_forwards = true;
	expect(A, D, MAP_THRU_HOST_BRIDGE, 6,
	       "the path leads through the host bridge, which forwards peer-to-peer (AMD, Zen or later)");
}

static void same_only(void **state)
{
	(void)state;
	made.hosts[0].entry = hosts_find(0x8086, 0x2f00);
	made.hosts[1].entry = hosts_find(0x1ae0, 0x1234);
	assert_true(made.hosts[0].entry->same_only);
	assert_false(made.hosts[1].entry->same_only);
	expect(A, C, MAP_THRU_HOST_BRIDGE, 6,
	       "the path leads through host bridge 1b36:0c0c at 0000:00:00.0 (Haswell-E: Xeon E5 v3, E7 v3, Core i7, only between devices below it), known to forward peer-to-peer");
	expect(D, A, MAP_NOT_SUPPORTED, 6,
	       "the path leads through host bridge 1b36:0c0c at 0000:00:00.0 (Haswell-E: Xeon E5 v3, E7 v3, Core i7, only between devices below it) and 1b36:0c0c at 0000:80:01.0 (Google system on chip), not known to forward peer-to-peer");
}

static void other_ids(void **state)
{
	(void)state;
	assert_null(hosts_find(0x8086, 0x2f95));
	assert_null(hosts_find(0, 0));
}

/* As an unprivileged user sees it. */
static void acs_unreadable(void **state)
{
	(void)state;
	set_acs(DOWN_A, UNKNOWN);
	set_acs(UP, UNKNOWN);
	expect(A, B, MAP_UNKNOWN, 4,
	       "below 0000:01:00.0, but ACS of 0000:02:00.0;0000:01:00.0 cannot be read (only root can)");
	/* This path needs no ACS to be known. */
	expect(A, C, MAP_NOT_SUPPORTED, 6,
	       "the path leads through host bridge 1b36:0c0c at 0000:00:00.0 (unknown), not known to forward peer-to-peer");
	/* One that redirects is enough. */
	set_acs(DOWN_B, YES);
	made.machine.cpu_forwards = true;
	expect(A, B, MAP_THRU_HOST_BRIDGE, 4,
	       "ACS of 0000:02:01.0 redirects requests to the host bridge, which forwards peer-to-peer (AMD, Zen or later)");
}

static void host_unreadable(void **state)
{
	(void)state;
	made.hosts[1].tells = UNKNOWN;
	expect(PORT_D, A, MAP_NOT_SUPPORTED, 5,
	       "the path leads through host bridge 1b36:0c0c at 0000:00:00.0 (unknown) and 1b36:0c0c at 0000:80:01.0 (unknown), not known to forward peer-to-peer");
	made.hosts[0].entry = hosts_find(0x1ae0, 0);
	made.hosts[1].entry = hosts_find(0x1ae0, 0);
	expect(D, A, MAP_UNKNOWN, 6,
	       "the path leads through host bridge 1b36:0c0c at 0000:00:00.0 (Google system on chip) and 1b36:0c0c at 0000:80:01.0 (Google system on chip), of which only root can tell whether it forwards it");
}

static void host_without_function(void **state)
{
	(void)state;
	made.hosts[1].tells = NO;
	expect(D, PORT_D, MAP_BUS_ADDR, 1,
	       "below 0000:80:01.0 without ACS redirection");
	set_acs(PORT_D, YES);
	expect(D, PORT_D, MAP_NOT_SUPPORTED, 1,
	       "ACS of 0000:80:01.0 redirects requests to host bridge pci0000:80 (no function on its root bus identifies it), not known to forward peer-to-peer");
	expect_remedy(D, PORT_D, "boot with pci=disable_acs_redir=0000:80:01.0 if the devices need no isolation from each other");
}

static void drivers_answers(void **state)
{
	struct path *paths;

	(void)state;
	paths = paths_load(&made.machine, &made.functions[A]);
	assert_false(paths[B].is_drivers);
	assert_int_equal(paths[B].type, MAP_BUS_ADDR);
	paths_parse(&made.machine, paths,
		    "0000:04:00.0 7 THRU_HOST_BRIDGE because it is so\n"
		    "0000:99:00.0 1 BUS_ADDR that is not there\n"
		    "nonsense\n"
		    "0000:05:00.0 6 SOMETHING_NEW and why\n");
	assert_true(paths[B].is_drivers);
	assert_int_equal(paths[B].type, MAP_THRU_HOST_BRIDGE);
	assert_int_equal(paths[B].distance, 7);
	assert_string_equal(paths[B].why, "because it is so");
	assert_int_equal(paths[C].type, MAP_UNKNOWN);
	assert_false(paths[D].is_drivers);
	paths_free(&made.machine, paths);
}

#define RULE(name, function) \
	{ "path rules: " name, function, setup, NULL, NULL }

int test_path_rules(void)
{
	const struct CMUnitTest tests[] = {
		RULE("below a switch, by bus addresses", switch_without_acs),
		RULE("ACS redirects, and is named", switch_redirects),
		RULE("through two host bridges", two_hosts),
		RULE("a host bridge that forwards only below itself", same_only),
		RULE("ids that belong to no entry", other_ids),
		RULE("ACS that cannot be read", acs_unreadable),
		RULE("a host bridge that cannot be told", host_unreadable),
		RULE("a host bridge that no function tells", host_without_function),
		RULE("the driver's answers come first", drivers_answers),
	};

	return run_group("path rules", tests);
}
