// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/dmabuf-vfio-pci has a directory for each bound device.  What
 * is in the files is described in docs/debugfs.md.
 *
 * Nothing here fails: without debugfs its functions do nothing.
 */
#include <linux/debugfs.h>
#include <linux/dma-resv.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>

#include "revoke.h"
#include "compat/dma_buf.h"
#include "debugfs.h"
#include "buffer.h"
#include "dvp.h"
#include "p2p.h"

/* Of each buffer; it may have millions. */
#define DVP_RANGES_SHOWN 64

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

/* Of buffers that the core has exported, the driver knows nothing. */
static int dvp_state_show(struct seq_file *seq, void *unused)
{
	struct dvp_device *dvp = seq->private;
	struct dvp_access *access = dvp->access;
	bool open = !(READ_ONCE(access->reasons) & DVP_BLOCK_CLOSED);

	seq_printf(seq, "exporter %s\nopen %s\n",
		   dvp_own_exporter() ? "own" : "intree", open ? "yes" : "no");
	if (dvp_own_exporter())
		dvp_record_print(seq, access);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(dvp_state);

/*
 * The next buffer that is still open somewhere, with a reference on its file: the
 * one after @last, or if that is forgotten, or NULL, the first one that has at
 * least the number *@pos.  Not so that a revoke would have to be waited for.
 */
static struct dvp_buffer *dvp_next_buffer(struct dvp_access *access,
					  struct dvp_buffer *last, loff_t *pos)
{
	struct dvp_buffer *buf, *found = NULL;

	spin_lock(&access->list_lock);
	if (!last || list_empty(&last->node))
		last = list_entry(&access->buffers, struct dvp_buffer, node);
	buf = last;
	list_for_each_entry_continue(buf, &access->buffers, node) {
		if (buf->number < *pos || !get_file_active(&buf->dmabuf->file))
			continue;
		*pos = buf->number;
		found = buf;
		break;
	}
	spin_unlock(&access->list_lock);
	return found;
}

static void *dvp_buffers_start(struct seq_file *seq, loff_t *pos)
{
	struct dvp_device *dvp = seq->private;

	return dvp_next_buffer(dvp->access, NULL, pos);
}

static void *dvp_buffers_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct dvp_device *dvp = seq->private;
	struct dvp_buffer *last = v, *next;

	++*pos;
	next = dvp_next_buffer(dvp->access, last, pos);
	fput(last->dmabuf->file);
	return next;
}

/* A last reference takes the buffer with it, when the reader is done. */
static void dvp_buffers_stop(struct seq_file *seq, void *v)
{
	struct dvp_buffer *last = v;

	if (last)
		fput(last->dmabuf->file);
}

/* A device that is bound has its BARs where they were when it was exported. */
static void dvp_print_ranges(struct seq_file *seq, struct dvp_buffer *buf)
{
	struct dvp_device *dvp = seq->private;
	u64 start = pci_resource_start(dvp->core.pdev, buf->bar);
	u32 i;

	for (i = 0; i < min_t(u32, buf->nr_ranges, DVP_RANGES_SHOWN); i++)
		seq_printf(seq, "\trange 0x%llx 0x%zx\n",
			   buf->ranges[i].paddr - start, buf->ranges[i].len);
	if (i < buf->nr_ranges)
		seq_printf(seq, "\tmore %u\n", buf->nr_ranges - i);
}

static void dvp_print_importers(struct seq_file *seq, struct dvp_buffer *buf)
{
	struct dma_buf_attachment *attach;
	struct dvp_attachment *att;

	list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
		att = attach->priv;
		seq_printf(seq, "\timporter %s map %s mappings %u lists %u pins %u\n",
			   dev_name(attach->dev),
			   dvp_map_type_name(att->map_type), att->mappings,
			   att->lists, att->pins);
	}
}

/* A process can call itself anything, in several lines for example. */
static int dvp_buffers_show(struct seq_file *seq, void *v)
{
	struct dvp_buffer *buf = v;
	int ret;

	ret = dma_resv_lock_interruptible(buf->dmabuf->resv, NULL);
	if (ret)
		return ret;
	seq_printf(seq, "buffer %llu bar %u size %zu ranges %u state %s pid %d comm ",
		   (u64)file_inode(buf->dmabuf->file)->i_ino, buf->bar,
		   buf->dmabuf->size, buf->nr_ranges,
		   buf->revoked ? "revoked" : "live", buf->owner_pid);
	seq_escape_str(seq, buf->owner_comm,
		       ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND, "\\");
	seq_putc(seq, '\n');
	dvp_print_ranges(seq, buf);
	dvp_print_importers(seq, buf);
	dma_resv_unlock(buf->dmabuf->resv);
	return 0;
}

static const struct seq_operations dvp_buffers_sops = {
	.start	= dvp_buffers_start,
	.next	= dvp_buffers_next,
	.stop	= dvp_buffers_stop,
	.show	= dvp_buffers_show,
};
DEFINE_SEQ_ATTRIBUTE(dvp_buffers);

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
	debugfs_create_file("state", 0400, dvp->debugfs, dvp, &dvp_state_fops);
	if (dvp_own_exporter())
		debugfs_create_file("buffers", 0400, dvp->debugfs, dvp,
				    &dvp_buffers_fops);
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
