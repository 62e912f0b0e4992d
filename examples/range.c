// SPDX-License-Identifier: GPL-2.0-only
/* From the name of a PCI device to a dma-buf of its memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dmabuf_vfio_pci.h>

#include "range.h"

_Noreturn void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* /dev/vfio/N, where N is the IOMMU group of the device. */
static int open_group(const char *bdf)
{
	char link[128], target[256], path[64];
	ssize_t length;
	int group;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group",
		 bdf);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		die(link);
	target[length] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s",
		 strrchr(target, '/') + 1);
	group = open(path, O_RDWR);
	if (group < 0)
		die(path);
	return group;
}

/* The container and the group stay open as long as the program runs. */
int open_device(const char *bdf)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int container, group, device;

	container = open("/dev/vfio/vfio", O_RDWR);
	if (container < 0)
		die("/dev/vfio/vfio");
	group = open_group(bdf);
	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status))
		die("VFIO_GROUP_GET_STATUS");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		errno = EBUSY;
		die("a driver of the host holds the group");
	}
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container))
		die("VFIO_GROUP_SET_CONTAINER");
	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		die("VFIO_SET_IOMMU");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (device < 0)
		die("VFIO_GROUP_GET_DEVICE_FD");
	return device;
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
		die("calloc");
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	dma_buf = (void *)feature->data;
	dma_buf->region_index = VFIO_PCI_BAR0_REGION_INDEX + bar;
	dma_buf->open_flags = O_RDWR | O_CLOEXEC;
	dma_buf->nr_ranges = 1;
	dma_buf->dma_ranges[0].offset = offset;
	dma_buf->dma_ranges[0].length = length;

	fd = ioctl(device, VFIO_DEVICE_FEATURE, feature);
	if (fd < 0)
		die("VFIO_DEVICE_FEATURE_DMA_BUF");
	free(feature);
	return fd;
}
