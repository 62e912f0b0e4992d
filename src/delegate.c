// SPDX-License-Identifier: GPL-2.0-only
/* What the owner of a device can do with a single buffer that others have. */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "dvp.h"
#include "record.h"
#include "revoke.h"

/* The dma-buf of a descriptor, with a reference, if it is one of the device. */
static struct dma_buf *dvp_get_own(struct dvp_device *dvp, int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct dvp_buffer *buf;

	if (IS_ERR(dmabuf))
		return dmabuf;
	buf = dvp_dmabuf_buffer(dmabuf);
	if (buf && buf->access == dvp->access)
		return dmabuf;
	dvp_refuse(dvp->access, NULL,
		   "the dma-buf is not one of this device");
	dma_buf_put(dmabuf);
	return ERR_PTR(-ENODEV);
}

static int dvp_set_memattr(struct dvp_device *dvp, struct dvp_buffer *buf,
			   bool write_combine)
{
	int ret = 0;

	if (write_combine && !(pci_resource_flags(dvp->core.pdev, buf->bar) &
			       IORESOURCE_PREFETCH)) {
		dvp_refuse(dvp->access, NULL,
			   "BAR %u cannot be mapped write-combining: it is not prefetchable",
			   buf->bar);
		return -EOPNOTSUPP;
	}
	dma_resv_lock(&buf->resv, NULL);
	if (dvp_is_dead(buf))
		ret = -EBADFD;
	else
		WRITE_ONCE(buf->write_combine, write_combine);
	dma_resv_unlock(&buf->resv);
	return ret;
}

/**
 * dvp_feature_memattr() - DMABUF_VFIO_PCI_FEATURE_MEMATTR
 * @dvp: device, open
 * @flags: of the feature call
 * @arg: the user's request
 * @argsz: size of the request in bytes
 * Return: 0; or a negative errno, see the feature's description.
 */
int dvp_feature_memattr(struct dvp_device *dvp, u32 flags,
			struct dmabuf_vfio_pci_feature_memattr __user *arg,
			size_t argsz)
{
	struct dmabuf_vfio_pci_feature_memattr set;
	struct dma_buf *dmabuf;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET,
				 sizeof(set));
	if (ret != 1)
		return ret;
	if (copy_from_user(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.memattr > DMABUF_VFIO_PCI_MEMATTR_WRITE_COMBINE) {
		dvp_refuse(dvp->access, NULL, "unknown memattr %u",
			   set.memattr);
		return -ENOENT;
	}
	dmabuf = dvp_get_own(dvp, set.dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = dvp_set_memattr(dvp, dmabuf->priv, set.memattr ==
			      DMABUF_VFIO_PCI_MEMATTR_WRITE_COMBINE);
	dma_buf_put(dmabuf);
	return ret;
}

/**
 * dvp_feature_revoke() - DMABUF_VFIO_PCI_FEATURE_REVOKE
 * @dvp: device, open
 * @flags: of the feature call
 * @arg: the user's request
 * @argsz: size of the request in bytes
 *
 * Context: sleeps until importers have let go.
 * Return: 0; or a negative errno, see the feature's description.
 */
int dvp_feature_revoke(struct dvp_device *dvp, u32 flags,
		       struct dmabuf_vfio_pci_feature_revoke __user *arg,
		       size_t argsz)
{
	struct dmabuf_vfio_pci_feature_revoke set;
	struct dma_buf *dmabuf;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET,
				 sizeof(set));
	if (ret != 1)
		return ret;
	if (copy_from_user(&set, arg, sizeof(set)))
		return -EFAULT;
	dmabuf = dvp_get_own(dvp, set.dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = dvp_revoke_buffer(dmabuf->priv);
	dma_buf_put(dmabuf);
	return ret;
}
