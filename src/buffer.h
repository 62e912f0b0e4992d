/* SPDX-License-Identifier: GPL-2.0-only */
/* The exported buffer and what importers hold of it. */
#ifndef DVP_BUFFER_H
#define DVP_BUFFER_H

#include <linux/dma-direction.h>
#include <linux/dmabuf_vfio_pci.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "compat/dma_buf_mapping.h"

struct dma_buf;
struct dma_buf_attachment;
struct dvp_access;
struct pci_dev;

/**
 * struct dvp_buffer - memory of a BAR that was exported as a dma-buf
 * @dmabuf: the dma-buf; valid as long as the buffer is
 * @access: whether the memory may be reached; a reference is held
 * @pdev: the device; only while the buffer is not @revoked, which no buffer
 *	stays beyond the closing of the device
 * @node: in dvp_access.buffers (dvp_access.list_lock)
 * @transition_node: in the list of those that are revoked or restored just
 *	now (dvp_access.transition)
 * @number: in the order in which dvp_access.buffers has them, from 1 on
 * @extent: from the lowest address of all ranges to the highest
 * @ranges: what the buffer consists of, in its order; never changes
 * @nr_ranges: of @ranges
 * @mappings: how many there are, physical lists included (reservation lock)
 * @owner_comm: what the process was called that it was exported for
 * @owner_pid: of that process, in the initial namespace
 * @bar: BAR number
 * @revoked: nobody may attach or map (reservation lock)
 */
struct dvp_buffer {
	struct dma_buf *dmabuf;
	struct dvp_access *access;
	struct pci_dev *pdev;
	struct list_head node;
	struct list_head transition_node;
	u64 number;
	struct dmabuf_vfio_pci_range extent;
	struct dmabuf_vfio_pci_range *ranges;
	u32 nr_ranges;
	unsigned int mappings;
	char owner_comm[TASK_COMM_LEN];
	pid_t owner_pid;
	u8 bar;
	bool revoked;
};

/**
 * struct dvp_attachment - an importer's device at a buffer
 * @map_type: how the importer reaches the memory; decided when it attached
 * @reserved: addresses that mean something else to its IOMMU
 * @phys: where the memory is, for an importer that maps it itself
 * @mapping: the one that an importer without other mappings gets (reservation
 *	lock)
 * @lists: how often the importer has got @phys (reservation lock)
 * @mappings: that it holds (reservation lock)
 * @pins: that it holds, or that the dma-buf core holds for it (reservation
 *	lock)
 */
struct dvp_attachment {
	enum pci_p2pdma_map_type map_type;
	struct list_head reserved;
	struct dmabuf_vfio_pci_phys phys;
	struct compat_dma_buf_mapping mapping;
	unsigned int lists;
	unsigned int mappings;
	unsigned int pins;
};

/**
 * dvp_last() - where a piece of memory ends
 * @range: of at least one byte
 *
 * Context: any.
 * Return: the physical address of its last byte.
 */
static inline phys_addr_t dvp_last(const struct dmabuf_vfio_pci_range *range)
{
	return range->paddr + range->len - 1;
}

#endif /* DVP_BUFFER_H */
