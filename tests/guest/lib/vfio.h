/* SPDX-License-Identifier: GPL-2.0-only */
/* A VFIO PCI device through a container of its own, or in some guests through iommufd. */
#ifndef GUEST_VFIO_H
#define GUEST_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/dmabuf_vfio_pci.h>

/**
 * struct vfio - an open device
 * @container: file descriptor; of /dev/iommu if there is no group
 * @group: file descriptor, or -1
 * @device: file descriptor
 */
struct vfio {
	int container;
	int group;
	int device;
};

/* Functions return 0, or what they say, or a negative errno. */
int vfio_open(struct vfio *vfio, const char *bdf);
/* A device of the group that @vfio has opened: returns a file descriptor. */
int vfio_open_sibling(const struct vfio *vfio, const char *bdf);
void vfio_close(struct vfio *vfio);
int vfio_reset(const struct vfio *vfio);
/* Resets all that is reset with the device; the group comes along as a proof. */
int vfio_hot_reset(int device, int group);
int vfio_region(const struct vfio *vfio, unsigned int index,
		struct vfio_region_info *info);
int vfio_map(const struct vfio *vfio, unsigned int index, uint8_t **memory,
	     size_t *size);
int vfio_read(const struct vfio *vfio, unsigned int index, uint64_t offset,
	      void *data, size_t size);
int vfio_write(const struct vfio *vfio, unsigned int index, uint64_t offset,
	       const void *data, size_t size);
int vfio_set_command(const struct vfio *vfio, uint16_t set, uint16_t clear);
int vfio_feature(const struct vfio *vfio, uint32_t flags, const void *payload,
		 size_t size);

/* These return the file descriptor of a dma-buf. */
int vfio_export(const struct vfio *vfio, unsigned int index,
		const struct vfio_region_dma_range *ranges, uint32_t count,
		uint32_t open_flags);
int vfio_export_range(const struct vfio *vfio, unsigned int index,
		      uint64_t offset, uint64_t length);

#endif /* GUEST_VFIO_H */
