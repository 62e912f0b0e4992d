// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_FEATURE_DMA_BUF: from what the user asks for to a file descriptor. */
#include <linux/fcntl.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "revoke.h"
#include <linux/dma-buf.h>
#include "compat/slab.h"
#include "compat/vfio_pci.h"
#include "dmabuf.h"
#include "dvp.h"
#include "record.h"
#include "trace.h"

/* The user decides on the size: it counts as the user's, and may well fail. */
#define DVP_GFP_USER (GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

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

static int dvp_fill_ranges(struct dvp_buffer *buf,
			   const struct vfio_region_dma_range *user, u32 count,
			   loff_t *size)
{
	struct dmabuf_vfio_pci_range *next = buf->ranges;
	phys_addr_t bar_start = pci_resource_start(buf->pdev, buf->bar);
	u64 bar_len = pci_resource_len(buf->pdev, buf->bar);
	phys_addr_t first = PHYS_ADDR_MAX, last = 0, paddr;
	u32 i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = dvp_check_range(&user[i], bar_len, size);
		if (ret) {
			dvp_refuse(buf->access, NULL,
				   "range %u of BAR %u: 0x%llx + 0x%llx is not of whole pages in 0x%llx bytes",
				   i, buf->bar, user[i].offset, user[i].length,
				   bar_len);
			return ret;
		}
		paddr = bar_start + user[i].offset;
		first = min(first, paddr);
		last = max(last, paddr + user[i].length - 1);
		next = dvp_append_range(buf, next, paddr, user[i].length);
		cond_resched();
	}
	buf->nr_ranges = next - buf->ranges;
	buf->extent.paddr = first;
	buf->extent.len = last - first + 1;
	return 0;
}

/* The buffer owns nothing yet but its memory. */
static struct dvp_buffer *
dvp_build_buffer(struct dvp_device *dvp,
		 const struct vfio_device_feature_dma_buf *get,
		 const struct vfio_region_dma_range __user *user, loff_t *size)
{
	struct pci_dev *pdev = dvp->core.pdev;
	struct vfio_region_dma_range *ranges;
	struct dvp_buffer *buf;
	int ret = -ENOMEM;

	buf = kzalloc_obj(*buf, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->ranges = kvmalloc_array(get->nr_ranges, sizeof(*buf->ranges),
				     DVP_GFP_USER);
	ranges = kvmalloc_array(get->nr_ranges, sizeof(*ranges), DVP_GFP_USER);
	if (!buf->ranges || !ranges)
		goto out;
	ret = -EFAULT;
	if (copy_from_user(ranges, user, array_size(get->nr_ranges, sizeof(*ranges))))
		goto out;
	buf->access = dvp->access;
	buf->pdev = pdev;
	buf->bar = get->region_index;
	buf->owner_pid = task_tgid_nr(current);
	/* It may be renaming itself. */
	data_race(memcpy(buf->owner_comm, current->group_leader->comm,
			 TASK_COMM_LEN));
	ret = dvp_fill_ranges(buf, ranges, get->nr_ranges, size);
out:
	kvfree(ranges);
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
	struct dma_buf *dmabuf;
	int fd;

	dmabuf = dvp_publish_buffer(buf, size, open_flags);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	/* Afterwards another thread may close the file at once. */
	trace_dvp_export(buf);
	fd = dma_buf_fd(dmabuf, open_flags);
	if (fd < 0)
		dma_buf_put(dmabuf);
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
