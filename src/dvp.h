/* SPDX-License-Identifier: GPL-2.0-only */
/* The bound device, and the functions that belong to no other header. */
#ifndef DVP_H
#define DVP_H

#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>
#include <uapi/linux/dmabuf_vfio_pci.h>

#include "flavour.h"

#undef pr_fmt
#define pr_fmt(fmt) DVP_NAME ": " fmt

struct dentry;
struct dvp_access;

/**
 * struct dvp_device - a PCI device that is bound to the driver
 * @core: state of vfio-pci-core; first, as the core's macros demand
 * @access: state of the access to its memory; a reference is held
 * @bound_state: config space as it was at bind; NULL if memory was short
 * @node: in the list of bound devices (dvp_devices_lock)
 * @debugfs: its debugfs directory
 * @resetting: it may be reset just now (dvp_devices_lock)
 * @pf_resetting: its VF block is set for a reset of its PF (dvp_devices_lock)
 * @lost: a reset of its link has cleared its config space (device lock, or a claim of
 *	the configuration)
 * @frozen: the last PCI error was fatal (device lock)
 * @recovery_end: in jiffies, until when recovery may wait (device lock)
 * @wanted: reasons reported by dvp_report() and not retracted
 * @reported: those for which importers have not all unmapped yet
 * @report_work: blocks and unblocks these reasons
 * @recheck_work: ends the block that a failed recovery has left
 * @config_owner: the task that saves and restores its config space, or NULL
 * @config_depth: how many claims that task holds (only @config_owner)
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
	bool frozen;
	unsigned long recovery_end;
	atomic_long_t wanted;
	atomic_long_t reported;
	struct work_struct report_work;
	struct delayed_work recheck_work;
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

/* Whether vfio-pci-core exports dma-bufs, and not this driver. */
extern bool dvp_uses_intree;

int dvp_export(struct dvp_device *dvp, u32 flags,
	       struct vfio_device_feature_dma_buf __user *arg, size_t argsz);
int dvp_feature_memattr(struct dvp_device *dvp, u32 flags,
			struct dmabuf_vfio_pci_feature_memattr __user *arg,
			size_t argsz);
int dvp_feature_revoke(struct dvp_device *dvp, u32 flags,
		       struct dmabuf_vfio_pci_feature_revoke __user *arg,
		       size_t argsz);
ssize_t dvp_config_write(struct dvp_device *dvp, const char __user *user,
			 size_t count, loff_t *ppos);

void dvp_reset_watch(struct dvp_device *dvp);
void dvp_reset_unwatch(struct dvp_device *dvp);
void dvp_reset_claim_config(struct dvp_device *dvp, unsigned long limit);
void dvp_reset_release_config(struct dvp_device *dvp);
void dvp_reset_check_set(struct dvp_device *dvp);
void dvp_reset_prepare(struct pci_dev *pdev);
void dvp_reset_done(struct pci_dev *pdev);

void dvp_pm_init(void);
void dvp_pm_watch(struct pci_dev *pdev);
void dvp_pm_unwatch(struct pci_dev *pdev);
void dvp_pm_shutdown(struct pci_dev *pdev);

void dvp_report(struct dvp_device *dvp, long reason);
void dvp_retract(struct dvp_device *dvp, long reason);
bool dvp_wait_reported(struct dvp_device *dvp, long reason, long timeout);

void dvp_error_watch(struct dvp_device *dvp);
void dvp_error_unwatch(struct dvp_device *dvp);
void dvp_error_opened(struct dvp_device *dvp);
void dvp_error_reset(struct dvp_device *dvp);
void dvp_error_removing(struct pci_dev *pdev);
pci_ers_result_t dvp_error_detected(struct pci_dev *pdev,
				    pci_channel_state_t state);
pci_ers_result_t dvp_error_slot_reset(struct pci_dev *pdev);
void dvp_error_resume(struct pci_dev *pdev);

void dvp_p2p_drop_extra_hosts(void);

void dvp_debugfs_init(void);
void dvp_debugfs_exit(void);
void dvp_debugfs_add(struct dvp_device *dvp);
void dvp_debugfs_remove(struct dvp_device *dvp);

#endif /* DVP_H */
