// SPDX-License-Identifier: GPL-2.0-only
/* The calls of the character devices.  See dvp_importer.h. */
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/uaccess.h>

#include "compat/slab.h"
#include "importer.h"

#ifdef HAVE_DMA_BUF_ATTACH_REVOCABLE
#define KNOWS_REVOCABLE true
#else
#define KNOWS_REVOCABLE false
#endif

/*
 * The release that renamed the callback also made it optional and ended the core's
 * pins.  With DMABUF_DEBUG it copies sg_tables; before, it scrambled their page links.
 */
#ifdef HAVE_DMA_BUF_INVALIDATE_MAPPINGS
#define ALLOWS_NO_CALLBACK true
#define PINS_ON_MAP false
#define COPIES_TABLES IS_ENABLED(CONFIG_DMABUF_DEBUG)
#else
#define ALLOWS_NO_CALLBACK false
#define PINS_ON_MAP (!IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY))
#define COPIES_TABLES false
#endif

#ifdef HAVE_VFIO_PCI_DMABUF
#define CORE_EXPORTS true
#else
#define CORE_EXPORTS false
#endif

#ifdef HAVE_IOMMU_PT
#define PLAIN_MMIO true
#else
#define PLAIN_MMIO false
#endif

/**
 * struct session - an open file
 * @importer: owner of the character device
 * @lock: serializes the calls
 * @import: the attached dma-buf, or NULL
 * @probe: a watched kernel function, or NULL
 * @reserve: an added reserved region, or NULL
 */
struct session {
	struct dvp_importer *importer;
	struct mutex lock; /* serializes the calls */
	struct dvp_import *import;
	struct dvp_probe *probe;
	struct dvp_reserve *reserve;
};

static int do_info(void __user *arg)
{
	struct dvp_importer_info info = {
		.revocable = KNOWS_REVOCABLE,
		.null_callback = ALLOWS_NO_CALLBACK,
		.pin_on_map = PINS_ON_MAP,
		.plain_mmio = PLAIN_MMIO,
		.core_exports = CORE_EXPORTS,
		.copies_tables = COPIES_TABLES,
	};

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int do_attach(struct session *session, void __user *arg)
{
	struct dvp_importer_attach attach;
	struct dvp_import *import;

	if (copy_from_user(&attach, arg, sizeof(attach)))
		return -EFAULT;
	if (session->import)
		return -EBUSY;

	import = dvp_import_attach(session->importer->dev, &attach);
	if (IS_ERR(import))
		return PTR_ERR(import);
	session->import = import;
	return 0;
}

static int do_detach(struct session *session)
{
	dvp_import_detach(session->import);
	session->import = NULL;
	return 0;
}

static int do_report(struct session *session, void __user *arg)
{
	struct dvp_importer_entry *entries;
	struct dvp_importer_report report;
	u32 capacity;
	int ret = 0;

	if (copy_from_user(&report, arg, sizeof(report)))
		return -EFAULT;
	capacity = min_t(u32, report.capacity, DVP_MAX_ENTRIES);
	entries = kvcalloc(max(capacity, 1U), sizeof(*entries), GFP_KERNEL);
	if (!entries)
		return -ENOMEM;

	report = (struct dvp_importer_report) {
		.capacity = capacity,
		.entries = report.entries,
	};
	if (session->import)
		dvp_import_report(session->import, &report, entries);

	if (copy_to_user(u64_to_user_ptr(report.entries), entries,
			 min(capacity, report.nents) * sizeof(*entries)) ||
	    copy_to_user(arg, &report, sizeof(report)))
		ret = -EFAULT;
	kvfree(entries);
	return ret;
}

static int do_walk(struct session *session, void __user *arg)
{
	struct dvp_importer_entry *entries;
	struct dvp_importer_walk walk;
	int ret;

	if (copy_from_user(&walk, arg, sizeof(walk)))
		return -EFAULT;
	if (!session->import || walk.capacity > DVP_MAX_ENTRIES)
		return -EINVAL;
	entries = kvcalloc(max(walk.capacity, 1U), sizeof(*entries), GFP_KERNEL);
	if (!entries)
		return -ENOMEM;
	ret = dvp_import_walk(session->import, &walk, entries);
	if (!ret && (copy_to_user(u64_to_user_ptr(walk.entries), entries,
				  min(walk.capacity, walk.nents) * sizeof(*entries)) ||
		     copy_to_user(arg, &walk, sizeof(walk))))
		ret = -EFAULT;
	kvfree(entries);
	return ret;
}

static int do_transfer(struct session *session, unsigned int cmd,
		       void __user *arg)
{
	struct dvp_edu *edu = &session->importer->edu;
	struct dvp_importer_transfer transfer;
	void __user *user;
	void *data;
	int ret;

	if (copy_from_user(&transfer, arg, sizeof(transfer)))
		return -EFAULT;
	if (!edu->regs || !transfer.length ||
	    transfer.length > DVP_IMPORTER_TRANSFER_MAX)
		return -EINVAL;

	/* Copied here: no page fault is allowed under the reservation lock. */
	user = u64_to_user_ptr(transfer.data);
	data = memdup_user(user, transfer.length);
	if (IS_ERR(data))
		return PTR_ERR(data);
	if (cmd == DVP_IMPORTER_UNMAP_LATE)
		ret = dvp_import_unmap_late(session->import, edu,
					    transfer.offset, data,
					    transfer.length);
	else
		ret = dvp_import_transfer(session->import, edu, transfer.offset,
					  data, transfer.length,
					  transfer.to_buffer);
	if (!ret && !transfer.to_buffer &&
	    copy_to_user(user, data, transfer.length))
		ret = -EFAULT;
	kfree(data);
	return ret;
}

static int do_dma_mask(struct session *session, unsigned long bits)
{
	if (bits < 1 || bits > 64)
		return -EINVAL;
	if (session->import)
		return -EBUSY;
	return dma_set_mask(session->importer->dev, DMA_BIT_MASK(bits));
}

static int do_probe(struct session *session, void __user *arg)
{
	struct dvp_importer_probe what;
	struct dvp_probe *probe;

	if (copy_from_user(&what, arg, sizeof(what)))
		return -EFAULT;
	if (session->probe)
		return -EBUSY;
	probe = dvp_probe_start(&what);
	if (IS_ERR(probe))
		return PTR_ERR(probe);
	session->probe = probe;
	return 0;
}

static int do_probed(struct session *session, void __user *arg)
{
	struct dvp_importer_probed seen;

	if (!session->probe)
		return -EINVAL;
	dvp_probe_stop(session->probe, &seen);
	session->probe = NULL;
	return copy_to_user(arg, &seen, sizeof(seen)) ? -EFAULT : 0;
}

static int do_look(struct session *session, void __user *arg)
{
	struct dvp_importer_probed seen;

	if (!session->probe)
		return -EINVAL;
	dvp_probe_look(session->probe, &seen);
	return copy_to_user(arg, &seen, sizeof(seen)) ? -EFAULT : 0;
}

static int do_release(struct session *session)
{
	if (!session->probe)
		return -EINVAL;
	dvp_probe_release(session->probe);
	return 0;
}

static int do_reserve(struct session *session, void __user *arg)
{
	struct dvp_importer_reserve what;
	struct dvp_reserve *reserve;

	if (copy_from_user(&what, arg, sizeof(what)))
		return -EFAULT;
	if (session->reserve)
		return -EBUSY;
	reserve = dvp_reserve_start(&what, session->importer->dev);
	if (IS_ERR(reserve))
		return PTR_ERR(reserve);
	session->reserve = reserve;
	return 0;
}

static int do_measure(struct session *session, void __user *arg)
{
	struct dvp_importer_measure measure;
	int ret;

	if (copy_from_user(&measure, arg, sizeof(measure)))
		return -EFAULT;
	ret = dvp_measure(&measure, session->importer->dev);
	if (!ret && copy_to_user(arg, &measure, sizeof(measure)))
		ret = -EFAULT;
	return ret;
}

static int do_watch(struct session *session, void __user *arg)
{
	struct dvp_importer_watch watch;

	if (copy_from_user(&watch, arg, sizeof(watch)))
		return -EFAULT;
	return dvp_import_watch(session->import, &watch);
}

static int do_seen(struct session *session, void __user *arg)
{
	return copy_to_user(arg, session->import->sights,
			    sizeof(session->import->sights)) ? -EFAULT : 0;
}

/* Calls that need an attached dma-buf. */
static int import_ioctl(struct session *session, unsigned int cmd,
			unsigned long arg)
{
	if (!session->import)
		return -ENOTCONN;

	switch (cmd) {
	case DVP_IMPORTER_DETACH:
		return do_detach(session);
	case DVP_IMPORTER_HIDE:
		dvp_import_hide(session->import, arg);
		return 0;
	case DVP_IMPORTER_MAP:
		if (arg > DMA_FROM_DEVICE)
			return -EINVAL;
		return dvp_import_map(session->import, arg);
	case DVP_IMPORTER_MAP_OWN:
		return dvp_import_map_own(session->import,
					  &session->importer->edu, arg);
	case DVP_IMPORTER_UNMAP:
		return dvp_import_unmap(session->import);
	case DVP_IMPORTER_PIN:
		return dvp_import_pin(session->import);
	case DVP_IMPORTER_UNPIN:
		return dvp_import_unpin(session->import);
	case DVP_IMPORTER_TRANSFER:
	case DVP_IMPORTER_UNMAP_LATE:
		return do_transfer(session, cmd, (void __user *)arg);
	case DVP_IMPORTER_WORK:
		return dvp_import_work(session->import, arg);
	case DVP_IMPORTER_WATCH:
		return do_watch(session, (void __user *)arg);
	case DVP_IMPORTER_SEEN:
		return do_seen(session, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static long importer_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct session *session = file->private_data;
	void __user *user = (void __user *)arg;
	int ret;

	mutex_lock(&session->lock);
	switch (cmd) {
	case DVP_IMPORTER_INFO:
		ret = do_info(user);
		break;
	case DVP_IMPORTER_ATTACH:
		ret = do_attach(session, user);
		break;
	case DVP_IMPORTER_REPORT:
		ret = do_report(session, user);
		break;
	case DVP_IMPORTER_WALK:
		ret = do_walk(session, user);
		break;
	case DVP_IMPORTER_DMA_MASK:
		ret = do_dma_mask(session, arg);
		break;
	case DVP_IMPORTER_PROBE:
		ret = do_probe(session, user);
		break;
	case DVP_IMPORTER_PROBED:
		ret = do_probed(session, user);
		break;
	case DVP_IMPORTER_LOOK:
		ret = do_look(session, user);
		break;
	case DVP_IMPORTER_RELEASE:
		ret = do_release(session);
		break;
	case DVP_IMPORTER_RESERVE:
		ret = do_reserve(session, user);
		break;
	case DVP_IMPORTER_MEASURE:
		ret = do_measure(session, user);
		break;
	default:
		ret = dvp_machine_ioctl(cmd, user);
		if (ret == -ENOTTY)
			ret = import_ioctl(session, cmd, arg);
	}
	mutex_unlock(&session->lock);
	return ret;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct dvp_importer *importer =
		container_of(file->private_data, struct dvp_importer, misc);
	struct session *session;

	session = kzalloc_obj(*session);
	if (!session)
		return -ENOMEM;
	mutex_init(&session->lock);
	session->importer = importer;
	atomic_inc(&importer->users);
	file->private_data = session;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;
	struct dvp_importer *importer = session->importer;

	if (session->reserve)
		dvp_reserve_stop(session->reserve);
	if (session->probe)
		dvp_probe_stop(session->probe, NULL);
	if (session->import)
		dvp_import_detach(session->import);
	kfree(session);
	if (atomic_dec_and_test(&importer->users))
		wake_up(&importer->idle);
	return 0;
}

const struct file_operations dvp_importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
};
