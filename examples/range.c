// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dmabuf_vfio_pci.h>

#include "range.h"

#define DEVICES "/sys/bus/pci/devices"

#ifndef VFIO_DEVICE_BIND_IOMMUFD
/* Of <linux/vfio.h> since Linux 6.6. */
struct vfio_device_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};

#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
#endif

static void close_fd(int *fd)
{
	int error = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = error;
}

void close_device(struct device *device)
{
	close_fd(&device->fd);
	close_fd(&device->group);
	close_fd(&device->container);
	close_fd(&device->iommufd);
}

/* /dev/vfio/devices/vfioN; kernels without VFIO_DEVICE_CDEV have none. */
static int open_node(const char *bdf)
{
	struct dirent *entry = NULL;
	char path[320];
	DIR *dir;

	snprintf(path, sizeof(path), DEVICES "/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return -1;
	do {
		entry = readdir(dir);
	} while (entry && entry->d_name[0] == '.');
	if (entry)
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
	closedir(dir);
	return entry ? open(path, O_RDWR | O_CLOEXEC) : -1;
}

static int bind_iommufd(struct device *device, const char **step)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = device->iommufd,
	};

	*step = "VFIO_DEVICE_BIND_IOMMUFD";
	return ioctl(device->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
}

/* /dev/vfio/N, where N is the IOMMU group of the device. */
static int open_group(const char *bdf)
{
	char link[128], target[256], path[300];
	ssize_t length;

	snprintf(link, sizeof(link), DEVICES "/%s/iommu_group", bdf);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	return open(path, O_RDWR | O_CLOEXEC);
}

static int check_group(int group)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status))
		return -1;
	errno = EBUSY;
	return status.flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : -1;
}

static int open_by_group(struct device *device, const char *bdf,
			 const char **step)
{
	*step = "the IOMMU group";
	device->group = open_group(bdf);
	if (device->group < 0)
		return -1;
	*step = "the IOMMU group, another device of which has a driver of the host";
	if (check_group(device->group))
		return -1;
	*step = "/dev/vfio/vfio";
	device->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (device->container < 0)
		return -1;
	*step = "VFIO_GROUP_SET_CONTAINER";
	if (ioctl(device->group, VFIO_GROUP_SET_CONTAINER, &device->container))
		return -1;
	*step = "VFIO_SET_IOMMU";
	if (ioctl(device->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -1;
	*step = "VFIO_GROUP_GET_DEVICE_FD";
	device->fd = ioctl(device->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	return device->fd < 0 ? -1 : 0;
}

/* By its own node where this process may use iommufd, or else by its group. */
int open_device(struct device *device, const char *bdf, const char **step)
{
	int ret, error = 0;

	*device = (struct device) { .fd = -1, .container = -1, .group = -1,
				    .iommufd = -1 };
	device->fd = open_node(bdf);
	if (device->fd >= 0) {
		device->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
		error = errno;
	}
	if (device->iommufd >= 0) {
		ret = bind_iommufd(device, step);
	} else {
		close_device(device);
		ret = open_by_group(device, bdf, step);
		if (ret && error && errno == ENOENT) {
			*step = "/dev/iommu";
			errno = error;
		}
	}
	if (ret)
		close_device(device);
	return ret;
}

/* The request is a header, the feature's own part, and the ranges: here one. */
int export_range(int device, unsigned int bar, unsigned long long offset,
		 unsigned long long length)
{
	struct vfio_device_feature_dma_buf *dma_buf;
	struct vfio_device_feature *feature;
	size_t size = sizeof(*feature) + sizeof(*dma_buf) +
		      sizeof(dma_buf->dma_ranges[0]);
	int fd;

	feature = calloc(1, size);
	if (!feature)
		return -1;
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	dma_buf = (void *)feature->data;
	dma_buf->region_index = VFIO_PCI_BAR0_REGION_INDEX + bar;
	dma_buf->open_flags = O_RDWR | O_CLOEXEC;
	dma_buf->nr_ranges = 1;
	dma_buf->dma_ranges[0].offset = offset;
	dma_buf->dma_ranges[0].length = length;

	fd = ioctl(device, VFIO_DEVICE_FEATURE, feature);
	free(feature);
	return fd;
}
