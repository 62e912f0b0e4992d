// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_FEATURE_DMA_BUF: from what the user asks for to a file descriptor. */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "access.h"
#include "compat/dma_buf.h"
#include "compat/slab.h"
#include "compat/vfio_pci.h"
#include "dmabuf.h"
#include "dvp.h"
#include "record.h"
#include "trace.h"

/* The user decides on the size: it counts as the user's, and may well fail. */
#define DVP_GFP_USER (GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

#define DVP_RANGES_AT_ONCE 1024

static bool dvp_is_memory_bar(struct vfio_pci_core_device *vdev, u32 index)
{
	return index < PCI_STD_NUM_BARS &&
	       (pci_resource_flags(vdev->pdev, index) & IORESOURCE_MEM) &&
	       pci_resource_len(vdev->pdev, index) &&
	       !IS_ERR(vfio_pci_core_get_iomap(vdev, index));
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

/*
 * Ranges are worked out where the user's were put: what becomes of them takes no
 * more room.
 */
static_assert(sizeof(struct dmabuf_vfio_pci_range) ==
	      sizeof(struct vfio_region_dma_range));

/* Append a range; one that goes on where the last one ends makes it longer. */
static struct dmabuf_vfio_pci_range *
dvp_append_range(struct dvp_buffer *buf, struct dmabuf_vfio_pci_range *next,
		 phys_addr_t paddr, size_t len)
{
	if (next > buf->ranges && next[-1].paddr + next[-1].len == paddr) {
		next[-1].len += len;
		return next;
	}
	next->paddr = paddr;
	next->len = len;
	return next + 1;
}

/* From the user's @number to the one before @end; adds to the buffer's @size. */
static int dvp_add_ranges(struct dvp_buffer *buf, u32 number, u32 end,
			  loff_t *size)
{
	const struct vfio_region_dma_range *user = (void *)buf->ranges;
	struct dmabuf_vfio_pci_range *next = &buf->ranges[buf->nr_ranges];
	phys_addr_t bar_start = pci_resource_start(buf->pdev, buf->bar);
	u64 bar_len = pci_resource_len(buf->pdev, buf->bar);
	phys_addr_t first = PHYS_ADDR_MAX, last = 0, paddr;
	struct vfio_region_dma_range range;
	loff_t sum = *size;
	int ret;

	if (buf->nr_ranges) {
		first = buf->extent.paddr;
		last = dvp_last(&buf->extent);
	}
	for (; number < end; number++) {
		range = user[number];
		ret = dvp_check_range(&range, bar_len, &sum);
		if (ret) {
			dvp_refuse(buf->access, NULL,
				   "range %u of BAR %u: 0x%llx + 0x%llx is not of whole pages in 0x%llx bytes",
				   number, buf->bar, range.offset, range.length,
				   bar_len);
			return ret;
		}
		paddr = bar_start + range.offset;
		first = min(first, paddr);
		last = max(last, paddr + range.length - 1);
		next = dvp_append_range(buf, next, paddr, range.length);
	}
	buf->nr_ranges = next - buf->ranges;
	buf->extent.paddr = first;
	buf->extent.len = last - first + 1;
	*size = sum;
	return 0;
}

/* Some at a time, as there may be millions. */
static int dvp_fill_ranges(struct dvp_buffer *buf,
			   const struct vfio_region_dma_range __user *user,
			   u32 count, loff_t *size)
{
	u32 i, end;
	int ret;

	for (i = 0; i < count; i = end) {
		end = i + min_t(u32, count - i, DVP_RANGES_AT_ONCE);
		if (copy_from_user(&buf->ranges[i], &user[i],
				   (end - i) * sizeof(*user)))
			return -EFAULT;
		ret = dvp_add_ranges(buf, i, end, size);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/**
 * dvp_buffer_free() - free a buffer that is not, or no longer, a dma-buf's
 * @buf: buffer
 *
 * Context: any that may free vmalloc memory, that is process or softirq.
 */
void dvp_buffer_free(struct dvp_buffer *buf)
{
	if (buf->ranges != &buf->extent)
		kvfree(buf->ranges);
	kfree(buf);
}

/*
 * Several ranges are by themselves, because the allocators have room for powers
 * of two, and of ranges there often are as many.
 */
static struct dvp_buffer *dvp_alloc_buffer(u32 nr_ranges)
{
	struct dvp_buffer *buf;

	buf = kzalloc_obj(*buf, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return NULL;
	buf->ranges = &buf->extent;
	if (nr_ranges == 1)
		return buf;
	buf->ranges = kvmalloc_array(nr_ranges, sizeof(*buf->ranges),
				     DVP_GFP_USER);
	if (!buf->ranges) {
		kfree(buf);
		return NULL;
	}
	return buf;
}

/* The buffer owns nothing yet but its memory. */
static struct dvp_buffer *
dvp_build_buffer(struct dvp_device *dvp,
		 const struct vfio_device_feature_dma_buf *get,
		 const struct vfio_region_dma_range __user *user, loff_t *size)
{
	struct pci_dev *pdev = dvp->core.pdev;
	struct dvp_buffer *buf;
	int ret;

	buf = dvp_alloc_buffer(get->nr_ranges);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->access = dvp->access;
	buf->pdev = pdev;
	buf->bar = get->region_index;
	buf->owner_pid = task_tgid_nr(current);
	/* It may be renaming itself. */
	data_race(memcpy(buf->owner_comm, current->group_leader->comm,
			 TASK_COMM_LEN));
	ret = dvp_fill_ranges(buf, user, get->nr_ranges, size);
	if (ret) {
		dvp_buffer_free(buf);
		return ERR_PTR(ret);
	}
	return buf;
}

/* Owns the buffer, whatever becomes of it. */
static struct dma_buf *dvp_publish_buffer(struct dvp_buffer *buf, loff_t size,
					  int open_flags)
{
	struct dma_buf *dmabuf;
	int ret;

	dmabuf = dvp_dmabuf_create(buf, size, open_flags);
	if (IS_ERR(dmabuf)) {
		dvp_buffer_free(buf);
		return dmabuf;
	}

	/* From here on the dma-buf's release cleans up. */
	kref_get(&buf->access->ref);
	ret = dvp_access_add(buf->access, buf);
	if (ret) {
		dma_buf_put(dmabuf);
		return ERR_PTR(ret);
	}
	return dmabuf;
}

static int dvp_export_buffer(struct dvp_buffer *buf, loff_t size,
			     int open_flags)
{
	int fd = get_unused_fd_flags(open_flags);
	struct dma_buf *dmabuf;

	if (fd < 0) {
		dvp_buffer_free(buf);
		return fd;
	}
	dmabuf = dvp_publish_buffer(buf, size, open_flags);
	if (IS_ERR(dmabuf)) {
		put_unused_fd(fd);
		return PTR_ERR(dmabuf);
	}
	/* Afterwards another thread may close the file at once. */
	trace_dvp_export(buf);
	dma_buf_fd_install(dmabuf, fd);
	return fd;
}

/* What is wrong with a request, whatever its ranges are; NULL if nothing is. */
static const char *
dvp_what_is_wrong(const struct vfio_device_feature_dma_buf *get)
{
	if (get->flags)
		return "it has flags, of which there are none";
	if (!get->nr_ranges)
		return "it has no ranges";
	if (get->open_flags & ~(O_ACCMODE | O_CLOEXEC))
		return "its open_flags have more than an access mode and O_CLOEXEC";
	return NULL;
}

/**
 * dvp_export() - the feature VFIO_DEVICE_FEATURE_DMA_BUF
 * @dvp: device, open
 * @flags: of the feature call
 * @arg: what the user asks for
 * @argsz: bytes at @arg
 *
 * Context: may sleep.
 * Return: a file descriptor, 0 for a probe, or -errno: -EINVAL or -EOVERFLOW for
 * values that make no sense, -ENODEV if the region is no memory BAR of the
 * device, -EFAULT, -ENOMEM, -EMFILE, or -EINTR if the caller is killed.
 */
long dvp_export(struct dvp_device *dvp, u32 flags,
		struct vfio_device_feature_dma_buf __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_buf get;
	struct dvp_buffer *buf;
	const char *wrong;
	loff_t size = 0;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(get));
	if (ret != 1)
		return ret;
	if (copy_from_user(&get, arg, sizeof(get)))
		return -EFAULT;
	wrong = dvp_what_is_wrong(&get);
	if (wrong) {
		dvp_refuse(dvp->access, NULL, "the export makes no sense: %s",
			   wrong);
		return -EINVAL;
	}
	if (!dvp_is_memory_bar(&dvp->core, get.region_index)) {
		dvp_refuse(dvp->access, NULL,
			   "region %u is no memory BAR that the device has",
			   get.region_index);
		return -ENODEV;
	}

	buf = dvp_build_buffer(dvp, &get, arg->dma_ranges, &size);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	return dvp_export_buffer(buf, size, get.open_flags);
}
