// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test importer: character devices through which tests let an edu device
 * import dma-bufs.  See dvp_importer.h.
 */
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "compat/dma_buf.h"
#include "compat/slab.h"
#include "importer.h"

#ifdef HAVE_DMA_BUF_ATTACH_REVOCABLE
#define KNOWS_REVOCABLE true
#else
#define KNOWS_REVOCABLE false
#endif

/*
 * The rename of the callback also made it optional, and ended the core's pins; and
 * where tables were scrambled to catch importers who use pages, they are copied.
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

/* A report of more entries than this would be a very long one. */
#define MAX_ENTRIES	65536

/**
 * struct importer - a device that imports
 * @misc: its character device
 * @dev: the device itself
 * @edu: its engine; the platform device has none
 * @users: open files
 * @idle: woken when @users falls to zero
 */
struct importer {
	struct miscdevice misc;
	struct device *dev;
	struct dvp_edu edu;
	atomic_t users;
	wait_queue_head_t idle;
};

/**
 * struct session - an open file
 * @importer: whose character device it is
 * @lock: serializes the calls
 * @import: what is attached, if anything
 * @probe: a function of the kernel that is watched, if any
 * @reserve: a region that is said to be reserved, if any
 */
struct session {
	struct importer *importer;
	struct mutex lock; /* serializes the calls */
	struct dvp_import *import;
	struct dvp_probe *probe;
	struct dvp_reserve *reserve;
};

static int do_info(struct session *session, void __user *arg)
{
	struct dvp_importer_info info = {
		.revocable = KNOWS_REVOCABLE,
		.null_callback = ALLOWS_NO_CALLBACK,
		.pin_on_map = PINS_ON_MAP,
		.dma_mask_bits = fls64(dma_get_mask(session->importer->dev)),
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
	capacity = min_t(u32, report.capacity, MAX_ENTRIES);
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

	/* Copied here because user memory comes before the reservation lock. */
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

static int do_disguise(void __user *arg)
{
	struct dvp_importer_disguise disguise;
	struct pci_dev *pdev;

	if (copy_from_user(&disguise, arg, sizeof(disguise)))
		return -EFAULT;
	pdev = pci_get_domain_bus_and_slot(disguise.domain, disguise.bus,
					   disguise.devfn);
	if (!pdev)
		return -ENODEV;
	device_lock(&pdev->dev);
	pdev->vendor = disguise.vendor;
	pdev->device = disguise.device;
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
	return 0;
}

static int do_acs(void __user *arg)
{
	struct dvp_importer_acs acs;
	struct pci_dev *pdev;

	if (copy_from_user(&acs, arg, sizeof(acs)))
		return -EFAULT;
	pdev = pci_get_domain_bus_and_slot(acs.domain, acs.bus, acs.devfn);
	if (!pdev)
		return -ENODEV;
	device_lock(&pdev->dev);
	pdev->acs_cap = acs.position;
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
	return 0;
}

static int do_pretend(void __user *arg)
{
	struct dvp_importer_pretend pretend;

	if (copy_from_user(&pretend, arg, sizeof(pretend)))
		return -EFAULT;
	return dvp_pretend(&pretend);
}

static int do_routes(void __user *arg)
{
	struct dvp_importer_routes ask;
	struct dvp_importer_route *routes;
	int ret;

	if (copy_from_user(&ask, arg, sizeof(ask)))
		return -EFAULT;
	ask.capacity = min_t(u32, ask.capacity, MAX_ENTRIES);
	routes = kvcalloc(max(ask.capacity, 1U), sizeof(*routes), GFP_KERNEL);
	if (!routes)
		return -ENOMEM;
	ret = dvp_route_ask(&ask, routes);
	if (!ret && (copy_to_user(u64_to_user_ptr(ask.routes), routes,
				  min(ask.capacity, ask.count) *
				  sizeof(*routes)) ||
		     copy_to_user(arg, &ask, sizeof(ask))))
		ret = -EFAULT;
	kvfree(routes);
	return ret;
}

static int do_window(void __user *arg)
{
	struct dvp_importer_window window;

	if (copy_from_user(&window, arg, sizeof(window)))
		return -EFAULT;
	return dvp_route_move_window(&window);
}

static int do_peek(void __user *arg)
{
	struct dvp_importer_peek peek;
	void *data;
	int ret;

	if (copy_from_user(&peek, arg, sizeof(peek)))
		return -EFAULT;
	if (peek.length > PAGE_SIZE)
		return -EINVAL;
	data = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	ret = dvp_peek(peek.address, data, peek.length);
	if (!ret && copy_to_user(u64_to_user_ptr(peek.data), data, peek.length))
		ret = -EFAULT;
	kfree(data);
	return ret;
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
	reserve = dvp_reserve_start(&what);
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

/* Calls that need something attached. */
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
		ret = do_info(session, user);
		break;
	case DVP_IMPORTER_ATTACH:
		ret = do_attach(session, user);
		break;
	case DVP_IMPORTER_REPORT:
		ret = do_report(session, user);
		break;
	case DVP_IMPORTER_DMA_MASK:
		ret = do_dma_mask(session, arg);
		break;
	case DVP_IMPORTER_DISGUISE:
		ret = do_disguise(user);
		break;
	case DVP_IMPORTER_ACS:
		ret = do_acs(user);
		break;
	case DVP_IMPORTER_PRETEND:
		ret = do_pretend(user);
		break;
	case DVP_IMPORTER_ROUTES:
		ret = do_routes(user);
		break;
	case DVP_IMPORTER_WINDOW:
		ret = do_window(user);
		break;
	case DVP_IMPORTER_PEEK:
		ret = do_peek(user);
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
		ret = import_ioctl(session, cmd, arg);
	}
	mutex_unlock(&session->lock);
	return ret;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *importer =
		container_of(file->private_data, struct importer, misc);
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
	struct importer *importer = session->importer;

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

static const struct file_operations importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
};

static struct importer *importer_alloc(struct device *dev, const char *name)
{
	struct importer *importer;

	importer = devm_kzalloc(dev, sizeof(*importer), GFP_KERNEL);
	if (!importer)
		return NULL;
	init_waitqueue_head(&importer->idle);
	importer->dev = dev;
	importer->misc.minor = MISC_DYNAMIC_MINOR;
	importer->misc.fops = &importer_fops;
	importer->misc.parent = dev;
	importer->misc.name = devm_kasprintf(dev, GFP_KERNEL,
					     "dvp-importer-%s", name);
	if (!importer->misc.name)
		return NULL;
	dev_set_drvdata(dev, importer);
	return importer;
}

/* No file is opened any more; those that are open keep the device. */
static void importer_remove(struct importer *importer)
{
	misc_deregister(&importer->misc);
	wait_event(importer->idle, !atomic_read(&importer->users));
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct importer *importer;
	int ret;

	importer = importer_alloc(&pdev->dev, pci_name(pdev));
	if (!importer)
		return -ENOMEM;
	ret = dvp_edu_init(&importer->edu, pdev);
	if (ret)
		return ret;
	return misc_register(&importer->misc);
}

static void edu_remove(struct pci_dev *pdev)
{
	importer_remove(pci_get_drvdata(pdev));
	pci_clear_master(pdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

static struct platform_device *platform;

static int __init platform_init(void)
{
	const struct platform_device_info info = {
		.name = KBUILD_MODNAME,
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(64),
	};
	struct importer *importer;
	int ret;

	platform = platform_device_register_full(&info);
	if (IS_ERR(platform))
		return PTR_ERR(platform);

	ret = -ENOMEM;
	importer = importer_alloc(&platform->dev, "platform");
	if (importer)
		ret = misc_register(&importer->misc);
	if (ret)
		platform_device_unregister(platform);
	return ret;
}

static void platform_exit(void)
{
	importer_remove(platform_get_drvdata(platform));
	platform_device_unregister(platform);
}

static int __init importer_init(void)
{
	int ret;

	ret = platform_init();
	if (ret)
		return ret;
	ret = pci_register_driver(&edu_driver);
	if (ret)
		platform_exit();
	return ret;
}
module_init(importer_init);

static void __exit importer_exit(void)
{
	pci_unregister_driver(&edu_driver);
	platform_exit();
	dvp_pretend_exit();
}
module_exit(importer_exit);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test importer of dma-bufs on QEMU's edu device");
