/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical ranges of MMIO to a scatterlist of DMA addresses and back, as
 * dma_buf_phys_vec_to_sgt() and dma_buf_free_sgt() do since 6.19 ("dma-buf:
 * provide phys_vec to scatter-gather mapping routine").
 */
#ifndef COMPAT_DMA_BUF_MAPPING_H
#define COMPAT_DMA_BUF_MAPPING_H

#include <linux/dma-direction.h>
#include <linux/dmabuf_vfio_pci.h>
#include <linux/scatterlist.h>

#include "compat/dma_mapping.h"
#include "compat/pci_p2pdma.h"

/**
 * struct compat_dma_buf_ranges - the memory of a buffer
 * @vec: physical ranges, in the order of the buffer, page aligned
 * @nr: number of entries in @vec, at least one
 * @size: sum of their lengths, in bytes
 * @bus_offset: bus address minus physical address, modulo 2^64; for
 *	PCI_P2PDMA_MAP_BUS_ADDR
 * @bar: physical address of the BAR that all ranges are in
 * @bar_size: size of the BAR, in bytes
 */
struct compat_dma_buf_ranges {
	const struct dmabuf_vfio_pci_range *vec;
	size_t nr;
	size_t size;
	u64 bus_offset;
	phys_addr_t bar;
	size_t bar_size;
};

/**
 * struct compat_dma_buf_mapping - a mapping of such memory for one device
 * @sgt: the table: DMA addresses only, without pages
 * @single: the entry of a table that has only one, the usual case
 * @iova: the span of DMA addresses, if there is one
 * @type: map type of the path
 * @mapped: bytes that the DMA API has mapped, from the start of the buffer
 */
struct compat_dma_buf_mapping {
	struct sg_table sgt;
	struct scatterlist single;
	struct dma_iova_state iova;
	enum pci_p2pdma_map_type type;
	size_t mapped;
};

int compat_dma_buf_phys_vec_to_sgt(struct compat_dma_buf_mapping *mapping,
				   struct device *dev,
				   enum pci_p2pdma_map_type type,
				   const struct compat_dma_buf_ranges *ranges,
				   enum dma_data_direction dir, size_t *failed);
void compat_dma_buf_free_sgt(struct compat_dma_buf_mapping *mapping,
			     struct device *dev,
			     const struct compat_dma_buf_ranges *ranges,
			     enum dma_data_direction dir);

#endif /* COMPAT_DMA_BUF_MAPPING_H */
