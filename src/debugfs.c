// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's directory in /sys/kernel/debug has one for each bound device.
 * docs/debugfs.md describes the files.
 *
 * Nothing here fails: without debugfs its functions do nothing.
 */
#include <linux/debugfs.h>
#include <linux/dma-resv.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>

#include "compat/dma_buf.h"
#include "buffer.h"
#include "dvp.h"
#include "importer.h"
#include "record.h"
#include "trace.h"

/* Limits per buffer: it may have thousands of ranges and mappings. */
#define DVP_RANGES_SHOWN 64
#define DVP_CPU_MAPPINGS_SHOWN 64

/* Created before the first device is bound. */
static struct dentry *dvp_debugfs_root __ro_after_init;

static int dvp_show_peer(struct device *dev, void *data)
{
	struct seq_file *seq = data;
	struct pci_dev *provider = seq->private;

	if (dev != &provider->dev)
		dvp_p2p_print(seq, provider, to_pci_dev(dev));
	return 0;
}

/* The walk holds the current function, so functions may be removed meanwhile. */
static int dvp_p2p_show(struct seq_file *seq, void *unused)
{
	return bus_for_each_dev(&pci_bus_type, NULL, seq, dvp_show_peer);
}
DEFINE_SHOW_ATTRIBUTE(dvp_p2p);

/* The driver knows nothing of buffers that vfio-pci-core has exported. */
static int dvp_state_show(struct seq_file *seq, void *unused)
{
	struct dvp_device *dvp = seq->private;
	struct dvp_access *access = dvp->access;
	bool open = !(READ_ONCE(access->reasons) & DVP_BLOCK_CLOSED);

	seq_printf(seq, "exporter %s\nopen %s\n",
		   dvp_uses_intree ? "intree" : "own", open ? "yes" : "no");
	if (dvp_uses_intree)
		return 0;
	seq_printf(seq, "quarantined %s\n",
		   open || list_empty(&access->buffers) ? "no" : "yes");
	dvp_record_print(seq, access);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(dvp_state);

/*
 * The next buffer, with a reference: the one after @last; or, if @last is NULL or
 * not in the list any more, the first with at least the number *@pos.  Does not
 * wait for a revoke.
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
		if (buf->number < *pos)
			continue;
		kref_get(&buf->ref);
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
	dvp_buffer_put(last);
	return next;
}

static void dvp_buffers_stop(struct seq_file *seq, void *v)
{
	struct dvp_buffer *last = v;

	if (last)
		dvp_buffer_put(last);
}

/* The BARs of a bound device are where they were at the export. */
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

/* A process can have any name, for example one of several lines. */
static void dvp_print_process(struct seq_file *seq,
			      const struct dvp_process *process)
{
	seq_printf(seq, " pid %d comm ", process->pid);
	seq_escape_str(seq, process->comm,
		       ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND, "\\");
	seq_putc(seq, '\n');
}

static void dvp_print_importers(struct seq_file *seq, struct dvp_buffer *buf)
{
	struct dma_buf_attachment *attach;
	struct dvp_attachment *att;

	list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
		att = attach->priv;
		seq_printf(seq, "\timporter %s map %s mappings %u lists %u pins %u driver %s",
			   dev_name(attach->dev),
			   dvp_map_type_name(att->map_type), att->mappings,
			   att->lists, att->pins,
			   dev_driver_string(attach->dev));
		dvp_print_process(seq, &att->importer);
	}
}

static void dvp_print_cpu_mappings(struct seq_file *seq, struct dvp_buffer *buf)
{
	struct dvp_cpu_mapping *mapping;
	unsigned int count = 0;

	spin_lock(&buf->cpu_lock);
	list_for_each_entry(mapping, &buf->cpu_mappings, node) {
		if (++count > DVP_CPU_MAPPINGS_SHOWN) {
			seq_puts(seq, "\tmmaps more\n");
			break;
		}
		seq_printf(seq, "\tmmap areas %u", mapping->areas);
		dvp_print_process(seq, &mapping->process);
	}
	spin_unlock(&buf->cpu_lock);
}

static int dvp_buffers_show(struct seq_file *seq, void *v)
{
	struct dvp_buffer *buf = v;
	int ret;

	ret = dma_resv_lock_interruptible(&buf->resv, NULL);
	if (ret)
		return ret;
	if (!buf->dmabuf) {
		ret = SEQ_SKIP;
		goto out;
	}
	seq_printf(seq, "buffer %lu bar %u size %zu ranges %u state %s",
		   buf->inode, buf->bar, buf->size, buf->nr_ranges,
		   buf->quarantined ? "quarantined" :
		   buf->ended ? "ended" :
		   buf->revoked ? "revoked" : "live");
	dvp_print_process(seq, &buf->exporter);
	dvp_print_ranges(seq, buf);
	dvp_print_importers(seq, buf);
	dvp_print_cpu_mappings(seq, buf);
out:
	dma_resv_unlock(&buf->resv);
	return ret;
}

static const struct seq_operations dvp_buffers_sops = {
	.start	= dvp_buffers_start,
	.next	= dvp_buffers_next,
	.stop	= dvp_buffers_stop,
	.show	= dvp_buffers_show,
};
DEFINE_SEQ_ATTRIBUTE(dvp_buffers);

/* Create the directory, before any device is bound. */
void __init dvp_debugfs_init(void)
{
	dvp_debugfs_root = debugfs_create_dir(DVP_NAME, NULL);
}

/* Remove the directory, when no device is bound any more. */
void dvp_debugfs_exit(void)
{
	debugfs_remove(dvp_debugfs_root);
}

/* Create the files of a device that was bound. */
void dvp_debugfs_add(struct dvp_device *dvp)
{
	struct pci_dev *pdev = dvp->core.pdev;

	dvp->debugfs = debugfs_create_dir(pci_name(pdev), dvp_debugfs_root);
	debugfs_create_file("p2p", 0400, dvp->debugfs, pdev, &dvp_p2p_fops);
	debugfs_create_file("state", 0400, dvp->debugfs, dvp, &dvp_state_fops);
	if (!dvp_uses_intree)
		debugfs_create_file("buffers", 0400, dvp->debugfs, dvp,
				    &dvp_buffers_fops);
}

/*
 * Remove the files of a device that is not bound any more.  Waits for readers; a
 * file that is kept open returns an error from then on.
 */
void dvp_debugfs_remove(struct dvp_device *dvp)
{
	debugfs_remove(dvp->debugfs);
}
