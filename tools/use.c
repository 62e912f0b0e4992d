// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "use.h"
#include "util.h"

#define BLOCK	"/sys/class/block"
#define NET	"/sys/class/net"

/* Devices that are made of devices: further down than this is no machine. */
#define MAX_DEPTH	8

/*
 * Calls for each name in a directory until something is returned, which is
 * allocated and returned, too.
 */
static char *for_each(const char *path, const void *about,
		      char *(*call)(const char *path, const char *name,
				    const void *about))
{
	struct dirent *entry;
	char *found = NULL;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return NULL;
	while (!found && (entry = readdir(dir)))
		if (is_name(entry))
			found = call(path, entry->d_name, about);
	closedir(dir);
	return found;
}

/* Whether a link of sysfs leads to the device, or to something below it. */
static bool leads_to(const char *bdf, const char *link)
{
	char *path = realpath(link, NULL);
	bool leads = path && device_has(bdf, path);

	free(path);
	return leads;
}

static char *is_controller(const char *path, const char *name, const void *bdf)
{
	char *link = text("%s/%s", path, name);
	bool leads = leads_to(bdf, link);

	free(link);
	return leads ? text("%s", name) : NULL;
}

/*
 * A namespace of NVMe that has several paths is below none of them, but below a
 * subsystem, which has a link to each controller.
 */
static bool is_in_subsystem(char *path, const char *bdf)
{
	static const char above[] = "/nvme-subsystem/";
	char *found = strstr(path, above), *controller;
	bool is_below;

	if (!found)
		return false;
	found += strlen(above);
	found[strcspn(found, "/")] = '\0';
	controller = for_each(path, bdf, is_controller);
	is_below = controller;
	free(controller);
	return is_below;
}

static bool is_on_device(const char *block, const char *bdf)
{
	char *link = text(BLOCK "/%s", block);
	char *path = realpath(link, NULL);
	bool is_on = path && (device_has(bdf, path) ||
			      is_in_subsystem(path, bdf));

	free(path);
	free(link);
	return is_on;
}

/* Where a block device is mounted, allocated; NULL if it is not. */
static char *mounted_at(const char *number, const char *node)
{
	char *lines = read_all("/proc/self/mountinfo"), *rest = lines, *line;
	char id[32], where[PATH_MAX], source[PATH_MAX], *found = NULL;
	const char *tail;

	while (!found && (line = strsep(&rest, "\n"))) {
		tail = strstr(line, " - ");
		if (sscanf(line, "%*s %*s %31s %*s %4095s", id, where) != 2 ||
		    !tail || sscanf(tail, " - %*s %4095s", source) != 1)
			continue;
		if (!strcmp(id, number) || !strcmp(source, node))
			found = text("is mounted at %s", where);
	}
	free(lines);
	return found;
}

static bool is_swap(const char *node)
{
	char *lines = read_all("/proc/swaps"), *rest = lines, *line;
	size_t length = strlen(node);
	bool found = false;

	/* Another one can begin like it: sda10 and sda1. */
	while (!found && (line = strsep(&rest, "\n")))
		found = !strncmp(line, node, length) &&
			(line[length] == ' ' || line[length] == '\t');
	free(lines);
	return found;
}

/* Only one that nobody holds can be opened like this. */
static bool is_held(const char *node)
{
	int fd = open(node, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBUSY;
}

static char *block_use(const char *block, unsigned int depth);

static char *holder_use(const char *path, const char *name, const void *depth)
{
	(void)path;
	return block_use(name, *(const unsigned int *)depth);
}

/* What a block device, or one that is made of it, is used for. */
static char *block_use(const char *block, unsigned int depth)
{
	char *path = text(BLOCK "/%s/dev", block), *node = text("/dev/%s", block);
	char number[32] = "", *use = NULL, *above;

	read_line(path, number, sizeof(number));
	free(path);
	above = mounted_at(number, node);
	if (above) {
		use = text("%s %s", block, above);
	} else if (is_swap(node)) {
		use = text("%s is swap space", block);
	} else if (++depth < MAX_DEPTH) {
		path = text(BLOCK "/%s/holders", block);
		use = for_each(path, &depth, holder_use);
		free(path);
	}
	free(above);
	free(node);
	return use;
}

static char *block_on_device(const char *path, const char *name,
			     const void *bdf)
{
	char *use, *node;

	(void)path;
	if (!is_on_device(name, bdf))
		return NULL;
	use = block_use(name, 0);
	if (use)
		return use;
	node = text("/dev/%s", name);
	if (is_held(node))
		use = text("%s is in use", name);
	free(node);
	return use;
}

static bool net_is_on_device(const char *interface, const char *bdf,
			     unsigned int depth);

/**
 * struct net_search - which device an interface stands on
 * @bdf: device
 * @depth: of interfaces that stand on each other
 */
struct net_search {
	const char *bdf;
	unsigned int depth;
};

static char *is_lower(const char *path, const char *name, const void *about)
{
	const struct net_search *search = about;
	const char *lower;

	(void)path;
	if (strncmp(name, "lower_", strlen("lower_")))
		return NULL;
	lower = name + strlen("lower_");
	return net_is_on_device(lower, search->bdf, search->depth) ?
		text("%s", lower) : NULL;
}

/* A bond, a bridge or a VLAN stands on others. */
static bool net_is_on_device(const char *interface, const char *bdf,
			     unsigned int depth)
{
	const struct net_search search = { bdf, depth + 1 };
	char *path = text(NET "/%s/device", interface), *lower = NULL;
	bool is_on = leads_to(bdf, path);

	free(path);
	if (!is_on && depth < MAX_DEPTH) {
		path = text(NET "/%s", interface);
		lower = for_each(path, &search, is_lower);
		free(path);
		is_on = lower;
		free(lower);
	}
	return is_on;
}

/* "IFACE DESTINATION GATEWAY FLAGS REFCNT USE METRIC MASK" */
static bool is_default_4(const char *line, char *interface)
{
	unsigned int destination, mask;

	return sscanf(line, "%15s %x %*x %*x %*d %*d %*d %x", interface,
		      &destination, &mask) == 3 && !destination && !mask;
}

/* "DESTINATION LENGTH SOURCE LENGTH NEXT METRIC REFCNT USE FLAGS IFACE" */
static bool is_default_6(const char *line, char *interface)
{
	unsigned int length;
	char destination[33];

	return sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %*x %15s",
		      destination, &length, interface) == 3 && !length &&
	       strspn(destination, "0") == 32;
}

static char *route_on_device(const char *bdf, const char *table,
			     bool (*is_default)(const char *line,
						char *interface))
{
	char *lines = read_all(table), *rest = lines, *line, *found = NULL;
	char interface[16];

	while (!found && (line = strsep(&rest, "\n")))
		if (is_default(line, interface) &&
		    net_is_on_device(interface, bdf, 0))
			found = text("the default route goes through %s",
				     interface);
	free(lines);
	return found;
}

char *use_by_machine(const char *bdf)
{
	char *use = for_each(BLOCK, bdf, block_on_device);

	if (!use && (device_number(bdf, "boot_vga") ||
		     device_number(bdf, "boot_display")))
		use = text("it is the display that the machine booted with");
	if (!use)
		use = route_on_device(bdf, "/proc/net/route", is_default_4);
	if (!use)
		use = route_on_device(bdf, "/proc/net/ipv6_route",
				      is_default_6);
	return use;
}

/* A process that has a file open. */
static char *is_file(const char *path, const char *name, const void *file)
{
	char link[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	if (snprintf(link, sizeof(link), "%s/%s", path, name) >=
	    (int)sizeof(link))
		return NULL;
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return NULL;
	target[length] = '\0';
	return strcmp(target, file) ? NULL : text("%s", name);
}

static char *has_open(const char *path, const char *name, const void *file)
{
	char *fds, *found, *use = NULL, comm[32] = "", *at;

	if (strspn(name, "0123456789") != strlen(name))
		return NULL;
	fds = text("%s/%s/fd", path, name);
	found = for_each(fds, file, is_file);
	free(fds);
	if (!found)
		return NULL;
	free(found);
	at = text("%s/%s/comm", path, name);
	read_line(at, comm, sizeof(comm));
	free(at);
	use = text("%s (pid %s) has it open", comm, name);
	return use;
}

/* The device's own file, which VFIO has together with iommufd. */
static char *own_file(const char *path, const char *name, const void *about)
{
	(void)path;
	(void)about;
	return text("/dev/vfio/devices/%s", name);
}

static char *use_of_file(char *file)
{
	char *use = file ? for_each("/proc", file, has_open) : NULL;

	free(file);
	return use;
}

char *use_by_process(const char *bdf)
{
	char *path = text(DEVICES "/%s/vfio-dev", bdf), *use;
	int group = device_group(bdf);

	use = use_of_file(for_each(path, NULL, own_file));
	free(path);
	if (!use && group >= 0)
		use = use_of_file(text("/dev/vfio/%d", group));
	return use;
}
