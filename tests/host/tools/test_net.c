// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a machine can use a network card for.  The configuration is made up here; the
 * guests read a real one.
 */
#include "units.h"
#include "use.h"

#define CARD	"0000:03:00.0"
#define OTHER	"0000:04:00.0"
#define PATH_OF(device) "/sys/devices/pci0000:00/0000:00:01.0/" device

static struct net_link links[8];
static struct net_use uses[4];
static struct net net;

/* The card is eth0, number 2; eth1, number 3, is on another device. */
static int setup(void **state)
{
	(void)state;
	memset(links, 0, sizeof(links));
	memset(uses, 0, sizeof(uses));
	links[0] = (struct net_link) { .index = 2, .name = "eth0",
				       .path = PATH_OF(CARD) "/virtio0" };
	links[1] = (struct net_link) { .index = 3, .name = "eth1",
				       .path = PATH_OF(OTHER) };
	net = (struct net) { links, 2, uses, 0 };
	return 0;
}

static struct net_link *add_link(int index, const char *name, const char *kind)
{
	struct net_link *link = &links[net.nr_links++];

	link->index = index;
	snprintf(link->name, sizeof(link->name), "%s", name);
	snprintf(link->kind, sizeof(link->kind), "%s", kind);
	return link;
}

static void add_use(enum net_use_kind kind, int index, const char *what)
{
	struct net_use *use = &uses[net.nr_uses++];

	use->kind = kind;
	use->index = index;
	snprintf(use->what, sizeof(use->what), "%s", what);
}

static void expect(const char *words)
{
	char *use = net_use_of(&net, CARD);

	if (words)
		assert_string_equal(use ? use : "not used", words);
	else
		assert_null(use);
	free(use);
}

static void idle(void **state)
{
	(void)state;
	add_use(NET_DEFAULT_ROUTE, 3, "");
	add_use(NET_ADDRESS, 1, "127.0.0.1/8");
	add_link(9, "br0", "bridge");
	links[1].master = 9;
	expect(NULL);
}

static void routes(void **state)
{
	(void)state;
	add_use(NET_ADDRESS, 2, "192.0.2.1/24");
	expect("eth0 has the address 192.0.2.1/24");
	add_use(NET_ROUTE, 2, "10.0.0.0/8 (table 100)");
	expect("the route to 10.0.0.0/8 (table 100) goes through eth0");
	add_use(NET_DEFAULT_ROUTE, 2, " (table 7)");
	expect("the default route (table 7) goes through eth0");
}

/* A datapath has the card as its port; the default route is on another interface. */
static void open_vswitch(void **state)
{
	(void)state;
	add_link(5, "ovs-system", "openvswitch");
	add_link(6, "br0", "openvswitch");
	links[0].master = 5;
	add_use(NET_DEFAULT_ROUTE, 6, "");
	expect("eth0 is a port of ovs-system (openvswitch)");
}

static void stacked(void **state)
{
	(void)state;
	add_link(5, "bond0", "bond");
	add_link(6, "vlan7", "vlan")->lower = 5;
	links[0].master = 5;
	add_use(NET_DEFAULT_ROUTE, 6, "");
	expect("the default route goes through vlan7");
}

static void on_top(void **state)
{
	(void)state;
	add_link(5, "macvtap0", "macvtap")->lower = 2;
	expect("macvtap0 (macvtap) is on top of it");
	net.nr_links--;
	snprintf(links[0].upper, sizeof(links[0].upper), "%s", "hsr0");
	expect("hsr0 is on top of eth0");
}

/* Its lower interface has the number of the card's in another namespace. */
static void foreign_lower(void **state)
{
	struct net_link *link;

	(void)state;
	link = add_link(5, "vlan7", "vlan");
	link->lower = 2;
	link->lower_is_foreign = true;
	expect(NULL);
}

static void sockets(void **state)
{
	(void)state;
	add_use(NET_PACKET_SOCKET, 2, "");
	expect("a program has a packet socket on eth0");
	add_use(NET_RULE, 0, "iif");
	snprintf(uses[1].name, sizeof(uses[1].name), "%s", "eth0");
	expect("a routing rule (iif) names eth0");
	add_use(NET_NEXT_HOP, 2, "");
	expect("a next hop of the routing tables is on eth0");
	add_use(NET_PPPOE, 0, "");
	snprintf(uses[3].name, sizeof(uses[3].name), "%s", "eth0");
	expect("a PPPoE session goes through eth0");
}

static void programs(void **state)
{
	(void)state;
	links[0].has_filters = true;
	expect("traffic control filters are attached to eth0");
	links[0].has_xdp = true;
	expect("an XDP program is attached to eth0");
}

static void other_namespace(void **state)
{
	struct net_link inside = { .index = 7, .name = "net1",
				   .path = PATH_OF(CARD) "/virtio0" };
	struct net other = { .links = &inside, .nr_links = 1 };
	char *use;

	(void)state;
	use = net_use_apart(&net, &other, CARD);
	assert_string_equal(use, "its interface net1 is in another network namespace");
	free(use);
	inside = (struct net_link) { .index = 7, .name = "eth0", .kind = "macvlan",
				     .lower = 2, .lower_is_foreign = true };
	use = net_use_apart(&net, &other, CARD);
	assert_string_equal(use, "eth0 (macvlan) of another network namespace seems to be on top of eth0");
	free(use);
	snprintf(inside.kind, sizeof(inside.kind), "%s", "veth");
	assert_null(net_use_apart(&net, &other, CARD));
}

/* The machine's own: there is always a loopback interface. */
static void own(void **state)
{
	struct net real;
	size_t i;
	bool found = false;

	(void)state;
	assert_int_equal(net_load(&real), 0);
	for (i = 0; i < real.nr_links; i++)
		found |= !strcmp(real.links[i].name, "lo");
	assert_true(found);
	net_free(&real);
}

#define NET(name, function) { "net: " name, function, setup, NULL, NULL }

int test_net(void)
{
	const struct CMUnitTest tests[] = {
		NET("another card's use is not this one's", idle),
		NET("addresses and routes of any table", routes),
		NET("a port of Open vSwitch", open_vswitch),
		NET("a VLAN on a bond", stacked),
		NET("interfaces on top", on_top),
		NET("a number of another namespace is another number", foreign_lower),
		NET("sockets, next hops and PPPoE", sockets),
		NET("XDP and traffic control", programs),
		NET("an interface in another namespace", other_namespace),
		NET("the kernel's answers are read", own),
	};

	return run_group("net", tests);
}
