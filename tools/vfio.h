/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VFIO PCI device.  Each function that can fail returns false, or -1 for a file
 * descriptor, and a sentence about why, allocated.
 */
#ifndef TOOLS_VFIO_H
#define TOOLS_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/dmabuf_vfio_pci.h>

/**
 * struct vfio - a device that is open
 * @device: file descriptor of the device
 * @group: of its IOMMU group; -1 if it was opened by its own node
 * @iommu: of the container, or of iommufd
 */
struct vfio {
	int device;
	int group;
	int iommu;
};

/* By its group, or where there is none, by its own node. */
bool vfio_open(struct vfio *vfio, const char *bdf, char **why);
void vfio_close(struct vfio *vfio);
/* The size of a BAR; 0 if the device does not have it. */
uint64_t vfio_bar_size(const struct vfio *vfio, unsigned int bar);
/* A file descriptor of the dma-buf. */
int vfio_export(const struct vfio *vfio, unsigned int bar,
		const struct vfio_region_dma_range *ranges, size_t count,
		char **why);
/* Turn the decoding of memory on or off, as a program does by config space. */
bool vfio_decode(const struct vfio *vfio, bool on, char **why);

#endif /* TOOLS_VFIO_H */
