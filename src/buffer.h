/* SPDX-License-Identifier: GPL-2.0-only */
/* The exported buffer and what importers hold of it. */
#ifndef DVP_BUFFER_H
#define DVP_BUFFER_H

#include <linux/dma-direction.h>
#include <linux/dma-resv.h>
#include <linux/dmabuf_vfio_pci.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>

#include "compat/dma_buf_mapping.h"

struct address_space;
struct dma_buf;
struct dma_fence;
struct dvp_access;
struct pci_dev;
struct vm_area_struct;

/**
 * struct dvp_process - a process, as it is shown to operators
 * @pid: in the initial namespace
 * @comm: its name
 */
struct dvp_process {
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct dvp_buffer - ranges of a BAR that were exported as a dma-buf
 * @ref: one reference of the dma-buf until it is released, one of each task that
 *	works on the buffer without holding the dma-buf
 * @resv: reservation object of the dma-buf, whose lock outlives the dma-buf
 * @dmabuf: the dma-buf, NULL once it has been released (@resv).  There is no
 *	reference on its file, and none can be taken: with O_PATH the dma-buf
 *	outlives its file.
 * @access: of the device; a reference is held
 * @pdev: the device; valid only while the buffer is not @revoked: every buffer is
 *	revoked when the device is closed
 * @node: in dvp_access.buffers (dvp_access.list_lock)
 * @transition_node: in the list of buffers that are being revoked or restored
 *	(dvp_access.transition)
 * @work: fences of the work that a revoke waits for, with a reference on each (@resv;
 *	changed with dvp_access.transition held as well)
 * @nr_work: number of entries of @work (as @work)
 * @all_work: there was no memory for @work: wait for all fences instead (as @work)
 * @inode: inode number of the dma-buf's file
 * @mapping: address space of the dma-buf's file.  A reference on its inode is held: the
 *	dma-buf may outlive the file.
 * @number: position in the order of exports, from 1
 * @size: sum of the ranges, in bytes
 * @extent: from the lowest to the highest address of all ranges
 * @ranges: physical ranges in the order of the buffer; constant
 * @nr_ranges: number of entries of @ranges
 * @mappings: live mappings of importers, physical lists included (@resv)
 * @cpu_lock: lock of @cpu_mappings
 * @cpu_mappings: mmap()s of processes (@cpu_lock)
 * @found_range: index of the range that was looked up last, to find the next page
 *	soon (@resv)
 * @found_page: position of that range in the buffer, in pages (@resv)
 * @filled_page: last page that a fault mapped (@resv)
 * @exporter: process that asked for the export
 * @bar: BAR number
 * @mappable: the core allows the BAR to be mapped by the CPU; constant
 * @write_combine: processes that map it from now on do so write-combining (written with
 *	@resv held)
 * @revoked: attaching and mapping are refused (@resv)
 * @ended: revoked for good by the owner of the device (@resv; changed with
 *	dvp_access.transition held as well)
 * @quarantined: an importer still held it when the device was closed (@resv)
 */
struct dvp_buffer {
	struct kref ref;
	struct dma_resv resv;
	struct dma_buf *dmabuf;
	struct dvp_access *access;
	struct pci_dev *pdev;
	struct list_head node;
	struct list_head transition_node;
	struct dma_fence **work;
	unsigned int nr_work;
	bool all_work;
	unsigned long inode;
	struct address_space *mapping;
	u64 number;
	size_t size;
	struct dmabuf_vfio_pci_range extent;
	struct dmabuf_vfio_pci_range *ranges;
	u32 nr_ranges;
	unsigned int mappings;
	spinlock_t cpu_lock; /* of cpu_mappings */
	struct list_head cpu_mappings;
	u32 found_range;
	unsigned long found_page;
	unsigned long filled_page;
	struct dvp_process exporter;
	u8 bar;
	bool mappable;
	bool write_combine;
	bool revoked;
	bool ended;
	bool quarantined;
};

/**
 * struct dvp_attachment - an importer's attachment to a buffer
 * @map_type: how the importer reaches the memory; decided when it attached
 * @reserved: DMA addresses that its IOMMU group reserves for something else
 * @phys: physical ranges, for an importer that maps them itself
 * @mapping: the one that an importer without other mappings gets
 *	(dvp_buffer.resv)
 * @importer: process that attached
 * @lists: how often the importer holds @phys (dvp_buffer.resv)
 * @mappings: that the importer holds (dvp_buffer.resv)
 * @pins: of the importer, and of the dma-buf core on its behalf
 *	(dvp_buffer.resv)
 */
struct dvp_attachment {
	enum pci_p2pdma_map_type map_type;
	struct list_head reserved;
	struct dmabuf_vfio_pci_phys phys;
	struct compat_dma_buf_mapping mapping;
	struct dvp_process importer;
	unsigned int lists;
	unsigned int mappings;
	unsigned int pins;
};

/**
 * struct dvp_cpu_mapping - what stems from one mmap() of a buffer
 * @buf: buffer; the areas keep its dma-buf
 * @node: in dvp_buffer.cpu_mappings (dvp_buffer.cpu_lock)
 * @areas: how many there are, as areas are split, moved, and inherited
 *	(dvp_buffer.cpu_lock)
 * @process: that called mmap()
 */
struct dvp_cpu_mapping {
	struct dvp_buffer *buf;
	struct list_head node;
	unsigned int areas;
	struct dvp_process process;
};

/* Note the calling process. */
static inline void dvp_process_fill(struct dvp_process *process)
{
	process->pid = task_tgid_nr(current);
	/* The process may be renaming itself. */
	data_race(memcpy(process->comm, current->group_leader->comm,
			 TASK_COMM_LEN));
}

/* The physical address of the last byte of a range. */
static inline phys_addr_t dvp_last(const struct dmabuf_vfio_pci_range *range)
{
	return range->paddr + range->len - 1;
}

struct dma_buf *dvp_dmabuf_create(struct dvp_buffer *buf, int open_flags);
struct dvp_buffer *dvp_dmabuf_buffer(struct dma_buf *dmabuf);

int dvp_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma);
void dvp_mmap_revoke(struct dvp_buffer *buf);

#endif /* DVP_BUFFER_H */
