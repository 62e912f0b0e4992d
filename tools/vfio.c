// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "util.h"
#include "vfio.h"

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

static int open_container(void)
{
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);

	if (container < 0)
		fail("cannot open /dev/vfio/vfio: %s%s", strerror(errno),
		     errno == ENOENT ? " (modprobe vfio_iommu_type1)" : "");
	return container;
}

/* Name what keeps the group closed. */
_Noreturn static void fail_blocked(const char *bdf, int number)
{
	struct group *group = group_load(number);
	char *names = group_blockers(group, bdf);

	fail("%s: IOMMU group %d cannot be opened because of %s; \"" NAME " bind --group %s\" takes the whole group",
	     bdf, number, names ? names : "another device", bdf);
}

static int open_group(const char *bdf, int number)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];
	int group;

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	group = open(path, O_RDWR | O_CLOEXEC);
	if (group < 0)
		fail("%s: cannot open %s: %s%s", bdf, path, strerror(errno),
		     errno == EBUSY ? " (another program has the group open)" : "");
	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status))
		fail("%s: cannot read the status of %s: %s", bdf, path,
		     strerror(errno));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		fail_blocked(bdf, number);
	return group;
}

static int open_by_group(const char *bdf, int number)
{
	int container = open_container(), group = open_group(bdf, number);
	int device;

	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		fail("%s: cannot use the IOMMU: %s", bdf, strerror(errno));
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (device < 0)
		fail("%s: cannot open it: %s", bdf, strerror(errno));
	return device;
}

/* Kernels without VFIO_GROUP have only the device's own node, and iommufd. */
static int open_by_node(const char *bdf, const char *path)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	int device = open(path, O_RDWR | O_CLOEXEC);

	if (device < 0)
		fail("%s: cannot open %s: %s", bdf, path, strerror(errno));
	bind.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (bind.iommufd < 0)
		fail("%s: cannot open /dev/iommu: %s", bdf, strerror(errno));
	if (ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &bind)) {
		if (errno == EPERM || errno == EINVAL)
			fail_blocked(bdf, device_group(bdf));
		fail("%s: cannot open it: %s%s", bdf, strerror(errno),
		     errno == EBUSY ? " (another program has it open)" : "");
	}
	return device;
}

int vfio_open(const char *bdf)
{
	int number = device_group(bdf);
	char group[64], node[64];

	if (!device_is_vfio(device_driver(bdf)))
		fail("%s: it is not bound; \"" NAME " bind %s\" does that", bdf,
		     bdf);
	if (number < 0)
		fail("%s: it has no IOMMU group, because no IOMMU is enabled", bdf);
	snprintf(group, sizeof(group), "/dev/vfio/%d", number);
	if (access(group, F_OK) && device_node(bdf, node, sizeof(node)) &&
	    !access(node, F_OK))
		return open_by_node(bdf, node);
	return open_by_group(bdf, number);
}

uint64_t vfio_bar_size(int device, unsigned int bar)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_BAR0_REGION_INDEX + bar,
	};

	return ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) ? 0 : info.size;
}

/* As in docs/use-from-c.md. */
static const char *meaning(int error)
{
	switch (error) {
	case ENOTTY:
		return "its driver cannot export; bind it to dmabuf-vfio-pci";
	case ENODEV:
		return "the BAR is not memory, or the device is gone";
	case EINVAL:
		return "a range is not page-aligned or not inside the BAR";
	default:
		return strerror(error);
	}
}

int vfio_export(int device, const char *bdf, unsigned int bar,
		const struct vfio_region_dma_range *ranges, size_t count)
{
	struct vfio_device_feature_dma_buf *dma_buf;
	struct vfio_device_feature *feature;
	size_t size;
	int fd;

	size = sizeof(*feature) + sizeof(*dma_buf) + count * sizeof(*ranges);
	feature = allocate(1, size);
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	dma_buf = (void *)feature->data;
	dma_buf->region_index = VFIO_PCI_BAR0_REGION_INDEX + bar;
	dma_buf->open_flags = O_RDWR | O_CLOEXEC;
	dma_buf->nr_ranges = count;
	memcpy(dma_buf->dma_ranges, ranges, count * sizeof(*ranges));
	fd = ioctl(device, VFIO_DEVICE_FEATURE, feature);
	if (fd < 0)
		fail("%s: cannot export BAR %u: %s", bdf, bar,
		     meaning(errno));
	free(feature);
	return fd;
}
