// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"
#include "util.h"

#define CLASS_NET	"/sys/class/net"

/* A dump's messages are at most this long. */
#define RECEIVE_SIZE	65536

/* The kind of a VXLAN, whose lower interface is only in its own attributes. */
#define VXLAN_LINK	3

static struct net_link *add_link(struct net *net)
{
	net->links = reallocarray(net->links, net->nr_links + 1,
				  sizeof(*net->links));
	if (!net->links)
		fail("out of memory");
	net->links[net->nr_links] = (struct net_link) {};
	return &net->links[net->nr_links++];
}

static struct net_use *add_use(struct net *net, enum net_use_kind kind,
			       int index)
{
	net->uses = reallocarray(net->uses, net->nr_uses + 1,
				 sizeof(*net->uses));
	if (!net->uses)
		fail("out of memory");
	net->uses[net->nr_uses] = (struct net_use) { .kind = kind, .index = index };
	return &net->uses[net->nr_uses++];
}

/* The attribute of a type; NULL if there is none. */
static const struct rtattr *find_attr(const struct rtattr *attr, int length,
				      int type)
{
	for (; RTA_OK(attr, length); attr = RTA_NEXT(attr, length))
		if ((attr->rta_type & NLA_TYPE_MASK) == type)
			return attr;
	return NULL;
}

static const struct rtattr *find_nested(const struct rtattr *parent, int type)
{
	return parent ? find_attr(RTA_DATA(parent), RTA_PAYLOAD(parent), type) :
			NULL;
}

static int attr_int(const struct rtattr *attr)
{
	int value = 0;

	if (attr && RTA_PAYLOAD(attr) >= sizeof(value))
		memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

static void copy_string(char *to, size_t size, const struct rtattr *attr)
{
	snprintf(to, size, "%.*s", attr ? (int)RTA_PAYLOAD(attr) : 0,
		 attr ? (const char *)RTA_DATA(attr) : "");
}

/* sysfs shows classes of the reader's namespace only, but buses of all of them. */
static char *device_path(const char *name, const struct rtattr *bus,
			 const struct rtattr *device)
{
	char link[PATH_MAX];

	if (bus && device)
		snprintf(link, sizeof(link), "/sys/bus/%s/devices/%s",
			 (const char *)RTA_DATA(bus),
			 (const char *)RTA_DATA(device));
	else
		snprintf(link, sizeof(link), CLASS_NET "/%s/device", name);
	return realpath(link, NULL);
}

/* rtnetlink does not tell of all that can be stacked on an interface. */
static void find_upper(struct net_link *link)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), CLASS_NET "/%s", link->name);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "upper_", strlen("upper_")))
			snprintf(link->upper, sizeof(link->upper), "%.15s",
				 entry->d_name + strlen("upper_"));
	if (dir)
		closedir(dir);
}

static void parse_link(struct net *net, struct nlmsghdr *message)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct rtattr *attrs = IFLA_RTA(info), *kind, *xdp;
	int length = IFLA_PAYLOAD(message);
	struct net_link *link = add_link(net);

	link->index = info->ifi_index;
	copy_string(link->name, sizeof(link->name),
		    find_attr(attrs, length, IFLA_IFNAME));
	kind = find_attr(attrs, length, IFLA_LINKINFO);
	copy_string(link->kind, sizeof(link->kind),
		    find_nested(kind, IFLA_INFO_KIND));
	link->master = attr_int(find_attr(attrs, length, IFLA_MASTER));
	link->lower = attr_int(find_attr(attrs, length, IFLA_LINK));
	if (!link->lower && !strcmp(link->kind, "vxlan"))
		link->lower = attr_int(find_nested(find_nested(kind, IFLA_INFO_DATA),
						   VXLAN_LINK));
	/* Hardware has its own index there. */
	if (link->lower == link->index)
		link->lower = 0;
	link->lower_is_foreign = find_attr(attrs, length, IFLA_LINK_NETNSID);
	xdp = find_nested(find_attr(attrs, length, IFLA_XDP), IFLA_XDP_ATTACHED);
	link->has_xdp = xdp && *(const unsigned char *)RTA_DATA(xdp);
	link->path = device_path(link->name,
				 find_attr(attrs, length, IFLA_PARENT_DEV_BUS_NAME),
				 find_attr(attrs, length, IFLA_PARENT_DEV_NAME));
	find_upper(link);
}

/* "192.0.2.1/24" */
static void say_prefix(char *to, size_t size, int family, const void *address,
		       unsigned int bits)
{
	char name[INET6_ADDRSTRLEN] = "";

	if (family == AF_INET || family == AF_INET6)
		inet_ntop(family, address, name, sizeof(name));
	snprintf(to, size, "%s/%u", name, bits);
}

/* Every interface that is up has these: they are no use of it. */
static bool is_link_local(int family, const void *address)
{
	const unsigned char *bytes = address;

	if (family != AF_INET6)
		return false;
	return *bytes == 0xff || (*bytes == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

static void parse_address(struct net *net, struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	const struct rtattr *attrs = IFA_RTA(info), *address;
	int length = IFA_PAYLOAD(message);
	struct net_use *use;

	address = find_attr(attrs, length, IFA_LOCAL);
	if (!address)
		address = find_attr(attrs, length, IFA_ADDRESS);
	if (!address || is_link_local(info->ifa_family, RTA_DATA(address)))
		return;
	use = add_use(net, NET_ADDRESS, info->ifa_index);
	say_prefix(use->what, sizeof(use->what), info->ifa_family,
		   RTA_DATA(address), info->ifa_prefixlen);
}

static void add_route(struct net *net, const struct rtmsg *info, int index,
		      const void *destination, unsigned int table)
{
	enum net_use_kind kind = info->rtm_protocol == RTPROT_KERNEL ?
				 NET_KERNEL_ROUTE : NET_ROUTE;
	char where[48] = "?";
	struct net_use *use;

	if (!index || info->rtm_table == RT_TABLE_LOCAL ||
	    info->rtm_type == RTN_MULTICAST ||
	    (destination && is_link_local(info->rtm_family, destination)))
		return;
	if (!info->rtm_dst_len)
		kind = NET_DEFAULT_ROUTE;
	use = add_use(net, kind, index);
	if (destination)
		say_prefix(where, sizeof(where), info->rtm_family, destination,
			   info->rtm_dst_len);
	if (kind == NET_DEFAULT_ROUTE)
		*where = '\0';
	snprintf(use->what, sizeof(use->what),
		 table == RT_TABLE_MAIN ? "%s" : "%s (table %u)", where, table);
}

static void parse_route(struct net *net, struct nlmsghdr *message)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct rtattr *attrs = RTM_RTA(info), *destination, *table, *hops;
	int length = RTM_PAYLOAD(message), rest;
	const struct rtnexthop *hop;
	const void *where;
	unsigned int number;

	/* The cache of routes in use, not the configuration. */
	if (info->rtm_flags & RTM_F_CLONED)
		return;
	destination = find_attr(attrs, length, RTA_DST);
	where = destination ? RTA_DATA(destination) : NULL;
	table = find_attr(attrs, length, RTA_TABLE);
	number = table ? (unsigned int)attr_int(table) : info->rtm_table;
	add_route(net, info, attr_int(find_attr(attrs, length, RTA_OIF)), where,
		  number);
	hops = find_attr(attrs, length, RTA_MULTIPATH);
	if (!hops)
		return;
	rest = RTA_PAYLOAD(hops);
	for (hop = RTA_DATA(hops); rest >= (int)sizeof(*hop) && RTNH_OK(hop, rest);
	     rest -= NLMSG_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
		add_route(net, info, hop->rtnh_ifindex, where, number);
}

static void parse_next_hop(struct net *net, struct nlmsghdr *message)
{
	const struct nhmsg *info = NLMSG_DATA(message);
	int length = NLMSG_PAYLOAD(message, sizeof(*info)), index;

	index = attr_int(find_attr((const void *)(info + 1), length, NHA_OIF));
	if (index)
		add_use(net, NET_NEXT_HOP, index);
}

static void add_rule(struct net *net, const struct rtattr *name, const char *what)
{
	struct net_use *use;

	if (!name)
		return;
	use = add_use(net, NET_RULE, 0);
	copy_string(use->name, sizeof(use->name), name);
	snprintf(use->what, sizeof(use->what), "%s", what);
}

/* The routes of its table may all be elsewhere, and the traffic is still ours. */
static void parse_rule(struct net *net, struct nlmsghdr *message)
{
	const struct fib_rule_hdr *rule = NLMSG_DATA(message);
	int length = NLMSG_PAYLOAD(message, sizeof(*rule));
	const struct rtattr *attrs = (const void *)(rule + 1);

	add_rule(net, find_attr(attrs, length, FRA_IIFNAME), "iif");
	add_rule(net, find_attr(attrs, length, FRA_OIFNAME), "oif");
}

static void parse_qdisc(struct net *net, struct nlmsghdr *message)
{
	const struct tcmsg *info = NLMSG_DATA(message);
	char kind[IFNAMSIZ];
	size_t i;

	copy_string(kind, sizeof(kind), find_attr(TCA_RTA(info),
						  TCA_PAYLOAD(message), TCA_KIND));
	if (strcmp(kind, "clsact") && strcmp(kind, "ingress"))
		return;
	for (i = 0; i < net->nr_links; i++)
		if (net->links[i].index == info->tcm_ifindex)
			net->links[i].has_filters = true;
}

/* What the kernel can be asked for, and what each answer consists of. */
static const struct dump {
	int request;
	int answer;
	size_t size;
	void (*parse)(struct net *net, struct nlmsghdr *message);
} dumps[] = {
	{ RTM_GETLINK, RTM_NEWLINK, sizeof(struct ifinfomsg), parse_link },
	{ RTM_GETADDR, RTM_NEWADDR, sizeof(struct ifaddrmsg), parse_address },
	{ RTM_GETROUTE, RTM_NEWROUTE, sizeof(struct rtmsg), parse_route },
	{ RTM_GETNEXTHOP, RTM_NEWNEXTHOP, sizeof(struct nhmsg), parse_next_hop },
	{ RTM_GETRULE, RTM_NEWRULE, sizeof(struct fib_rule_hdr), parse_rule },
	{ RTM_GETQDISC, RTM_NEWQDISC, sizeof(struct tcmsg), parse_qdisc },
};

/* Returns whether more is to come, or a negative errno. */
static int parse_answers(struct net *net, const struct dump *dump,
			 struct nlmsghdr *message, size_t length)
{
	for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(message))->error;
		if (message->nlmsg_type == dump->answer &&
		    message->nlmsg_len >= NLMSG_LENGTH(dump->size))
			dump->parse(net, message);
	}
	return 1;
}

static int ask(struct net *net, int fd, const struct dump *dump)
{
	struct {
		struct nlmsghdr header;
		char body[64];
	} request = {
		.header.nlmsg_len = NLMSG_LENGTH(dump->size),
		.header.nlmsg_type = dump->request,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	static char buffer[RECEIVE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t done;
	int ret;

	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		return -errno;
	do {
		done = recv(fd, buffer, sizeof(buffer), 0);
		ret = done < 0 ? -errno :
		      parse_answers(net, dump, (void *)buffer, done);
	} while (ret > 0);
	return ret;
}

/* "SK REFCOUNT TYPE PROTOCOL INDEX ..."; index 0 listens to all interfaces. */
static void load_packet_sockets(struct net *net)
{
	char *lines = read_all("/proc/self/net/packet"), *rest = lines, *line;
	int index;

	while ((line = strsep(&rest, "\n")))
		if (sscanf(line, "%*x %*d %*d %*x %d", &index) == 1 && index)
			add_use(net, NET_PACKET_SOCKET, index);
	free(lines);
}

/* "ID ADDRESS INTERFACE", below a line with their names. */
static void load_pppoe(struct net *net)
{
	char *lines = read_all("/proc/self/net/pppoe"), *rest = lines, *line;
	char name[IFNAMSIZ];

	while ((line = strsep(&rest, "\n")))
		if (sscanf(line, "%*[0-9A-Fa-f] %*[0-9A-Fa-f:] %15s", name) == 1)
			strcpy(add_use(net, NET_PPPOE, 0)->name, name);
	free(lines);
}

int net_load(struct net *net)
{
	int fd, ret = 0;
	size_t i;

	*net = (struct net) {};
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	for (i = 0; i < ARRAY_SIZE(dumps) && !ret; i++) {
		ret = ask(net, fd, &dumps[i]);
		/* Not every kernel has next-hop objects, or rules. */
		if (ret == -EOPNOTSUPP && dumps[i].request != RTM_GETLINK)
			ret = 0;
	}
	close(fd);
	load_packet_sockets(net);
	load_pppoe(net);
	return ret;
}

void net_free(struct net *net)
{
	size_t i;

	for (i = 0; i < net->nr_links; i++)
		free(net->links[i].path);
	free(net->links);
	free(net->uses);
}
