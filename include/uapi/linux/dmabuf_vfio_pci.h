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

/*
 * Delegation: the owner of a device exports a slice of a BAR, hands the dma-buf to another
 * process, which maps it with mmap(), and takes it back.  No kernel has these features;
 * their numbers are this driver's own, from a range that the kernel does not use.  When
 * the kernel gets numbers for the same, both are answered, and these are withdrawn later.
 */

/*
 * VFIO_DEVICE_FEATURE_SET with this feature sets the memory type that later mmap()s of a
 * dma-buf use.  Mappings that exist stay as they are.
 *
 * Errors: ENOENT, @memattr is unknown; EOPNOTSUPP, the BAR is not prefetchable; ENODEV,
 * the dma-buf is not one of this device; EBADFD, it is revoked for good; and those of
 * any descriptor that is no dma-buf (EBADF, EINVAL).
 */
#define DMABUF_VFIO_PCI_FEATURE_MEMATTR 0xdb00

/**
 * struct dmabuf_vfio_pci_feature_memattr - payload of DMABUF_VFIO_PCI_FEATURE_MEMATTR
 * @dmabuf_fd: descriptor of the dma-buf
 * @memattr: DMABUF_VFIO_PCI_MEMATTR_*
 */
struct dmabuf_vfio_pci_feature_memattr {
	__s32 dmabuf_fd;
	__u32 memattr;
};

/* The default: each access reaches the device by itself, in order. */
#define DMABUF_VFIO_PCI_MEMATTR_UNCACHED 0

/*
 * Write-combining, for prefetchable BARs.  On x86 the kernel's own mapping of a BAR decides:
 * while that is uncached, the mapping is uncached as well.
 */
#define DMABUF_VFIO_PCI_MEMATTR_WRITE_COMBINE 1

/*
 * VFIO_DEVICE_FEATURE_SET with this feature revokes one dma-buf for good.  When it returns,
 * no importer and no process reaches the memory through it; an access of the CPU raises
 * SIGBUS.  Other dma-bufs are not affected.
 *
 * Errors: EBADFD, it is revoked for good already, or was exported before the device was
 * opened; ENODEV, the dma-buf is not one of this device; EBUSY, it is revoked, but an
 * importer that has pinned it keeps its mapping (pinned_importers=hold), and the call can
 * be repeated; and those of any descriptor that is no dma-buf (EBADF, EINVAL).
 */
#define DMABUF_VFIO_PCI_FEATURE_REVOKE 0xdb01

/**
 * struct dmabuf_vfio_pci_feature_revoke - payload of DMABUF_VFIO_PCI_FEATURE_REVOKE
 * @dmabuf_fd: descriptor of the dma-buf
 */
struct dmabuf_vfio_pci_feature_revoke {
	__s32 dmabuf_fd;
};

#endif /* _UAPI_LINUX_DMABUF_VFIO_PCI_H */
