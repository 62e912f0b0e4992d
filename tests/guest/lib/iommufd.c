// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "iommufd.h"
#include "vfio.h"

/* Of <linux/vfio.h> since 6.6. */
#ifndef VFIO_DEVICE_BIND_IOMMUFD
struct vfio_device_bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
};

#define VFIO_DEVICE_BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)

struct vfio_device_attach_iommufd_pt {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pt_id;
};

#define VFIO_DEVICE_ATTACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)
#endif

/* Of <linux/iommufd.h>, by names of our own in case it is there. */
#define CALL(number)	_IO(';', number)

struct ioas_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t id;
};

#define IOAS_ALLOC	CALL(0x81)

#define MAP_FIXED_IOVA	1
#define MAP_WRITEABLE	2
#define MAP_READABLE	4

struct ioas_map {
	uint32_t size;
	uint32_t flags;
	uint32_t id;
	uint32_t reserved;
	uint64_t memory;
	uint64_t length;
	uint64_t at;
};

#define IOAS_MAP	CALL(0x85)

struct ioas_unmap {
	uint32_t size;
	uint32_t id;
	uint64_t at;
	uint64_t length;
};

#define IOAS_UNMAP	CALL(0x86)

struct ioas_map_file {
	uint32_t size;
	uint32_t flags;
	uint32_t id;
	int32_t fd;
	uint64_t start;
	uint64_t length;
	uint64_t at;
};

#define IOAS_MAP_FILE	CALL(0x8f)

bool iommufd_is_used(void)
{
	return getenv("DVP_CDEV");
}

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

static int or_errno(int fd)
{
	return fd < 0 ? -errno : fd;
}

static int open_node(const char *bdf)
{
	struct dirent *entry = NULL;
	char path[320];
	DIR *dir;

	snprintf(path, sizeof(path), DEVICES "/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return -errno;
	do {
		entry = readdir(dir);
	} while (entry && entry->d_name[0] == '.');
	if (entry)
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
	closedir(dir);
	return entry ? or_errno(open(path, O_RDWR | O_CLOEXEC)) : -ENOENT;
}

static int attach(struct vfio *vfio, uint32_t *space)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = vfio->container,
	};
	struct ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	int ret;

	ret = call(vfio->device, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	if (!ret)
		ret = call(vfio->container, IOAS_ALLOC, &alloc);
	attach.pt_id = alloc.id;
	if (!ret)
		ret = call(vfio->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
	*space = alloc.id;
	return ret;
}

int iommufd_open_device(struct vfio *vfio, const char *bdf, uint32_t *space)
{
	int ret;

	*vfio = (struct vfio) { -1, -1, -1 };
	vfio->container = or_errno(open("/dev/iommu", O_RDWR | O_CLOEXEC));
	if (vfio->container < 0)
		return vfio->container;
	vfio->device = open_node(bdf);
	ret = vfio->device < 0 ? vfio->device : attach(vfio, space);
	if (ret)
		vfio_close(vfio);
	return ret;
}

int iommufd_map(const struct vfio *vfio, uint32_t space, void *memory,
		size_t length, uint64_t at)
{
	struct ioas_map map = {
		.size = sizeof(map),
		.flags = MAP_FIXED_IOVA | MAP_WRITEABLE | MAP_READABLE,
		.id = space,
		.memory = (uintptr_t)memory,
		.length = length,
		.at = at,
	};

	return call(vfio->container, IOAS_MAP, &map);
}

int iommufd_map_file(const struct vfio *vfio, uint32_t space, int fd,
		     uint64_t start, uint64_t length, uint64_t at)
{
	struct ioas_map_file map = {
		.size = sizeof(map),
		.flags = MAP_FIXED_IOVA | MAP_WRITEABLE | MAP_READABLE,
		.id = space,
		.fd = fd,
		.start = start,
		.length = length,
		.at = at,
	};

	return call(vfio->container, IOAS_MAP_FILE, &map);
}

int iommufd_unmap(const struct vfio *vfio, uint32_t space, uint64_t at,
		  uint64_t length)
{
	struct ioas_unmap unmap = {
		.size = sizeof(unmap),
		.id = space,
		.at = at,
		.length = length,
	};

	return call(vfio->container, IOAS_UNMAP, &unmap);
}
