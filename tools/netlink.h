/* SPDX-License-Identifier: GPL-2.0-only */
/* The network configuration of one network namespace, as rtnetlink reports it. */
#ifndef TOOLS_NETLINK_H
#define TOOLS_NETLINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct net_link - a network interface
 * @index: number of the interface, unique in its namespace
 * @name: of the interface
 * @kind: of virtual interface ("vlan", "bridge"); "" for hardware
 * @master: index of the bridge, bond, team or VRF that it is a port of; 0 for none
 * @lower: index of the interface that it is stacked on; 0 for none
 * @lower_is_foreign: @lower is an index of another namespace
 * @upper: name of an interface that sysfs lists above it; "" for none
 * @has_xdp: an XDP program is attached
 * @has_filters: a clsact or ingress qdisc is attached
 * @path: its device in sysfs, allocated; NULL if it has none
 */
struct net_link {
	int index;
	char name[IFNAMSIZ];
	char kind[IFNAMSIZ];
	int master;
	int lower;
	bool lower_is_foreign;
	char upper[IFNAMSIZ];
	bool has_xdp;
	bool has_filters;
	char *path;
};

/**
 * enum net_use_kind - what an interface is used for, the most telling first
 * @NET_DEFAULT_ROUTE: a default route of any routing table
 * @NET_ROUTE: another route that somebody has configured
 * @NET_ADDRESS: an address that is not only link-local
 * @NET_PPPOE: a PPPoE session
 * @NET_KERNEL_ROUTE: a route that the kernel has made
 * @NET_NEXT_HOP: a next-hop object
 * @NET_RULE: a rule of policy routing that names it
 * @NET_PACKET_SOCKET: a packet socket that is bound to it
 */
enum net_use_kind {
	NET_DEFAULT_ROUTE,
	NET_ROUTE,
	NET_ADDRESS,
	NET_PPPOE,
	NET_KERNEL_ROUTE,
	NET_NEXT_HOP,
	NET_RULE,
	NET_PACKET_SOCKET,
	NET_USE_KINDS,
};

/**
 * struct net_use - one use of an interface
 * @kind: of use
 * @index: of the interface; 0 if only its name is known
 * @name: of the interface, where @index is 0
 * @what: destination or address
 */
struct net_use {
	enum net_use_kind kind;
	int index;
	char name[IFNAMSIZ];
	char what[96];
};

/**
 * struct net - the interfaces of a namespace, and what they are used for
 * @links: interfaces
 * @nr_links: number of @links
 * @uses: addresses, routes and sockets
 * @nr_uses: number of @uses
 */
struct net {
	struct net_link *links;
	size_t nr_links;
	struct net_use *uses;
	size_t nr_uses;
};

/* Read the configuration of the caller's namespace; 0 or a negative errno. */
int net_load(struct net *net);
void net_free(struct net *net);

#endif /* TOOLS_NETLINK_H */
