/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What userspace compiles against to export ranges of a VFIO PCI device's
 * BARs as a dma-buf.  The interface is that of Linux 6.19 and later; this
 * header supplies it where the installed <linux/vfio.h> is older.
 */
#ifndef _UAPI_LINUX_DMABUF_VFIO_PCI_H
#define _UAPI_LINUX_DMABUF_VFIO_PCI_H

#include <linux/types.h>
#include <linux/vfio.h>

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF

/*
 * VFIO_DEVICE_FEATURE_GET with this feature returns a new dma-buf file
 * descriptor for the concatenation of the given ranges of one BAR.
 * VFIO_DEVICE_FEATURE_PROBE tells whether the driver offers it.
 */
#define VFIO_DEVICE_FEATURE_DMA_BUF 11

/**
 * struct vfio_region_dma_range - one piece of a region
 * @offset: where it starts in the region, in bytes, page aligned
 * @length: how long it is, in bytes, page aligned, not 0
 */
struct vfio_region_dma_range {
	__u64 offset;
	__u64 length;
};

/**
 * struct vfio_device_feature_dma_buf - payload of VFIO_DEVICE_FEATURE_DMA_BUF
 * @region_index: the BAR, VFIO_PCI_BAR0_REGION_INDEX to BAR5
 * @open_flags: of the new file descriptor: access mode and O_CLOEXEC
 * @flags: must be 0
 * @nr_ranges: how many @dma_ranges follow, at least 1
 * @dma_ranges: the pieces, in the order in which the buffer presents them;
 *	they may repeat, overlap and leave gaps
 */
struct vfio_device_feature_dma_buf {
	__u32 region_index;
	__u32 open_flags;
	__u32 flags;
	__u32 nr_ranges;
	struct vfio_region_dma_range dma_ranges[];
};

#endif /* VFIO_DEVICE_FEATURE_DMA_BUF */

#endif /* _UAPI_LINUX_DMABUF_VFIO_PCI_H */
