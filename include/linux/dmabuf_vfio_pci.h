/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical ranges of a dma-buf that dmabuf-vfio-pci has exported, for importers in
 * the kernel that need no scatterlist, such as an IOMMU driver or another VFIO.
 *
 * The contract is that of a mapping.  The importer attaches with peer-to-peer
 * allowed and an invalidate callback, gets the list, and fills page tables of its
 * own.  In the callback, or soon after, it clears them, flushes and puts the list;
 * the exporter waits for that before the memory goes.  The importer may try to get
 * the list again when it is notified again.  All of this happens under the
 * reservation lock of the dma-buf.
 *
 *	list = dmabuf_vfio_pci_get_phys(attach, DMABUF_VFIO_PCI_PHYS_VERSION);
 *	if (IS_ERR(list))
 *		return PTR_ERR(list);
 *	for (i = 0; i < list->nr_ranges; i++)
 *		... list->ranges[i] ...
 *	list->put(attach);
 *
 * Where the driver may be missing, symbol_get(dmabuf_vfio_pci_get_phys) asks
 * for it; the dma-buf itself keeps the driver loaded.
 */
#ifndef _LINUX_DMABUF_VFIO_PCI_H
#define _LINUX_DMABUF_VFIO_PCI_H

#include <linux/types.h>

struct dma_buf_attachment;

/* Incremented with every change of the structures. */
#define DMABUF_VFIO_PCI_PHYS_VERSION 1

/**
 * enum dmabuf_vfio_pci_memory - what kind of memory it is
 * @DMABUF_VFIO_PCI_MMIO: of a device: never cached (IOMMU_MMIO, without
 *	IOMMU_CACHE), not encrypted, without struct pages
 */
enum dmabuf_vfio_pci_memory {
	DMABUF_VFIO_PCI_MMIO = 1,
};

/**
 * enum dmabuf_vfio_pci_path - how the attached device reaches it
 * @DMABUF_VFIO_PCI_SWITCH: bridges below the host bridge lead there, by
 *	bus addresses that no IOMMU sees; through the IOMMU nothing is promised
 * @DMABUF_VFIO_PCI_HOST_BRIDGE: through the host bridge, by whatever addresses
 *	the IOMMU translates, or by physical ones where it does not
 */
enum dmabuf_vfio_pci_path {
	DMABUF_VFIO_PCI_SWITCH = 1,
	DMABUF_VFIO_PCI_HOST_BRIDGE = 2,
};

/**
 * struct dmabuf_vfio_pci_range - a contiguous piece of device memory
 * @paddr: physical address, page aligned
 * @len: in bytes, whole pages
 */
struct dmabuf_vfio_pci_range {
	phys_addr_t paddr;
	size_t len;
};

/**
 * struct dmabuf_vfio_pci_phys - where the memory of a dma-buf is
 * @version: DMABUF_VFIO_PCI_PHYS_VERSION that was asked for
 * @memory: what kind of memory it is
 * @path: how the attached device reaches it
 * @bus_offset: from physical addresses to those on the bus, modulo 2^64; for
 *	DMABUF_VFIO_PCI_SWITCH
 * @nr_ranges: of @ranges
 * @ranges: what the dma-buf consists of, in its order
 * @put: gives the list back, under the reservation lock; the importer's device
 *	must not reach the memory any more
 *
 * All of it stays as it is until it is given back.
 */
struct dmabuf_vfio_pci_phys {
	u32 version;
	enum dmabuf_vfio_pci_memory memory;
	enum dmabuf_vfio_pci_path path;
	u64 bus_offset;
	size_t nr_ranges;
	const struct dmabuf_vfio_pci_range *ranges;
	void (*put)(struct dma_buf_attachment *attach);
};

const struct dmabuf_vfio_pci_phys *
dmabuf_vfio_pci_get_phys(struct dma_buf_attachment *attach, u32 version);

#endif /* _LINUX_DMABUF_VFIO_PCI_H */
