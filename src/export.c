// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_FEATURE_DMA_BUF: from what the user asks for to a file descriptor. */
#include <linux/fcntl.h>
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

/* The user decides on the size: it counts as the user's, and may well fail. */
#define DVP_GFP_USER (GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

static bool dvp_is_memory_bar(struct vfio_pci_core_device *vdev, u32 index)
{
	return index < PCI_STD_NUM_BARS &&
	       (pci_resource_flags(vdev->pdev, index) & IORESOURCE_MEM) &&
	       pci_resource_len(vdev->pdev, index) &&
	       !IS_ERR(vfio_pci_core_get_iomap(vdev, index));
}

/* Append a range; one that goes on where the last one ends makes it longer. */
static void dvp_append_range(struct dvp_buffer *buf, phys_addr_t paddr,
			     size_t len)
{
	struct dmabuf_vfio_pci_range *last = &buf->ranges[buf->nr_ranges] - 1;

	if (buf->nr_ranges && last->paddr + last->len == paddr) {
		last->len += len;
	} else {
		last[1].paddr = paddr;
		last[1].len = len;
		buf->nr_ranges++;
	}
}

static int dvp_check_range(const struct vfio_region_dma_range *range,
			   u64 bar_len, u64 *size)
{
	u64 end;

	if (!range->length || !PAGE_ALIGNED(range->offset) ||
	    !PAGE_ALIGNED(range->length))
		return -EINVAL;
	if (check_add_overflow(range->offset, range->length, &end) ||
	    check_add_overflow(*size, range->length, size) ||
	    *size > min_t(u64, SIZE_MAX, LLONG_MAX))
		return -EOVERFLOW;
	return end > bar_len ? -EINVAL : 0;
}

/* Returns the size of the buffer in @size. */
static int dvp_fill_ranges(struct dvp_buffer *buf,
			   const struct vfio_region_dma_range __user *user,
			   u32 count, u64 *size)
{
	phys_addr_t bar_start = pci_resource_start(buf->pdev, buf->bar);
	u64 bar_len = pci_resource_len(buf->pdev, buf->bar);
	struct vfio_region_dma_range range;
	int ret;
	u32 i;

	for (i = 0; i < count; i++) {
		if (copy_from_user(&range, &user[i], sizeof(range)))
			return -EFAULT;
		ret = dvp_check_range(&range, bar_len, size);
		if (ret) {
			dvp_refuse(buf->access, NULL,
				   "range %u of BAR %u: 0x%llx + 0x%llx is not of whole pages in 0x%llx bytes",
				   i, buf->bar, range.offset, range.length,
				   bar_len);
			return ret;
		}
		dvp_append_range(buf, bar_start + range.offset, range.length);
		cond_resched();
	}
	return 0;
}

/* The buffer owns nothing yet but its memory. */
static struct dvp_buffer *
dvp_build_buffer(struct dvp_device *dvp,
		 const struct vfio_device_feature_dma_buf *get,
		 const struct vfio_region_dma_range __user *user, u64 *size)
{
	struct pci_dev *pdev = dvp->core.pdev;
	struct dvp_buffer *buf;
	int ret;

	buf = kvzalloc_flex(*buf, ranges, get->nr_ranges, DVP_GFP_USER);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->access = dvp->access;
	buf->pdev = pdev;
	buf->bar = get->region_index;
	buf->owner_pid = task_tgid_nr(current);
	get_task_comm(buf->owner_comm, current->group_leader);
	buf->bus_offset = pci_bus_address(pdev, buf->bar) -
			  pci_resource_start(pdev, buf->bar);
	ret = dvp_fill_ranges(buf, user, get->nr_ranges, size);
	if (ret) {
		kvfree(buf);
		return ERR_PTR(ret);
	}
	return buf;
}

/* The caller keeps its reference: another thread may close the file at once. */
static int dvp_install(struct dvp_buffer *buf, int open_flags)
{
	int fd;

	get_dma_buf(buf->dmabuf);
	fd = dma_buf_fd(buf->dmabuf, open_flags);
	if (fd < 0)
		dma_buf_put(buf->dmabuf);
	else
		dvp_record_export(buf);
	return fd;
}

static int dvp_export_buffer(struct dvp_buffer *buf, u64 size, int open_flags)
{
	struct dma_buf *dmabuf;
	int ret;

	dmabuf = dvp_dmabuf_create(buf, size, open_flags);
	if (IS_ERR(dmabuf)) {
		kvfree(buf);
		return PTR_ERR(dmabuf);
	}

	/* From here on the dma-buf's release cleans up. */
	kref_get(&buf->access->ref);
	ret = dvp_access_add(buf->access, buf);
	if (!ret)
		ret = dvp_install(buf, open_flags);
	dma_buf_put(dmabuf);
	return ret;
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
	u64 size = 0;
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
