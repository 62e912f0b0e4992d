/* SPDX-License-Identifier: GPL-2.0-only */
/* The files below /sys/kernel/debug/dmabuf-vfio-pci. */
#ifndef DVP_DEBUGFS_H
#define DVP_DEBUGFS_H

struct dvp_device;

void dvp_debugfs_init(void);
void dvp_debugfs_exit(void);
void dvp_debugfs_add(struct dvp_device *dvp);
void dvp_debugfs_remove(struct dvp_device *dvp);

#endif /* DVP_DEBUGFS_H */
