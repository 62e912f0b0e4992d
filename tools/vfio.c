// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
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

static bool open_container(struct vfio *vfio, char **why)
{
	vfio->iommu = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (vfio->iommu < 0)
		*why = text("cannot open /dev/vfio/vfio: %s%s", strerror(errno),
			    errno == ENOENT ? " (modprobe vfio_iommu_type1)" : "");
	return vfio->iommu >= 0;
}

/* Name what keeps the group closed. */
static char *say_blocked(const char *bdf, int number)
{
	struct group *group = group_load(number);
	char *names = group_blockers(group, bdf), *words;

	words = text("IOMMU group %d cannot be opened because of %s; \"" NAME " bind --group %s\" takes the whole group",
		     number, names ? names : "another device", bdf);
	free(names);
	group_free(group);
	return words;
}

static bool open_group(struct vfio *vfio, const char *bdf, int number, char **why)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	vfio->group = open(path, O_RDWR | O_CLOEXEC);
	if (vfio->group < 0)
		*why = text("cannot open %s: %s%s", path, strerror(errno),
			    errno == EBUSY ? " (another program has the group open)" : "");
	else if (ioctl(vfio->group, VFIO_GROUP_GET_STATUS, &status))
		*why = text("cannot read the status of %s: %s", path,
			    strerror(errno));
	else if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		*why = say_blocked(bdf, number);
	return !*why;
}

static bool open_by_group(struct vfio *vfio, const char *bdf, int number,
			  char **why)
{
	if (!open_container(vfio, why) || !open_group(vfio, bdf, number, why))
		return false;
	if (ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->iommu) ||
	    ioctl(vfio->iommu, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU)) {
		*why = text("cannot use the IOMMU: %s", strerror(errno));
		return false;
	}
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (vfio->device < 0)
		*why = text("cannot open it: %s", strerror(errno));
	return vfio->device >= 0;
}

/* Kernels without VFIO_GROUP have only the device's own node, and iommufd. */
static bool open_by_node(struct vfio *vfio, const char *bdf, const char *path,
			 char **why)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };

	vfio->device = open(path, O_RDWR | O_CLOEXEC);
	if (vfio->device < 0) {
		*why = text("cannot open %s: %s", path, strerror(errno));
		return false;
	}
	vfio->iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	bind.iommufd = vfio->iommu;
	if (vfio->iommu < 0)
		*why = text("cannot open /dev/iommu: %s", strerror(errno));
	else if (!ioctl(vfio->device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return true;
	else if (errno == EPERM || errno == EINVAL)
		*why = say_blocked(bdf, device_group(bdf));
	else
		*why = text("cannot open it: %s%s", strerror(errno),
			    errno == EBUSY ? " (another program has it open)" : "");
	return false;
}

bool vfio_open(struct vfio *vfio, const char *bdf, char **why)
{
	int number = device_group(bdf);
	char group[64], node[64];
	bool ok = false;

	*why = NULL;
	*vfio = (struct vfio) { -1, -1, -1 };
	snprintf(group, sizeof(group), "/dev/vfio/%d", number);
	if (!device_is_vfio(device_driver(bdf)))
		*why = text("it is not bound; \"" NAME " bind %s\" does that",
			    bdf);
	else if (number < 0)
		*why = text("it has no IOMMU group, because no IOMMU is enabled");
	else if (access(group, F_OK) && device_node(bdf, node, sizeof(node)) &&
		 !access(node, F_OK))
		ok = open_by_node(vfio, bdf, node, why);
	else
		ok = open_by_group(vfio, bdf, number, why);
	if (!ok)
		vfio_close(vfio);
	return ok;
}

/* The kernel gives the group up when the device has been closed. */
void vfio_close(struct vfio *vfio)
{
	if (vfio->device >= 0)
		close(vfio->device);
	if (vfio->group >= 0)
		close(vfio->group);
	if (vfio->iommu >= 0)
		close(vfio->iommu);
	*vfio = (struct vfio) { -1, -1, -1 };
}

static bool find_region(const struct vfio *vfio, unsigned int index,
			struct vfio_region_info *info)
{
	*info = (struct vfio_region_info) {
		.argsz = sizeof(*info),
		.index = index,
	};
	return !ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, info);
}

uint64_t vfio_bar_size(const struct vfio *vfio, unsigned int bar)
{
	struct vfio_region_info info;

	return find_region(vfio, VFIO_PCI_BAR0_REGION_INDEX + bar, &info) ?
		info.size : 0;
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

int vfio_export(const struct vfio *vfio, unsigned int bar,
		const struct vfio_region_dma_range *ranges, size_t count,
		char **why)
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
	fd = ioctl(vfio->device, VFIO_DEVICE_FEATURE, feature);
	if (fd < 0)
		*why = text("cannot export BAR %u: %s", bar, meaning(errno));
	free(feature);
	return fd;
}

bool vfio_decode(const struct vfio *vfio, bool on, char **why)
{
	struct vfio_region_info config;
	uint16_t command;
	off_t at;

	errno = 0;
	if (find_region(vfio, VFIO_PCI_CONFIG_REGION_INDEX, &config)) {
		at = config.offset + PCI_COMMAND;
		if (pread(vfio->device, &command, sizeof(command), at) ==
		    sizeof(command)) {
			command = on ? command | htole16(PCI_COMMAND_MEMORY) :
				       command & htole16(~PCI_COMMAND_MEMORY);
			if (pwrite(vfio->device, &command, sizeof(command), at) ==
			    sizeof(command))
				return true;
		}
	}
	*why = text("cannot turn its memory decoding %s: %s", on ? "on" : "off",
		    strerror(errno));
	return false;
}
