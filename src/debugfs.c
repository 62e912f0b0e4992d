// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/dmabuf-vfio-pci has a directory for each bound device.  What
 * is in the files is described in docs/debugfs.md.
 *
 * Nothing here fails: without debugfs its functions do nothing.
 */
#include <linux/debugfs.h>
#include <linux/pci.h>
#include <linux/seq_file.h>

#include "debugfs.h"
#include "dvp.h"
#include "p2p.h"

/* Made before the first device is bound. */
static struct dentry *dvp_debugfs_root;

static int dvp_show_peer(struct device *dev, void *data)
{
	struct seq_file *seq = data;
	struct pci_dev *provider = seq->private;

	if (dev != &provider->dev)
		dvp_p2p_print(seq, provider, to_pci_dev(dev));
	return 0;
}

/* The walk keeps the function it is at, and goes on where one is pulled out. */
static int dvp_p2p_show(struct seq_file *seq, void *unused)
{
	return bus_for_each_dev(&pci_bus_type, NULL, seq, dvp_show_peer);
}
DEFINE_SHOW_ATTRIBUTE(dvp_p2p);

/**
 * dvp_debugfs_init() - before any device is bound
 *
 * Context: may sleep.
 */
void dvp_debugfs_init(void)
{
	dvp_debugfs_root = debugfs_create_dir(DVP_NAME, NULL);
}

/**
 * dvp_debugfs_exit() - when no device is bound any more
 *
 * Context: may sleep.
 */
void dvp_debugfs_exit(void)
{
	debugfs_remove(dvp_debugfs_root);
}

/**
 * dvp_debugfs_add() - a device has been bound
 * @dvp: device
 *
 * Context: may sleep.
 */
void dvp_debugfs_add(struct dvp_device *dvp)
{
	struct pci_dev *pdev = dvp->core.pdev;

	dvp->debugfs = debugfs_create_dir(pci_name(pdev), dvp_debugfs_root);
	debugfs_create_file("p2p", 0400, dvp->debugfs, pdev, &dvp_p2p_fops);
}

/**
 * dvp_debugfs_remove() - a device is no longer bound
 * @dvp: device
 *
 * Waits for those who are reading; a file that is kept open reads as an error
 * afterwards.
 *
 * Context: may sleep.
 */
void dvp_debugfs_remove(struct dvp_device *dvp)
{
	debugfs_remove(dvp->debugfs);
}
