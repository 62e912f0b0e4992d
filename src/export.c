// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_FEATURE_DMA_BUF: from a user's request to a file descriptor. */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "compat/slab.h"
#include "compat/vfio_pci.h"
#include "buffer.h"
#include "dvp.h"
#include "record.h"
#include "revoke.h"
#include "trace.h"

/* The user decides on the size: charge the user, and rather fail than kill. */
#define DVP_GFP_USER (GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

/* As many as vfio-pci-core accepts, which copies the ranges with one kmalloc(). */
#define DVP_MAX_RANGES 262144

/* Of the ranges in sum, in bytes, unless twice the BAR is more. */
#define DVP_MAX_SIZE (64ULL * SZ_1G)

/* Also keeps the user's @index from being used out of bounds under speculation. */
static bool dvp_is_memory_bar(struct vfio_pci_core_device *vdev, u32 *index)
{
	if (*index >= PCI_STD_NUM_BARS)
		return false;
	*index = array_index_nospec(*index, PCI_STD_NUM_BARS);
	return (pci_resource_flags(vdev->pdev, *index) & IORESOURCE_MEM) &&
	       pci_resource_len(vdev->pdev, *index) &&
	       !IS_ERR(vfio_pci_core_get_iomap(vdev, *index));
}

static int dvp_check_range(const struct vfio_region_dma_range *range,
			   u64 bar_len, loff_t *size)
{
	u64 end;

	if (!range->length || !PAGE_ALIGNED(range->offset | range->length))
		return -EINVAL;
	if (check_add_overflow(range->offset, range->length, &end))
		return -EOVERFLOW;
	if (end > bar_len)
		return -EINVAL;
	/* The size becomes that of a file. */
	return check_add_overflow(*size, (loff_t)range->length, size) ?
	       -EOVERFLOW : 0;
}

/* Append a range, or extend the last one if the new one follows it. */
static void dvp_append_range(struct dvp_buffer *buf, phys_addr_t paddr,
			     size_t len)
{
	struct dmabuf_vfio_pci_range *next = &buf->ranges[buf->nr_ranges];

	if (buf->nr_ranges && next[-1].paddr + next[-1].len == paddr) {
		next[-1].len += len;
		return;
	}
	next->paddr = paddr;
	next->len = len;
	buf->nr_ranges++;
}

static int dvp_fill_ranges(struct dvp_buffer *buf,
			   const struct vfio_region_dma_range *user, u32 count)
{
	phys_addr_t bar_start = pci_resource_start(buf->pdev, buf->bar);
	u64 bar_len = pci_resource_len(buf->pdev, buf->bar);
	phys_addr_t first = PHYS_ADDR_MAX, last = 0, paddr;
	loff_t size = 0;
	u32 i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = dvp_check_range(&user[i], bar_len, &size);
		if (ret) {
			dvp_refuse(buf->access, NULL,
				   "range %u of BAR %u: offset 0x%llx, length 0x%llx: empty, not page aligned, or beyond the BAR (0x%llx bytes)",
				   i, buf->bar, user[i].offset, user[i].length,
				   bar_len);
			return ret;
		}
		paddr = bar_start + user[i].offset;
		first = min(first, paddr);
		last = max(last, paddr + user[i].length - 1);
		dvp_append_range(buf, paddr, user[i].length);
	}
	/*
	 * Nobody is charged for an IOMMU's page tables.  Ranges that repeat must not need
	 * many times those of the BAR, nor keep the reservation lock while they are made.
	 */
	if (size > max(2 * bar_len, DVP_MAX_SIZE)) {
		dvp_refuse(buf->access, NULL,
			   "the ranges of BAR %u have 0x%llx bytes in sum, which are too many",
			   buf->bar, size);
		return -ENOMEM;
	}
	buf->size = size;
	buf->extent.paddr = first;
	buf->extent.len = last - first + 1;
	return 0;
}

static int dvp_read_ranges(struct dvp_buffer *buf,
			   const struct vfio_region_dma_range __user *user,
			   u32 count)
{
	struct vfio_region_dma_range *ranges;
	int ret = -EFAULT;

	if (count > DVP_MAX_RANGES)
		return -ENOMEM;
	buf->ranges = kvmalloc_array(count, sizeof(*buf->ranges), DVP_GFP_USER);
	ranges = kvmalloc_array(count, sizeof(*ranges), DVP_GFP_USER);
	if (!buf->ranges || !ranges)
		ret = -ENOMEM;
	else if (!copy_from_user(ranges, user, array_size(count, sizeof(*ranges))))
		ret = dvp_fill_ranges(buf, ranges, count);
	kvfree(ranges);
	return ret;
}

/* A buffer without a dma-buf, with the caller's reference. */
static struct dvp_buffer *
dvp_create_buffer(struct dvp_device *dvp,
		  const struct vfio_device_feature_dma_buf *get,
		  const struct vfio_region_dma_range __user *user)
{
	struct dvp_buffer *buf;
	int ret;

	buf = kzalloc_obj(*buf, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	kref_init(&buf->ref);
	dma_resv_init(&buf->resv);
	INIT_LIST_HEAD(&buf->node);
	spin_lock_init(&buf->cpu_lock);
	INIT_LIST_HEAD(&buf->cpu_mappings);
	kref_get(&dvp->access->ref);
	buf->access = dvp->access;
	buf->pdev = dvp->core.pdev;
	buf->bar = get->region_index;
	buf->mappable = dvp->core.bar_mmap_supported[buf->bar];
	dvp_process_fill(&buf->exporter);
	ret = dvp_read_ranges(buf, user, get->nr_ranges);
	if (ret) {
		dvp_buffer_put(buf);
		return ERR_PTR(ret);
	}
	return buf;
}

/* Consumes the caller's reference on the buffer. */
static int dvp_export_buffer(struct dvp_buffer *buf, int open_flags)
{
	struct dma_buf *dmabuf;
	int ret;

	dmabuf = dvp_dmabuf_create(buf, open_flags);
	if (IS_ERR(dmabuf)) {
		dvp_buffer_put(buf);
		return PTR_ERR(dmabuf);
	}
	dvp_revoke_add(buf);
	/* Before another thread can close the new descriptor. */
	trace_dvp_export(buf);
	ret = dma_buf_fd(dmabuf, open_flags);
	if (ret < 0)
		dma_buf_put(dmabuf);
	return ret;
}

/* Check all of a request but its ranges.  Returns what is wrong, or NULL. */
static const char *
dvp_check_request(const struct vfio_device_feature_dma_buf *get)
{
	if (get->flags)
		return "flags must be 0";
	if (!get->nr_ranges)
		return "nr_ranges must not be 0";
	if (get->open_flags & ~(O_ACCMODE | O_CLOEXEC))
		return "open_flags may have an access mode and O_CLOEXEC only";
	return NULL;
}

/**
 * dvp_export() - VFIO_DEVICE_FEATURE_DMA_BUF
 * @dvp: device, open
 * @flags: of the feature call
 * @arg: the user's request
 * @argsz: size of the request in bytes
 * Return: a file descriptor; 0 for a probe; -EINVAL or -EOVERFLOW for an invalid
 * request; -ENODEV if the region is not a memory BAR of the device; -EFAULT;
 * -ENOMEM, also for more than DVP_MAX_RANGES ranges; -EMFILE.
 */
int dvp_export(struct dvp_device *dvp, u32 flags,
	       struct vfio_device_feature_dma_buf __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_buf get;
	struct dvp_buffer *buf;
	const char *wrong;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(get));
	if (ret != 1)
		return ret;
	if (copy_from_user(&get, arg, sizeof(get)))
		return -EFAULT;
	wrong = dvp_check_request(&get);
	if (wrong) {
		dvp_refuse(dvp->access, NULL, "invalid request: %s", wrong);
		return -EINVAL;
	}
	if (!dvp_is_memory_bar(&dvp->core, &get.region_index)) {
		dvp_refuse(dvp->access, NULL,
			   "region %u is not a memory BAR of the device",
			   get.region_index);
		return -ENODEV;
	}

	buf = dvp_create_buffer(dvp, &get, arg->dma_ranges);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	return dvp_export_buffer(buf, get.open_flags);
}
