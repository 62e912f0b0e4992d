/* SPDX-License-Identifier: GPL-2.0-only */
/* A VFIO PCI device.  Errors are fatal. */
#ifndef TOOLS_VFIO_H
#define TOOLS_VFIO_H

#include <stddef.h>
#include <stdint.h>

#include <linux/dmabuf_vfio_pci.h>

/* A file descriptor of the device, which is open until the program ends. */
int vfio_open(const char *bdf);
/* The size of a BAR; 0 if the device does not have it. */
uint64_t vfio_bar_size(int device, unsigned int bar);
/* A file descriptor of the dma-buf. */
int vfio_export(int device, const char *bdf, unsigned int bar,
		const struct vfio_region_dma_range *ranges, size_t count);

#endif /* TOOLS_VFIO_H */
