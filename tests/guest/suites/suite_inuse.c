// SPDX-License-Identifier: GPL-2.0-only
/* What "bind" of the operator's command refuses because the machine uses it. */
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

/* Refused, and so is what is named with it. */
static void check_refused(const char *bdf, const char *why)
{
	char good[BDF_SIZE], driver[64];

	snprintf(good, sizeof(good), "%s", tool_memory());
	snprintf(driver, sizeof(driver), "%s", device_driver(bdf));
	assert_tool(tool_run("bind", good, bdf, NULL), 2, why);
	assert_string_equal(device_driver(good), "");
	assert_string_equal(device_driver(bdf), driver);
	assert_string_equal(tool_override(bdf), "(null)");
}

static void check_forced(const char *bdf)
{
	assert_tool(tool_run("bind", "--force", bdf, NULL), 0, "bound");
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
}

/* By the shell and the tools that are there for the documents. */
static void run_shell(const char *command)
{
	char line[384];

	snprintf(line, sizeof(line), "PATH=/docs/bin; %s", command);
	assert_int_equal(system(line), 0);
}

static void display_refused(void **state)
{
	const char *bdf = bench_find(VGA, 0);

	(void)state;
	tool_free_device(bdf);
	check_refused(bdf, "it is the display that the machine booted with; --force");
	check_forced(bdf);
}

/* A namespace is called after its controller, or after its subsystem. */
static void find_disk(const char *bdf, char *node, size_t size)
{
	char controller[32];

	tool_only_name(bdf, "nvme", controller, sizeof(controller));
	snprintf(node, size, "/dev/%sn1", controller);
}

static void load_nvme(void)
{
	unsigned int i;

	for (i = 0; device_find(NVME, i); i++)
		tool_free_device(device_find(NVME, i));
	assert_ok(module_load("nvme", NULL));
}

/* While it looks at a disk in the background, it is in use. */
static void unload_nvme(void)
{
	wait_until(!module_unload("nvme"));
}

static void held_refused(void **state)
{
	const char *bdf = bench_find(NVME, 0);
	char node[64];
	int fd;

	(void)state;
	load_nvme();
	find_disk(bdf, node, sizeof(node));
	/* The driver looks at the disk in the background. */
	wait_until(!access(node, F_OK));
	wait_until((fd = open(node, O_RDONLY | O_EXCL | O_CLOEXEC)) >= 0);
	bench_keep(fd);
	check_refused(bdf, ") has it open; --force");
	bench_drop(fd);
	check_forced(bdf);
	unload_nvme();
}

/* All that the kernel wants of swap space. */
static void make_swap(const char *node)
{
	struct {
		char boot[1024];
		uint32_t version;
		uint32_t last_page;
		char rest[PAGE - 1024 - 8 - 10];
		char magic[10];
	} __attribute__((packed)) header = {
		.version = 1,
		.last_page = 16,
		.magic = "SWAPSPACE2",
	};
	int fd = open(node, O_WRONLY | O_CLOEXEC);

	assert_sys(fd);
	bench_keep(fd);
	assert_int_equal(sizeof(header), PAGE);
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	bench_drop(fd);
}

/* Its namespace is below no device, but below a subsystem of NVMe. */
static void swap_refused(void **state)
{
	const char *bdf = bench_find(NVME, 2);
	char node[64];

	(void)state;
	load_nvme();
	find_disk(bdf, node, sizeof(node));
	wait_until(!access(node, F_OK));
	make_swap(node);
	assert_sys(swapon(node, 0));
	check_refused(bdf, "n1 is swap space; --force");
	assert_sys(swapoff(node));
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to nvme");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to nvme");
	unload_nvme();
}

static void mounted_refused(void **state)
{
	static const char where[] = "/tmp/mounted";
	const char *bdf = bench_find(NVME, 2);
	char node[64], command[128];

	(void)state;
	load_nvme();
	find_disk(bdf, node, sizeof(node));
	wait_until(!access(node, F_OK));
	snprintf(command, sizeof(command), "mke2fs %s >/dev/null", node);
	run_shell(command);
	assert_ok(module_load("ext4", NULL));
	mkdir(where, 0700);
	assert_sys(mount(node, where, "ext2", MS_RDONLY, NULL));
	check_refused(bdf, "n1 is mounted at /tmp/mounted; --force");
	assert_sys(umount(where));
	assert_sys(rmdir(where));
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to nvme");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to nvme");
	unload_nvme();
}

/* Its driver is the kernel's; gets the name of its interface. */
static const char *start_card(char name[IFNAMSIZ])
{
	const char *bdf = bench_find(E1000E, 0);

	tool_free_device(bdf);
	assert_ok(module_load("e1000e", NULL));
	tool_only_name(bdf, "net", name, IFNAMSIZ);
	return bdf;
}

/* Runs a command in which $card is the interface. */
static void run_for(const char *name, const char *command)
{
	char line[320];

	snprintf(line, sizeof(line), "card=%s; %s", name, command);
	run_shell(line);
}

/**
 * struct network - what a card is used for
 * @module: that this needs, if any
 * @make: command that makes it so; the interface is $card
 * @words: what is said of it
 */
struct network {
	const char *module;
	const char *make;
	const char *words;
};

#define DEFAULT_ROUTE(name) \
	" && ip link set " name " up && ip route add default dev " name

static const struct network itself = {
	NULL, "true" DEFAULT_ROUTE("$card"), "the default route goes through eth",
};

static const struct network vlan = {
	"8021q",
	"ip link set $card up && ip link add link $card name test-vlan type vlan id 5"
	DEFAULT_ROUTE("test-vlan"),
	"the default route goes through test-vlan; --force",
};

static const struct network bridge = {
	"bridge", "brctl addbr test-bridge && brctl addif test-bridge $card"
	DEFAULT_ROUTE("test-bridge"),
	"the default route goes through test-bridge; --force",
};

static const struct network bond = {
	"bonding", "echo +$card >/sys/class/net/bond0/bonding/slaves"
	DEFAULT_ROUTE("bond0"),
	"the default route goes through bond0; --force",
};

static const struct network address = {
	NULL, "ip addr add 192.0.2.7/24 dev $card", " has the address 192.0.2.7/24; --force",
};

/* A VPN's two halves of everything, in a table of its own. */
static const struct network split = {
	NULL,
	"ip link set $card up && ip route add 0.0.0.0/1 dev $card table 200 && ip route add 128.0.0.0/1 dev $card table 200",
	"the route to 0.0.0.0/1 (table 200) goes through ",
};

static const struct network table = {
	NULL, "ip link set $card up && ip route add default dev $card table 100",
	"the default route (table 100) goes through ",
};

static const struct network six = {
	NULL, "ip link set $card up && ip -6 route add 2001:db8::/32 dev $card",
	"the route to 2001:db8::/32 goes through ",
};

static const struct network macvlan = {
	"macvlan", "ip link add link $card name test-mv type macvlan",
	"test-mv is on top of ",
};

static const struct network port = {
	"bridge", "brctl addbr test-bridge && brctl addif test-bridge $card",
	" is a port of test-bridge (bridge)",
};

/* busybox's own makes no tunnels, and no rules for output. */
#define IP "/usr/lib/iproute2/ip "

static const struct network other_metric = {
	NULL,
	"ip link set $card up && ip route add default dev $card metric 900",
	"the default route goes through ",
};

static const struct network ipvlan = {
	"ipvlan", IP "link add link $card name test-ipvl type ipvlan",
	"test-ipvl is on top of ",
};

static const struct network macvtap = {
	"macvtap", IP "link add link $card name test-tap type macvtap",
	"test-tap is on top of ",
};

/* Its module is in use as long as it exists, which is longer than the card does. */
static const struct network vrf = {
	NULL,
	"modprobe vrf && " IP "link add test-vrf type vrf table 50 && ip link set $card master test-vrf",
	" is a port of test-vrf (vrf)",
};

/* It has its lower interface in attributes of its own. */
static const struct network vxlan = {
	"vxlan", IP "link add test-vx type vxlan id 7 dev $card dstport 4789",
	"test-vx",
};

static const struct network gre = {
	"ip_gre", IP "link add test-gre type gre remote 192.0.2.1 dev $card",
	"test-gre (gre) is on top of it",
};

/* The address is two interfaces above the card. */
static const struct network bridge_vlan = {
	"8021q",
	"modprobe bridge && brctl addbr br-vlan && brctl addif br-vlan $card && ip link add link br-vlan name br-vlan.5 type vlan id 5 && ip addr add 192.0.2.7/24 dev br-vlan.5",
	"br-vlan.5 has the address 192.0.2.7/24; --force",
};

static void card_refused(void **state)
{
	const struct network *network = *state;
	char name[IFNAMSIZ];
	const char *bdf;

	if (network->module)
		assert_ok(module_load(network->module, NULL));
	bdf = start_card(name);
	run_for(name, network->make);
	check_refused(bdf, network->words);
	assert_tool(tool_run("check", bdf, NULL), 0, "this machine uses it: ");
	check_forced(bdf);
	assert_ok(module_unload("e1000e"));
	if (network->module)
		assert_ok(module_unload(network->module));
}

/* The rule outlives the card, and would count for the next one of its name. */
static void rule_refused(void **state)
{
	const char *direction = *state;
	char name[IFNAMSIZ], line[80];
	const char *bdf = start_card(name);

	snprintf(line, sizeof(line), IP "rule add %s $card lookup 100", direction);
	run_for(name, line);
	snprintf(line, sizeof(line), "a routing rule (%s) names %s; --force", direction,
		 name);
	check_refused(bdf, line);
	snprintf(line, sizeof(line), IP "rule del %s $card lookup 100", direction);
	run_for(name, line);
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to e1000e");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to e1000e");
	assert_ok(module_unload("e1000e"));
}

static bool is_in_other_namespace(pid_t pid)
{
	char path[64], own[64] = "", other[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	assert_sys(readlink(path, other, sizeof(other) - 1));
	assert_sys(readlink("/proc/self/ns/net", own, sizeof(own) - 1));
	return strcmp(own, other);
}

static void namespace_refused(void **state)
{
	char name[IFNAMSIZ], line[128];
	const char *bdf = start_card(name);
	pid_t child;

	(void)state;
	child = fork();
	if (!child) {
		if (unshare(CLONE_NEWNET))
			_exit(1);
		pause();
		_exit(0);
	}
	snprintf(line, sizeof(line), "ip link set %s netns %d", name, child);
	/* It is in the namespace only once the child is. */
	wait_until(is_in_other_namespace(child));
	run_shell(line);
	check_refused(bdf, "is in another network namespace; --force");
	assert_sys(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, NULL, 0), child);
	wait_until(!module_unload("e1000e"));
}

/* Up, with the address that every interface then has. */
static void idle_card(void **state)
{
	char name[IFNAMSIZ];
	const char *bdf = start_card(name);

	(void)state;
	run_for(name, "ip link set $card up");
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to e1000e");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to e1000e");
	assert_ok(module_unload("e1000e"));
}

#define INUSE(name, function) TEST("inuse", name, function)
#define CARD(name, network) TEST_WITH("inuse", name, card_refused, network)

int suite_inuse(void)
{
	const struct CMUnitTest tests[] = {
		INUSE("bind refuses the boot display", display_refused),
		INUSE("bind refuses a disk that somebody holds", held_refused),
		INUSE("bind refuses swap space", swap_refused),
		INUSE("bind refuses a disk with a mounted file system",
		      mounted_refused),
		CARD("bind refuses what has the default route", &itself),
		CARD("bind refuses a card below a VLAN with the default route",
		     &vlan),
		CARD("bind refuses a card below a bridge with an address on a VLAN",
		     &bridge_vlan),
		CARD("bind refuses a card below a bridge with the default route",
		     &bridge),
		CARD("bind refuses a card below a bond with the default route",
		     &bond),
		CARD("bind refuses a card with an address", &address),
		CARD("bind refuses a card with a VPN's halves of everything",
		     &split),
		CARD("bind refuses a card with the default route of another table",
		     &table),
		CARD("bind refuses a card with a route of IPv6", &six),
		CARD("bind refuses a card below a macvlan", &macvlan),
		CARD("bind refuses a card that is a port of a bridge without routes",
		     &port),
		CARD("bind refuses a card whose default route is not the preferred one",
		     &other_metric),
		CARD("bind refuses a card below an ipvlan", &ipvlan),
		CARD("bind refuses a card below a macvtap", &macvtap),
		CARD("bind refuses a card that is a port of a VRF", &vrf),
		CARD("bind refuses a card below a VXLAN", &vxlan),
		CARD("bind refuses a card below a GRE tunnel", &gre),
		TEST_WITH("inuse", "bind refuses a card that a rule for its input names",
			  rule_refused, "iif"),
		TEST_WITH("inuse", "bind refuses a card that a rule for its output names",
			  rule_refused, "oif"),
		INUSE("bind refuses a card whose interface another namespace has",
		      namespace_refused),
		INUSE("bind takes a card that is only up", idle_card),
	};

	return bench_is_ours() ? run_group("inuse", tests) : 0;
}
