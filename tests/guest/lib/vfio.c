// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "iommufd.h"
#include "vfio.h"

static int open_group(const char *bdf)
{
	char path[64];
	int group, fd;

	group = device_group(bdf);
	if (group < 0)
		return group;
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The usual steps; whoever calls closes what has been opened. */
static int open_all(struct vfio *vfio, const char *bdf)
{
	vfio->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (vfio->container < 0)
		return -errno;
	vfio->group = open_group(bdf);
	if (vfio->group < 0)
		return vfio->group;
	if (ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->container) ||
	    ioctl(vfio->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	return vfio->device < 0 ? -errno : 0;
}

int vfio_open(struct vfio *vfio, const char *bdf)
{
	uint32_t space;
	int ret;

	if (iommufd_is_used())
		return iommufd_open_device(vfio, bdf, &space);
	*vfio = (struct vfio) { -1, -1, -1 };
	ret = open_all(vfio, bdf);
	if (ret)
		vfio_close(vfio);
	return ret;
}

int vfio_open_sibling(const struct vfio *vfio, const char *bdf)
{
	int device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, bdf);

	return device < 0 ? -errno : device;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vfio_close(struct vfio *vfio)
{
	close_one(&vfio->device);
	close_one(&vfio->group);
	close_one(&vfio->container);
}

int vfio_reset(const struct vfio *vfio)
{
	return ioctl(vfio->device, VFIO_DEVICE_RESET) ? -errno : 0;
}

int vfio_hot_reset(int device, int group)
{
	struct {
		struct vfio_pci_hot_reset reset;
		int32_t group;
	} request = {
		.reset.argsz = sizeof(request),
		.reset.count = 1,
		.group = group,
	};

	return ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, &request) ? -errno : 0;
}

int vfio_region(const struct vfio *vfio, unsigned int index,
		struct vfio_region_info *info)
{
	*info = (struct vfio_region_info) {
		.argsz = sizeof(*info),
		.index = index,
	};
	return ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, info) ?
		-errno : 0;
}

int vfio_map(const struct vfio *vfio, unsigned int index, uint8_t **memory,
	     size_t *size)
{
	struct vfio_region_info info;
	int ret;

	ret = vfio_region(vfio, index, &info);
	if (ret)
		return ret;
	*size = info.size;
	*memory = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       vfio->device, info.offset);
	return *memory == MAP_FAILED ? -errno : 0;
}

/* Where a piece of a region is in the device's file, or a negative errno. */
static int64_t position(const struct vfio *vfio, unsigned int index,
			uint64_t offset)
{
	struct vfio_region_info info;
	int ret = vfio_region(vfio, index, &info);

	return ret ?: (int64_t)(info.offset + offset);
}

/* What a transfer of all of @size bytes makes of @done. */
static int all_done(ssize_t done, size_t size)
{
	if (done < 0)
		return -errno;
	return done == (ssize_t)size ? 0 : -EIO;
}

int vfio_read(const struct vfio *vfio, unsigned int index, uint64_t offset,
	      void *data, size_t size)
{
	int64_t at = position(vfio, index, offset);

	if (at < 0)
		return at;
	return all_done(pread(vfio->device, data, size, at), size);
}

int vfio_write(const struct vfio *vfio, unsigned int index, uint64_t offset,
	       const void *data, size_t size)
{
	int64_t at = position(vfio, index, offset);

	if (at < 0)
		return at;
	return all_done(pwrite(vfio->device, data, size, at), size);
}

/* Changes bits of the command register, PCI_COMMAND_MEMORY among them. */
int vfio_set_command(const struct vfio *vfio, uint16_t set, uint16_t clear)
{
	uint16_t command;
	int ret;

	ret = vfio_read(vfio, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND,
			&command, sizeof(command));
	if (ret)
		return ret;
	command = (command | set) & ~clear;
	return vfio_write(vfio, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND,
			  &command, sizeof(command));
}

int vfio_feature(const struct vfio *vfio, uint32_t flags, const void *payload,
		 size_t size)
{
	size_t argsz = sizeof(struct vfio_device_feature) + size;
	struct vfio_device_feature *feature;
	int ret;

	feature = malloc(argsz);
	if (!feature)
		return -ENOMEM;
	feature->argsz = argsz;
	feature->flags = flags;
	if (size)
		memcpy(feature->data, payload, size);
	ret = ioctl(vfio->device, VFIO_DEVICE_FEATURE, feature);
	if (ret < 0)
		ret = -errno;
	free(feature);
	return ret;
}

int vfio_export(const struct vfio *vfio, unsigned int index,
		const struct vfio_region_dma_range *ranges, uint32_t count,
		uint32_t open_flags)
{
	struct vfio_device_feature_dma_buf *request;
	size_t size = sizeof(*request) + count * sizeof(*ranges);
	int ret;

	request = malloc(size);
	if (!request)
		return -ENOMEM;
	request->region_index = index;
	request->open_flags = open_flags;
	request->flags = 0;
	request->nr_ranges = count;
	memcpy(request->dma_ranges, ranges, count * sizeof(*ranges));
	ret = vfio_feature(vfio, VFIO_DEVICE_FEATURE_GET |
			   VFIO_DEVICE_FEATURE_DMA_BUF, request, size);
	free(request);
	return ret;
}

int vfio_export_range(const struct vfio *vfio, unsigned int index,
		      uint64_t offset, uint64_t length)
{
	const struct vfio_region_dma_range range = { offset, length };

	return vfio_export(vfio, index, &range, 1, O_RDWR | O_CLOEXEC);
}
