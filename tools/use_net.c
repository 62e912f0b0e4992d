// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether the machine uses a network card.  Any sign of use counts: an address, a
 * route in any table, an interface that is stacked on the card's, a socket.  Tunnels
 * and VPNs need none of their own: what carries them has an address or a route.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "use.h"
#include "util.h"

/* The base class of network cards. */
#define BASE_NETWORK	0x02

static const struct net_link *link_by_index(const struct net *net, int index)
{
	size_t i;

	for (i = 0; index && i < net->nr_links; i++)
		if (net->links[i].index == index)
			return &net->links[i];
	return NULL;
}

static bool is_on_device(const struct net_link *link, const char *bdf)
{
	return link->path && device_has(bdf, link->path);
}

static bool is_member(const struct net *net, const bool *members, int index)
{
	const struct net_link *link = link_by_index(net, index);

	return link && members[link - net->links];
}

/* Whether an interface is directly above one of the members. */
static bool is_above(const struct net *net, const bool *members,
		     const struct net_link *link)
{
	size_t i;

	if (!link->lower_is_foreign && is_member(net, members, link->lower))
		return true;
	for (i = 0; i < net->nr_links; i++)
		if (members[i] && (net->links[i].master == link->index ||
				   !strcmp(net->links[i].upper, link->name)))
			return true;
	return false;
}

/* The device's interfaces and all that are stacked on them; NULL if it has none. */
static bool *members_of(const struct net *net, const char *bdf)
{
	bool *members = allocate(net->nr_links, sizeof(*members));
	bool any = false, grown;
	size_t i;

	for (i = 0; i < net->nr_links; i++) {
		members[i] = is_on_device(&net->links[i], bdf);
		any |= members[i];
	}
	do {
		grown = false;
		for (i = 0; any && i < net->nr_links; i++)
			if (!members[i] && is_above(net, members, &net->links[i])) {
				members[i] = true;
				grown = true;
			}
	} while (grown);
	if (!any) {
		free(members);
		members = NULL;
	}
	return members;
}

static char *say_use(const struct net_use *use, const char *name)
{
	switch (use->kind) {
	case NET_DEFAULT_ROUTE:
		return text("the default route%s goes through %s", use->what,
			    name);
	case NET_ROUTE:
	case NET_KERNEL_ROUTE:
		return text("the route to %s goes through %s", use->what, name);
	case NET_ADDRESS:
		return text("%s has the address %s", name, use->what);
	case NET_PPPOE:
		return text("a PPPoE session goes through %s", name);
	case NET_NEXT_HOP:
		return text("a next hop of the routing tables is on %s", name);
	case NET_RULE:
		return text("a routing rule (%s) names %s", use->what, name);
	default:
		return text("a program has a packet socket on %s", name);
	}
}

static char *find_use(const struct net *net, const bool *members)
{
	enum net_use_kind kind;
	size_t i, j;

	for (kind = 0; kind < NET_USE_KINDS; kind++)
		for (i = 0; i < net->nr_uses; i++)
			for (j = 0; j < net->nr_links; j++)
				if (members[j] && net->uses[i].kind == kind &&
				    (net->uses[i].index == net->links[j].index ||
				     !strcmp(net->uses[i].name, net->links[j].name)))
					return say_use(&net->uses[i],
						       net->links[j].name);
	return NULL;
}

/* What is stacked on the device's own interfaces, or attached to them. */
static char *find_stacked(const struct net *net, const bool *members,
			  const char *bdf)
{
	const struct net_link *link, *master;
	size_t i;

	for (i = 0; i < net->nr_links; i++) {
		link = &net->links[i];
		if (!members[i])
			continue;
		master = link_by_index(net, link->master);
		if (master)
			return text("%s is a port of %s (%s)", link->name,
				    master->name, *master->kind ? master->kind :
				    "of unknown kind");
		if (!is_on_device(link, bdf))
			return text("%s (%s) is on top of it", link->name,
				    *link->kind ? link->kind : "of unknown kind");
		if (*link->upper)
			return text("%s is on top of %s", link->upper, link->name);
		if (link->has_xdp)
			return text("an XDP program is attached to %s", link->name);
		if (link->has_filters)
			return text("traffic control filters are attached to %s",
				    link->name);
	}
	return NULL;
}

char *net_use_of(const struct net *net, const char *bdf)
{
	bool *members = members_of(net, bdf);
	char *use;

	if (!members)
		return NULL;
	use = find_use(net, members);
	if (!use)
		use = find_stacked(net, members, bdf);
	free(members);
	return use;
}

/* Those whose lower interface can be in another namespace than they are. */
static bool can_be_apart(const struct net_link *link)
{
	static const char *const kinds[] = {
		"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(link->kind, kinds[i]))
			return link->lower_is_foreign;
	return false;
}

/*
 * What another namespace has of the device: its interface itself, or one that is
 * stacked on it.  The index of that is only known to be the same.
 */
char *net_use_apart(const struct net *net, const struct net *other,
		    const char *bdf)
{
	const struct net_link *link, *lower;
	size_t i;

	for (i = 0; i < other->nr_links; i++) {
		link = &other->links[i];
		if (is_on_device(link, bdf))
			return text("its interface %s is in another network namespace",
				    link->name);
		lower = link_by_index(net, link->lower);
		if (can_be_apart(link) && lower && is_on_device(lower, bdf))
			return text("%s (%s) of another network namespace seems to be on top of %s",
				    link->name, link->kind, lower->name);
	}
	return NULL;
}

/**
 * struct namespaces - those that have been looked at
 * @seen: inode numbers of their files
 * @count: number of @seen
 * @entered: one of them was entered
 */
struct namespaces {
	ino_t *seen;
	size_t count;
	bool entered;
};

static bool is_new(struct namespaces *namespaces, int fd)
{
	struct stat stat_;
	size_t i;

	if (fstat(fd, &stat_))
		return false;
	for (i = 0; i < namespaces->count; i++)
		if (namespaces->seen[i] == stat_.st_ino)
			return false;
	namespaces->seen = reallocarray(namespaces->seen, namespaces->count + 1,
					sizeof(*namespaces->seen));
	if (!namespaces->seen)
		fail("out of memory");
	namespaces->seen[namespaces->count++] = stat_.st_ino;
	return true;
}

static char *look_into(struct namespaces *namespaces, const char *path,
		       const struct net *net, const char *bdf)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct net other;
	char *use = NULL;

	if (fd < 0)
		return NULL;
	if (is_new(namespaces, fd) && !setns(fd, CLONE_NEWNET)) {
		namespaces->entered = true;
		if (!net_load(&other))
			use = net_use_apart(net, &other, bdf);
		net_free(&other);
	}
	close(fd);
	return use;
}

static char *look_below(struct namespaces *namespaces, const char *directory,
			const char *file, const struct net *net, const char *bdf)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char *path, *use = NULL;

	while (dir && !use && (entry = readdir(dir))) {
		if (!is_name(entry))
			continue;
		path = text("%s/%s%s", directory, entry->d_name, file);
		use = look_into(namespaces, path, net, bdf);
		free(path);
	}
	if (dir)
		closedir(dir);
	return use;
}

/* Those of processes, and those that have only a name. */
static char *use_in_others(const struct net *net, const char *bdf)
{
	static const char *const places[] = { "/run/netns", "/run/docker/netns" };
	struct namespaces namespaces = {};
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char *use = NULL;
	size_t i;

	if (own < 0 || !is_new(&namespaces, own))
		return NULL;
	use = look_below(&namespaces, "/proc", "/ns/net", net, bdf);
	for (i = 0; i < ARRAY_SIZE(places) && !use; i++)
		use = look_below(&namespaces, places[i], "", net, bdf);
	if (namespaces.entered && setns(own, CLONE_NEWNET))
		fail("cannot return to the network namespace");
	free(namespaces.seen);
	close(own);
	return use;
}

char *use_by_network(const char *bdf)
{
	struct net net;
	char *use = NULL;

	if (!net_load(&net)) {
		use = net_use_of(&net, bdf);
		if (!use)
			use = use_in_others(&net, bdf);
	} else if (device_number(bdf, "class") >> 16 == BASE_NETWORK) {
		use = text("the network interfaces cannot be listed");
	}
	net_free(&net);
	return use;
}
