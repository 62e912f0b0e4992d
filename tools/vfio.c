// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "device.h"
#include "util.h"
#include "vfio.h"

static int open_container(void)
{
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);

	if (container < 0)
		fail("/dev/vfio/vfio cannot be opened: %s%s", strerror(errno),
		     errno == ENOENT ? " (modprobe vfio_iommu_type1)" : "");
	return container;
}

static int open_group(const char *bdf)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int number = device_group(bdf), group;
	char path[64];

	if (number < 0)
		fail("%s: it is in no IOMMU group, because no IOMMU is on", bdf);
	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	group = open(path, O_RDWR | O_CLOEXEC);
	if (group < 0)
		fail("%s: %s cannot be opened: %s%s", bdf, path,
		     strerror(errno),
		     errno == EBUSY ? " (somebody else has a device of the group open)" : "");
	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status))
		fail("%s: the status of %s cannot be read: %s", bdf, path,
		     strerror(errno));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		fail("%s: a driver holds another device of IOMMU group %d",
		     bdf, number);
	return group;
}

int vfio_open(const char *bdf)
{
	int container, group, device;

	if (!device_is_vfio(device_driver(bdf)))
		fail("%s: it is not bound; \"" NAME " bind %s\" does that", bdf,
		     bdf);
	container = open_container();
	group = open_group(bdf);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		fail("%s: the IOMMU cannot be used: %s", bdf, strerror(errno));
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (device < 0)
		fail("%s: it cannot be opened: %s", bdf, strerror(errno));
	return device;
}

uint64_t vfio_bar_size(int device, unsigned int bar)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_BAR0_REGION_INDEX + bar,
	};

	return ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) ? 0 : info.size;
}

/* What the driver means, as docs/use-from-c.md has it. */
static const char *meaning(int error)
{
	switch (error) {
	case ENOTTY:
		return "its driver cannot export; bind it to dmabuf-vfio-pci";
	case ENODEV:
		return "the BAR is not memory, or the device is gone";
	case EINVAL:
		return "a range is not of whole pages inside the BAR";
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
		fail("%s: BAR %u cannot be exported: %s", bdf, bar,
		     meaning(errno));
	free(feature);
	return fd;
}
