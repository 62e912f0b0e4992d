/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the driver share. */
#ifndef DVP_H
#define DVP_H

#include <linux/vfio_pci_core.h>
#include <uapi/linux/dmabuf_vfio_pci.h>

#define DVP_NAME "dmabuf-vfio-pci"

#undef pr_fmt
#define pr_fmt(fmt) DVP_NAME ": " fmt

struct dentry;
struct dvp_access;

/**
 * struct dvp_device - a PCI device that is bound to the driver
 * @core: what vfio-pci-core knows of it; first, as the core's macros demand
 * @access: whether its memory may be reached; a reference is held
 * @bound_state: configuration when it was bound, NULL if there was no memory
 * @node: in the list of bound devices (dvp_devices_lock, as what follows)
 * @debugfs: its directory there
 * @resetting: a reset of the device is under way
 * @pf_resetting: a reset of the PF that the device belongs to is under way
 * @lost: a reset of its link has cost it its configuration (the device's lock)
 * @config_owner: who saves and restores the configuration just now, or NULL
 * @config_depth: how often it has claimed that (the owner)
 */
struct dvp_device {
	struct vfio_pci_core_device core;
	struct dvp_access *access;
	struct pci_saved_state *bound_state;
	struct list_head node;
	struct dentry *debugfs;
	bool resetting;
	bool pf_resetting;
	bool lost;
	struct task_struct *config_owner;
	unsigned int config_depth;
};

static inline struct dvp_device *to_dvp_device(struct vfio_device *vdev)
{
	return container_of(vdev, struct dvp_device, core.vdev);
}

static inline struct dvp_device *dvp_of_pdev(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	return to_dvp_device(&core->vdev);
}

extern struct vfio_device_ops dvp_vfio_ops;

extern bool dvp_uses_intree;

/**
 * dvp_own_exporter() - whether this driver exports dma-bufs itself
 *
 * Return: false if vfio-pci-core does.
 */
static inline bool dvp_own_exporter(void)
{
	return !dvp_uses_intree;
}

long dvp_export(struct dvp_device *dvp, u32 flags,
		struct vfio_device_feature_dma_buf __user *arg, size_t argsz);
ssize_t dvp_config_write(struct dvp_device *dvp, const char __user *user,
			 size_t count, loff_t *ppos);

#endif /* DVP_H */
