/* SPDX-License-Identifier: GPL-2.0-only */
/* Access to a device's memory, the exported buffers, and what importers hold of them. */
#ifndef DVP_BUFFER_H
#define DVP_BUFFER_H

#include <linux/bits.h>
#include <linux/dma-resv.h>
#include <linux/dmabuf_vfio_pci.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "compat/dma_buf_mapping.h"
#include "record.h"

struct address_space;
struct dma_buf;
struct dma_fence;
struct pci_dev;
struct vm_area_struct;

/*
 * Reasons to block access to the memory.
 *
 * DVP_BLOCK_CLOSED: the device is not open.
 * DVP_BLOCK_DISABLED: the device does not answer: memory decoding is off, or it
 *	is in D1 to D3 or in a low-power state that its user asked for.
 * DVP_BLOCK_RESET: a reset is under way.
 * DVP_BLOCK_PF_RESET: a reset of this VF's PF is under way.
 * DVP_BLOCK_ERROR: the device is cut off after a PCI error, or gone.
 * DVP_BLOCK_SYSTEM: the system goes to sleep, or shuts down.
 */
#define DVP_BLOCK_CLOSED	BIT(0)
#define DVP_BLOCK_DISABLED	BIT(1)
#define DVP_BLOCK_RESET		BIT(2)
#define DVP_BLOCK_PF_RESET	BIT(3)
#define DVP_BLOCK_ERROR		BIT(4)
#define DVP_BLOCK_SYSTEM	BIT(5)

/**
 * struct dvp_access - access of importers to the memory of a device
 * @ref: one reference of the bound device, one of each buffer
 * @transition: serializes changes of @reasons and their effects; held, with breaks,
 *	while a revoke waits for importers, so nothing that lets go may take it
 * @list_lock: protects @buffers and @last_number; innermost
 * @buffers: exported since the device was opened, in the order of exports, or, if it
 *	is closed, those in quarantine; each has a dma-buf that holds a reference on it
 * @last_number: number of the last export, and so the number of exports
 * @reasons: why access is blocked, DVP_BLOCK_* (@transition)
 * @writers: writes under way to registers that decide on DVP_BLOCK_DISABLED
 *	(@transition)
 * @revoked: the last notification was a revoke (@transition)
 * @notified: the last transition was a revoke, of which all importers have been
 *	notified (written with @transition held)
 * @undrained: importers still hold mappings after the last revoke (@transition)
 * @revoke_start: time of the last notification (@transition)
 * @nag_at: in jiffies, when to name those that have not let go (@transition)
 * @close_by: in jiffies, when to stop waiting because the device is being closed, or
 *	0; set without a lock
 * @drained: woken when a mapping goes
 * @record: history
 * @exp_name: exporter's name of all dma-bufs: driver and device
 * @name: of the device; the end of @exp_name
 */
struct dvp_access {
	struct kref ref;
	struct mutex transition;	/* @reasons to @nag_at */
	spinlock_t list_lock;		/* @buffers, @last_number */
	struct list_head buffers;
	u64 last_number;
	unsigned long reasons;
	unsigned int writers;
	bool revoked;
	bool notified;
	bool undrained;
	ktime_t revoke_start;
	unsigned long nag_at;
	unsigned long close_by;
	wait_queue_head_t drained;
	struct dvp_record record;
	char exp_name[48];
	const char *name;
};

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

struct dvp_access *dvp_access_create(const char *name);
void dvp_access_put(struct dvp_access *access);
unsigned int dvp_access_mappings(struct dvp_access *access);
unsigned int dvp_collect(struct dvp_access *access, struct list_head *live);
void dvp_put_collected(struct list_head *live);
void dvp_forget_work(struct dvp_buffer *buf);
void dvp_buffer_put(struct dvp_buffer *buf);
bool dvp_buffer_unlist(struct dvp_buffer *buf);
bool dvp_is_gone(struct dvp_buffer *buf);
bool dvp_is_dead(struct dvp_buffer *buf);

/* dmabuf.c */
struct dma_buf *dvp_dmabuf_create(struct dvp_buffer *buf, int open_flags);
struct dvp_buffer *dvp_dmabuf_buffer(struct dma_buf *dmabuf);

/* mmap.c */
int dvp_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma);
void dvp_mmap_revoke(struct dvp_buffer *buf);

#endif /* DVP_BUFFER_H */
