/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMPORTER_H
#define IMPORTER_H

#include <linux/dma-buf.h>
#include <linux/ktime.h>
#include <linux/dma-resv.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "dvp_importer.h"

/**
 * struct dvp_edu - a DMA engine
 * @pdev: the edu device
 * @regs: its BAR 0
 * @bounce: memory that the engine fills and empties
 * @bounce_addr: DMA address of @bounce
 * @lock: one transfer at a time
 * @stuck: a transfer did not end, the engine has been cut off from the bus
 */
struct dvp_edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	void *bounce;
	dma_addr_t bounce_addr;
	struct mutex lock; /* serializes transfers */
	bool stuck;
};

int dvp_edu_init(struct dvp_edu *edu, struct pci_dev *pdev);
int dvp_edu_write(struct dvp_edu *edu, dma_addr_t to, const void *from,
		  size_t length);
int dvp_edu_write_begin(struct dvp_edu *edu, dma_addr_t to, const void *from,
			size_t length);
bool dvp_edu_write_end(struct dvp_edu *edu);
int dvp_edu_read(struct dvp_edu *edu, void *to, dma_addr_t from, size_t length);

/**
 * struct dvp_importer - a device that imports
 * @misc: its character device
 * @dev: the device itself
 * @edu: its engine; the platform device has none
 * @users: open files
 * @idle: woken when @users falls to zero
 */
struct dvp_importer {
	struct miscdevice misc;
	struct device *dev;
	struct dvp_edu edu;
	atomic_t users;
	wait_queue_head_t idle;
};

extern const struct file_operations dvp_importer_fops;

/* A report of more entries than this would be a very long one. */
#define DVP_MAX_ENTRIES	65536

int dvp_machine_ioctl(unsigned int cmd, void __user *arg);

struct dvp_own;

/**
 * struct dvp_import - an attached dma-buf
 * @dev: the importing device
 * @child: that device, if it was made for this
 * @attach: the attachment
 * @release: unmaps @hold_ms after the exporter asked for it
 * @release_at: when that is
 * @sgt: the mapping, if any
 * @dir: its direction
 * @own: or one without a scatterlist, if any
 * @hold_ms: how long to hold on
 * @stale: was told, and unmaps at its next call
 * @pins: how often pinned by us
 * @notifications: how often told
 * @revokes: how often told while mapped
 * @blind: how often told while mapped, but too late
 * @watched: what is looked at when told, if anything; a reference is held
 * @watched_reg: a register of @watched
 * @sights: what it looked like the last few times
 *
 * The reservation lock of the dma-buf protects @sgt, @dir, @own and what follows
 * @hold_ms; the calls for one import must not overlap.
 */
struct dvp_import {
	struct device *dev;
	struct platform_device *child;
	struct dma_buf_attachment *attach;
	struct delayed_work release;
	ktime_t release_at;
	struct sg_table *sgt;
	enum dma_data_direction dir;
	struct dvp_own *own;
	unsigned int hold_ms;
	bool stale;
	unsigned int pins;
	unsigned int notifications;
	unsigned int revokes;
	unsigned int blind;
	struct pci_dev *watched;
	void __iomem *watched_reg;
	struct dvp_importer_sight sights[DVP_IMPORTER_SIGHTS];
};

static inline void dvp_import_lock(struct dvp_import *import)
{
	dma_resv_lock(import->attach->dmabuf->resv, NULL);
}

static inline void dvp_import_unlock(struct dvp_import *import)
{
	dma_resv_unlock(import->attach->dmabuf->resv);
}

static inline bool dvp_import_is_mapped(const struct dvp_import *import)
{
	return import->sgt || import->own;
}

void dvp_import_unmap_locked(struct dvp_import *import);

/* End a mapping that it was told to let go of, and has kept until this call. */
static inline void dvp_import_unmap_stale(struct dvp_import *import)
{
	if (import->stale)
		dvp_import_unmap_locked(import);
}

/* Delay a work by @ms, and say at @end when that is over; not if it is delayed already. */
static inline void dvp_delay(struct delayed_work *work, ktime_t *end,
			     unsigned int ms)
{
	if (delayed_work_pending(work))
		return;
	*end = ktime_add_ms(ktime_get(), ms);
	schedule_delayed_work(work, msecs_to_jiffies(ms));
}

/*
 * Whether the @end of a delay has come; if not, the work runs again.  jiffies may lag
 * behind the clock by several ticks where a virtual machine's CPUs take turns.
 */
static inline bool dvp_is_over(struct delayed_work *work, ktime_t end)
{
	if (!ktime_before(ktime_get(), end))
		return true;
	schedule_delayed_work(work, 1);
	return false;
}

struct dvp_import *dvp_import_attach(struct device *dev,
				     const struct dvp_importer_attach *arg);
void dvp_import_detach(struct dvp_import *import);
void dvp_import_hide(struct dvp_import *import, bool hide);
int dvp_import_map(struct dvp_import *import, enum dma_data_direction dir);
int dvp_import_map_own(struct dvp_import *import, struct dvp_edu *edu,
		       u32 version);
int dvp_import_unmap(struct dvp_import *import);
int dvp_import_pin(struct dvp_import *import);
int dvp_import_unpin(struct dvp_import *import);
int dvp_import_work(struct dvp_import *import, unsigned int ms);
void dvp_import_report(struct dvp_import *import,
		       struct dvp_importer_report *report,
		       struct dvp_importer_entry *entries);
int dvp_import_walk(struct dvp_import *import, struct dvp_importer_walk *walk,
		    struct dvp_importer_entry *entries);
int dvp_walk(struct sg_table *sgt, struct dvp_importer_walk *walk,
	     struct dvp_importer_entry *entries);
int dvp_import_transfer(struct dvp_import *import, struct dvp_edu *edu,
			u64 offset, void *data, size_t length, bool to_buffer);
int dvp_import_unmap_late(struct dvp_import *import, struct dvp_edu *edu,
			  u64 offset, const void *data, size_t length);

int dvp_import_watch(struct dvp_import *import,
		     const struct dvp_importer_watch *arg);
void dvp_import_unwatch(struct dvp_import *import);
bool dvp_import_look(struct dvp_import *import);

int dvp_pretend(const struct dvp_importer_pretend *arg);
void dvp_pretend_exit(void);

int dvp_route_ask(struct dvp_importer_routes *arg,
		  struct dvp_importer_route *routes);
int dvp_route_move_window(const struct dvp_importer_window *window);

struct dvp_own *dvp_own_map(struct dma_buf_attachment *attach,
			    struct dvp_edu *edu, u32 version);
void dvp_own_unmap(struct dvp_own *own, struct dma_buf_attachment *attach);
dma_addr_t dvp_own_address(struct dvp_own *own, size_t *size);
void dvp_own_report(struct dvp_own *own, struct dvp_importer_report *report,
		    struct dvp_importer_entry *entries);

struct dvp_probe;

struct dvp_probe *dvp_probe_start(const struct dvp_importer_probe *arg);
void dvp_probe_look(struct dvp_probe *probe, struct dvp_importer_probed *seen);
void dvp_probe_release(struct dvp_probe *probe);
void dvp_probe_stop(struct dvp_probe *probe, struct dvp_importer_probed *seen);

struct dvp_reserve;

struct dvp_reserve *dvp_reserve_start(const struct dvp_importer_reserve *arg,
				      struct device *dev);
void dvp_reserve_stop(struct dvp_reserve *reserve);

int dvp_measure(struct dvp_importer_measure *arg, struct device *dev);

int dvp_peek(phys_addr_t address, void *to, size_t length);

#endif /* IMPORTER_H */
