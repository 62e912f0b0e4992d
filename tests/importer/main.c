// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test importer: character devices through which tests let an edu device
 * import dma-bufs.  See dvp_importer.h.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "compat/dma_buf.h"
#include "importer.h"

static struct dvp_importer *importer_alloc(struct device *dev, const char *name)
{
	struct dvp_importer *importer;

	importer = devm_kzalloc(dev, sizeof(*importer), GFP_KERNEL);
	if (!importer)
		return NULL;
	init_waitqueue_head(&importer->idle);
	importer->dev = dev;
	importer->misc.minor = MISC_DYNAMIC_MINOR;
	importer->misc.fops = &dvp_importer_fops;
	importer->misc.parent = dev;
	importer->misc.name = devm_kasprintf(dev, GFP_KERNEL,
					     "dvp-importer-%s", name);
	if (!importer->misc.name)
		return NULL;
	dev_set_drvdata(dev, importer);
	return importer;
}

/* No new file can be opened; wait until the open ones are closed. */
static void importer_remove(struct dvp_importer *importer)
{
	misc_deregister(&importer->misc);
	wait_event(importer->idle, !atomic_read(&importer->users));
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct dvp_importer *importer;
	int ret;

	importer = importer_alloc(&pdev->dev, pci_name(pdev));
	if (!importer)
		return -ENOMEM;
	ret = dvp_edu_init(&importer->edu, pdev);
	if (ret)
		return ret;
	pci_save_state(pdev);
	return misc_register(&importer->misc);
}

static void edu_remove(struct pci_dev *pdev)
{
	importer_remove(pci_get_drvdata(pdev));
	pci_clear_master(pdev);
}

/* As drivers of network cards do: ask for a reset of the link after any error. */
static pci_ers_result_t edu_error_detected(struct pci_dev *pdev,
					   pci_channel_state_t state)
{
	return state == pci_channel_io_perm_failure ?
		PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t edu_slot_reset(struct pci_dev *pdev)
{
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static const struct pci_error_handlers edu_err_handlers = {
	.error_detected = edu_error_detected,
	.slot_reset = edu_slot_reset,
};

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
	.err_handler = &edu_err_handlers,
};

static struct platform_device *platform;

static int __init platform_init(void)
{
	const struct platform_device_info info = {
		.name = KBUILD_MODNAME,
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(64),
	};
	struct dvp_importer *importer;
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
