// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pci/header.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "flavour.h"
#include "util.h"

/* How far below a device sysfs is searched: USB hubs, SCSI. */
#define MAX_DEPTH	12

/* Whether it is written as a name, with numbers that a device can have. */
static bool parse_name(const char *argument, char *bdf)
{
	unsigned int domain, bus, slot, function;
	char rest;

	/* More digits than these would wrap. */
	if (sscanf(argument, "%8x:%8x:%8x.%8x%c", &domain, &bus, &slot,
		   &function, &rest) != 4) {
		domain = 0;
		if (sscanf(argument, "%8x:%8x.%8x%c", &bus, &slot, &function,
			   &rest) != 3)
			return false;
	}
	if (domain > 0xfffff || bus > 0xff || slot > 0x1f || function > 7)
		return false;
	snprintf(bdf, BDF_SIZE, "%04x:%02x:%02x.%x", domain, bus, slot,
		 function);
	return true;
}

void device_name(const char *argument, char *bdf)
{
	char path[128];

	if (!parse_name(argument, bdf))
		fail("%s: not the name of a PCI device; write it as 0000:03:00.0 or 03:00.0",
		     argument);
	snprintf(path, sizeof(path), DEVICES "/%s", bdf);
	if (access(path, F_OK))
		fail("%s: there is no such PCI device; \"" NAME " topo\" lists them",
		     argument);
}

int device_attr(const char *bdf, const char *attr, char *line, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", bdf, attr);
	return read_line(path, line, size);
}

int device_set(const char *bdf, const char *attr, const char *words)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", bdf, attr);
	return write_file(path, words);
}

int device_group(const char *bdf)
{
	char path[PATH_MAX], name[WORD_SIZE];
	int ret;

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", bdf);
	ret = read_link_name(path, name, sizeof(name));
	return ret ? ret : atoi(name);
}

const char *device_driver(const char *bdf)
{
	static char name[WORD_SIZE];
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s/driver", bdf);
	read_link_name(path, name, sizeof(name));
	return name;
}

/* The kernel's vfio-pci has the name of one of our flavours. */
bool device_is_ours(const char *bdf)
{
	return !strcmp(device_driver(bdf), DRIVER) && !flavour_is_kept_out();
}

unsigned long device_number(const char *bdf, const char *attr)
{
	char line[WORD_SIZE];

	return device_attr(bdf, attr, line, sizeof(line)) ? 0 :
		strtoul(line, NULL, 0);
}

/* Everybody may read this part of the configuration. */
bool device_is_bridge(const char *bdf)
{
	char path[PATH_MAX];
	unsigned char type = 0;
	FILE *file;

	snprintf(path, sizeof(path), DEVICES "/%s/config", bdf);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fseek(file, PCI_HEADER_TYPE, SEEK_SET) ||
	    fread(&type, 1, 1, file) != 1)
		type = 0;
	fclose(file);
	return (type & 0x7f) != PCI_HEADER_TYPE_NORMAL;
}

bool device_is_vfio(const char *driver)
{
	return strstr(driver, "vfio");
}

/* The drivers that the kernel allows beside a user of VFIO. */
bool device_is_viable(const char *bdf)
{
	const char *driver = device_driver(bdf);

	return !*driver || device_is_vfio(driver) ||
	       !strcmp(driver, "pci-stub") || !strcmp(driver, "pcieport");
}

bool device_has(const char *bdf, const char *path)
{
	const char *at = path;
	size_t length = strlen(bdf);

	while ((at = strstr(at, bdf))) {
		if (at > path && at[-1] == '/' &&
		    (at[length] == '/' || !at[length]))
			return true;
		at += length;
	}
	return false;
}

bool device_vf(const char *bdf, unsigned int index, char *vf)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s/virtfn%u", bdf, index);
	return !read_link_name(path, vf, BDF_SIZE);
}

/* .../0000:d7:05.5/pci10000:00/10000:00:02.0/10000:01:00.0 */
bool device_domain_owner(const char *bdf, char *owner)
{
	char link[PATH_MAX], *path, *slash;
	bool found = false;

	snprintf(link, sizeof(link), DEVICES "/%s", bdf);
	path = realpath(link, NULL);
	while (path && !found && (slash = strrchr(path, '/'))) {
		found = !strncmp(slash + 1, "pci", 3);
		*slash = '\0';
	}
	slash = found ? strrchr(path, '/') : NULL;
	found = slash && parse_name(slash + 1, owner);
	free(path);
	return found;
}

bool device_node(const char *bdf, char *node, size_t size)
{
	char *path = text(DEVICES "/%s/vfio-dev", bdf);
	struct dirent *entry = NULL;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir)) && !is_name(entry))
		;
	if (entry)
		snprintf(node, size, "/dev/vfio/devices/%.32s", entry->d_name);
	if (dir)
		closedir(dir);
	free(path);
	return entry;
}

/* Links lead elsewhere, and are not followed. */
static void walk(const char *directory, unsigned int depth,
		 void (*call)(const char *directory, void *data), void *data)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char *path;

	if (!dir)
		return;
	call(directory, data);
	while (depth < MAX_DEPTH && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || !is_name(entry))
			continue;
		path = text("%s/%s", directory, entry->d_name);
		walk(path, depth + 1, call, data);
		free(path);
	}
	closedir(dir);
}

void device_walk(const char *bdf, void (*call)(const char *directory, void *data),
		 void *data)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s", bdf);
	walk(path, 0, call, data);
}

bool device_is_claimed(const char *bdf)
{
	char override[WORD_SIZE];

	return !device_attr(bdf, "driver_override", override, sizeof(override)) &&
	       flavour_has_name(override);
}

struct group *group_load(int number)
{
	struct group *group = allocate(1, sizeof(*group));
	struct dirent **entries;
	char path[PATH_MAX];
	int count, i;

	group->number = number;
	snprintf(path, sizeof(path), GROUPS "/%d/devices", number);
	count = scandir(path, &entries, is_name, alphasort);
	if (count < 0)
		return group;
	group->members = allocate(count, sizeof(*group->members));
	for (i = 0; i < count; i++) {
		/* Groups can have devices of other buses. */
		if (strchr(entries[i]->d_name, ':'))
			snprintf(group->members[group->count++], BDF_SIZE,
				 "%.15s", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return group;
}

void group_free(struct group *group)
{
	free(group->members);
	free(group);
}

char *group_blockers(const struct group *group, const char *bdf)
{
	char *names = NULL;
	size_t i;

	for (i = 0; i < group->count; i++)
		if (strcmp(group->members[i], bdf) &&
		    !device_is_viable(group->members[i]))
			append(&names, "%s%s (%s)", names ? ", " : "",
			       group->members[i],
			       device_driver(group->members[i]));
	return names;
}

void group_type(int number, char *type, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), GROUPS "/%d/type", number);
	if (read_line(path, type, size))
		*type = '\0';
}
