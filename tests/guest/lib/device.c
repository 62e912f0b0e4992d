// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"

/* As much as there is room for, with a NUL at the end. */
int read_file(const char *path, char *text, size_t size)
{
	size_t length = 0;
	ssize_t done;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		done = read(fd, text + length, size - 1 - length);
		if (done > 0)
			length += done;
	} while (done > 0);
	if (done < 0)
		done = -errno;
	close(fd);
	text[length] = '\0';
	return done;
}

int device_read_attr(const char *bdf, const char *attr, char *text,
		     size_t size)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", bdf, attr);
	ret = read_file(path, text, size);
	if (!ret)
		text[strcspn(text, "\n")] = '\0';
	return ret;
}

int device_write_attr(const char *bdf, const char *attr, const char *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", bdf, attr);
	return write_file(path, text);
}

void device_ids(enum device_kind kind, unsigned int *vendor,
		unsigned int *device)
{
	static const unsigned int ids[][2] = {
		[IVSHMEM] = { 0x1af4, 0x1110 },
		[EDU] = { 0x1234, 0x11e8 },
		[NVME] = { 0x1b36, 0x0010 },
		[E1000E] = { 0x8086, 0x10d3 },
		[VGA] = { 0x1234, 0x1111 },
		[VIRTIO_GPU] = { 0x1af4, 0x1050 },
	};

	*vendor = ids[kind][0];
	*device = ids[kind][1];
}

static bool has_id(const char *bdf, const char *attr, unsigned int id)
{
	char text[16];

	return !device_read_attr(bdf, attr, text, sizeof(text)) &&
	       strtoul(text, NULL, 16) == id;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The nth device of its kind in the order of addresses, or NULL. */
const char *device_find(enum device_kind kind, unsigned int nth)
{
	static char found[8][BDF_SIZE];
	static unsigned int next;
	char *result = NULL;
	unsigned int vendor, device;
	struct dirent **entries;
	int count, i;

	device_ids(kind, &vendor, &device);
	count = scandir(DEVICES, &entries, not_hidden, alphasort);
	for (i = 0; i < count; i++) {
		if (!result && has_id(entries[i]->d_name, "vendor", vendor) &&
		    has_id(entries[i]->d_name, "device", device) && !nth--) {
			result = found[next++ % 8];
			snprintf(result, BDF_SIZE, "%.15s", entries[i]->d_name);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return result;
}

/* The last component of where a link of the device points, or "". */
static const char *link_name(const char *bdf, const char *link)
{
	static char target[PATH_MAX];
	char path[PATH_MAX];
	const char *slash;
	ssize_t length;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", bdf, link);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return "";
	target[length] = '\0';
	slash = strrchr(target, '/');
	return slash ? slash + 1 : target;
}

/* "" while no driver is bound.  Valid until the next call. */
const char *device_driver(const char *bdf)
{
	return link_name(bdf, "driver");
}

int device_unbind(const char *bdf)
{
	if (!device_driver(bdf)[0])
		return 0;
	return device_write_attr(bdf, "driver/unbind", bdf);
}

/* What an operator does by hand, and driverctl does. */
int device_bind(const char *bdf, const char *driver)
{
	int ret;

	if (!strcmp(device_driver(bdf), driver))
		return 0;
	ret = device_unbind(bdf);
	if (!ret)
		ret = device_write_attr(bdf, "driver_override", driver);
	if (!ret)
		ret = write_file("/sys/bus/pci/drivers_probe", bdf);
	if (!ret && strcmp(device_driver(bdf), driver))
		ret = -ENODEV;
	return ret;
}

int device_group(const char *bdf)
{
	const char *group = link_name(bdf, "iommu_group");

	return *group ? atoi(group) : -ENOENT;
}

/* Whether an IOMMU gives the device addresses of its own. */
bool device_translated(const char *bdf)
{
	char type[32];

	return !device_read_attr(bdf, "iommu_group/type", type, sizeof(type)) &&
	       !strncmp(type, "DMA", 3);
}

/* The bridge above the device, if it is a PCI device itself. */
bool device_parent(const char *bdf, char *parent)
{
	char link[PATH_MAX], *path, *slash;
	bool found = false;

	snprintf(link, sizeof(link), DEVICES "/%s", bdf);
	path = realpath(link, NULL);
	if (!path)
		return false;
	slash = strrchr(path, '/');
	*slash = '\0';
	slash = strrchr(path, '/') + 1;
	if (strncmp(slash, "pci", 3)) {
		snprintf(parent, BDF_SIZE, "%.15s", slash);
		found = true;
	}
	free(path);
	return found;
}

static int open_config(const char *bdf, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/config", bdf);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int device_read_config(const char *bdf, int offset, void *data, size_t size)
{
	int fd = open_config(bdf, O_RDONLY);
	ssize_t done;

	if (fd < 0)
		return fd;
	done = pread(fd, data, size, offset);
	close(fd);
	return done == (ssize_t)size ? 0 : -EIO;
}

int device_write_config(const char *bdf, int offset, const void *data,
			size_t size)
{
	int fd = open_config(bdf, O_WRONLY);
	ssize_t done;

	if (fd < 0)
		return fd;
	done = pwrite(fd, data, size, offset);
	close(fd);
	return done == (ssize_t)size ? 0 : -EIO;
}
