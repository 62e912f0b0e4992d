// SPDX-License-Identifier: GPL-2.0-only
/* Whether the machine uses a device's disks: mounted, as swap space, or held. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "use.h"
#include "util.h"

#define BLOCK	"/sys/class/block"

/* How many layers of block devices are followed. */
#define MAX_DEPTH	8

/* Call for each name in a directory until a call returns something. */
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

/* Whether a link in sysfs leads to the device or to something below it. */
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
 * A multipath NVMe namespace is not below its controllers, but below a subsystem that
 * has a link to each of them.
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

/* "is mounted at ...", allocated; NULL if it is not mounted. */
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

	/* sda1 is a prefix of sda10. */
	while (!found && (line = strsep(&rest, "\n")))
		found = !strncmp(line, node, length) &&
			(line[length] == ' ' || line[length] == '\t');
	free(lines);
	return found;
}

/* An exclusive open fails while a file system, LVM, md or a program holds it. */
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

/* What a block device, or one that is stacked on it, is used for. */
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


char *use_by_block(const char *bdf)
{
	return for_each(BLOCK, bdf, block_on_device);
}
