// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "holders.h"
#include "util.h"

#define VFIO_NODES	"/dev/vfio/"
#define VFIO_DEVICE	"anon_inode:[vfio-device]"
#define VFIO_SYSPATH	"vfio-device-syspath:"

/* As many processes are named. */
#define MAX_NAMED	3

/* The character devices of NVIDIA's own driver, of which sysfs does not tell. */
#define NVIDIA_MAJOR	195
#define NVIDIA_FILE	"/proc/driver/nvidia/gpus/%s/information"

/**
 * struct search - a device, and who has it open
 * @bdf: device
 * @is_vfio: a VFIO driver has it
 * @numbers: device numbers of the nodes below it
 * @count: number of @numbers
 * @group: its VFIO node, "" if it has none
 * @own: its own VFIO node, "" if it has none
 * @holders: processes, separated by commas; NULL for none
 * @nr_holders: number of processes
 * @maybe: a process with a VFIO device of which it is not known which one
 */
struct search {
	const char *bdf;
	bool is_vfio;
	dev_t *numbers;
	size_t count;
	char group[64];
	char own[64];
	char *holders;
	unsigned int nr_holders;
	char *maybe;
};

/**
 * struct process - what a process has open
 * @holds: the device
 * @has_vfio_device: some VFIO device
 * @has_vfio_node: some group or VFIO device node
 */
struct process {
	bool holds;
	bool has_vfio_device;
	bool has_vfio_node;
};

static void add_number(struct search *search, unsigned int major_,
		       unsigned int minor_)
{
	search->numbers = reallocarray(search->numbers, search->count + 1,
				       sizeof(*search->numbers));
	if (!search->numbers)
		fail("out of memory");
	search->numbers[search->count++] = makedev(major_, minor_);
}

static void add_node(const char *directory, void *search)
{
	char *path = text("%s/dev", directory), line[32];
	unsigned int major_, minor_;

	if (!read_line(path, line, sizeof(line)) &&
	    sscanf(line, "%u:%u", &major_, &minor_) == 2)
		add_number(search, major_, minor_);
	free(path);
}

static void add_nvidia(struct search *search)
{
	char *path = text(NVIDIA_FILE, search->bdf), *lines = read_all(path);
	const char *found = lines ? strstr(lines, "Device Minor:") : NULL;

	if (found)
		add_number(search, NVIDIA_MAJOR,
			   atoi(found + strlen("Device Minor:")));
	free(lines);
	free(path);
}

static void find_nodes(struct search *search)
{
	int group = device_group(search->bdf);

	device_walk(search->bdf, add_node, search);
	device_node(search->bdf, search->own, sizeof(search->own));
	add_nvidia(search);
	if (group >= 0)
		snprintf(search->group, sizeof(search->group), VFIO_NODES "%d",
			 group);
}

/* Since 6.17 the kernel says which VFIO device a file is. */
static bool is_other_vfio(const struct search *search, const char *pid,
			  const char *fd, bool *is_known)
{
	char *path = text("/proc/%s/fdinfo/%s", pid, fd);
	char *lines = read_all(path), *found;
	bool is_other = true;

	found = lines ? strstr(lines, VFIO_SYSPATH) : NULL;
	*is_known = found;
	if (found) {
		found[strcspn(found, "\n")] = '\0';
		is_other = !device_has(search->bdf, found);
	}
	free(lines);
	free(path);
	return is_other;
}

static bool is_node(const struct search *search, const char *link,
		    const char *target)
{
	struct stat stat_;
	size_t i;

	if (!strcmp(target, search->group) || !strcmp(target, search->own))
		return true;
	/*
	 * Files elsewhere are not looked at: a dead server would be waited for.
	 * Of a process in a chroot, the name starts with where that is.
	 */
	if (!search->count || !strstr(target, "/dev/") ||
	    stat(link, &stat_) ||
	    !(S_ISCHR(stat_.st_mode) || S_ISBLK(stat_.st_mode)))
		return false;
	for (i = 0; i < search->count; i++)
		if (search->numbers[i] == stat_.st_rdev)
			return true;
	return false;
}

static void look_at_file(const struct search *search, struct process *process,
			 const char *pid, const char *fd)
{
	char target[PATH_MAX], *link = text("/proc/%s/fd/%s", pid, fd);
	ssize_t length = readlink(link, target, sizeof(target) - 1);
	bool is_known;

	free(length > 0 ? NULL : link);
	if (length <= 0)
		return;
	target[length] = '\0';
	if (!strcmp(target, VFIO_DEVICE)) {
		process->holds |= !is_other_vfio(search, pid, fd, &is_known);
		process->has_vfio_device |= !is_known;
	} else {
		process->holds |= is_node(search, link, target);
		process->has_vfio_node |= !strncmp(target, VFIO_NODES,
						   strlen(VFIO_NODES)) &&
					  strcmp(target, VFIO_NODES "vfio");
	}
	free(link);
}

/* A mapping keeps a VFIO device open without a descriptor. */
static bool maps_vfio(const char *pid)
{
	char *path = text("/proc/%s/maps", pid), *lines = read_all(path);
	bool maps = lines && strstr(lines, VFIO_DEVICE);

	free(lines);
	free(path);
	return maps;
}

static char *name_of(const char *pid)
{
	char *path = text("/proc/%s/comm", pid), comm[32] = "";

	read_line(path, comm, sizeof(comm));
	free(path);
	return text("%s (pid %s)", comm, pid);
}

static void look_at_process(struct search *search, const char *pid)
{
	char *path = text("/proc/%s/fd", pid), *name = NULL;
	struct process process = {};
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir)))
		if (is_name(entry))
			look_at_file(search, &process, pid, entry->d_name);
	if (dir)
		closedir(dir);
	free(path);
	if (search->is_vfio && !process.holds && !process.has_vfio_node)
		process.has_vfio_device |= maps_vfio(pid);
	if (process.holds && search->nr_holders++ < MAX_NAMED) {
		name = name_of(pid);
		append(&search->holders, "%s%s", search->holders ? ", " : "", name);
	} else if (!search->maybe && search->is_vfio &&
		   process.has_vfio_device && !process.has_vfio_node) {
		name = name_of(pid);
		search->maybe = text("%s", name);
	}
	free(name);
}

static char *say(const struct search *search)
{
	if (search->nr_holders > MAX_NAMED)
		return text("%s and %u more processes have it open",
			    search->holders, search->nr_holders - MAX_NAMED);
	if (search->nr_holders)
		return text("%s %s it open", search->holders,
			    search->nr_holders > 1 ? "have" : "has");
	if (search->maybe)
		return text("%s has a VFIO device open, which may be this one",
			    search->maybe);
	return NULL;
}

char *holders_of(const char *bdf)
{
	struct search search = {
		.bdf = bdf, .is_vfio = device_is_vfio(device_driver(bdf)),
	};
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char *words;

	find_nodes(&search);
	while (dir && (entry = readdir(dir)))
		if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name) &&
		    atoi(entry->d_name) != getpid())
			look_at_process(&search, entry->d_name);
	if (dir)
		closedir(dir);
	words = say(&search);
	free(search.numbers);
	free(search.holders);
	free(search.maybe);
	return words;
}
