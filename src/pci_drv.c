// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf-vfio-pci: a VFIO PCI driver for any device that exports ranges of the
 * device's BARs as dma-bufs.  This file has the PCI driver and the module
 * parameters; p2p_host_bridges= is in p2p_hosts.c.
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "compat/vfio_pci.h"
#include "dvp.h"
#include "revoke.h"

static char ids[1024] __initdata;
module_param_string(ids, ids, sizeof(ids), 0);
MODULE_PARM_DESC(ids, "PCI ids to bind to: vendor:device[:subvendor[:subdevice[:class[:class_mask]]]],... in hexadecimal");

static bool disable_denylist __ro_after_init;
module_param(disable_denylist, bool, 0444);
MODULE_PARM_DESC(disable_denylist, "Bind also to devices whose known errata let an untrusted user harm the host");

static bool enable_sriov;
#ifdef CONFIG_PCI_IOV
module_param(enable_sriov, bool, 0644);
MODULE_PARM_DESC(enable_sriov, "Allow to create VFs of a bound PF, whose user then answers for them");
#endif

/* These three have the meaning that they have for vfio-pci. */
static struct compat_vfio_pci_params dvp_params;
module_param_named(nointxmask, dvp_params.nointxmask, bool, DVP_SETTING_MODE);
MODULE_PARM_DESC(nointxmask, "Do not mask INTx in the device, but at the interrupt controller");
module_param_named(disable_vga, dvp_params.disable_vga, bool, 0444);
MODULE_PARM_DESC(disable_vga, "Give no access to VGA resources");
module_param_named(disable_idle_d3, dvp_params.disable_idle_d3, bool,
		   DVP_SETTING_MODE);
MODULE_PARM_DESC(disable_idle_d3, "Do not put unused devices into the low-power state D3");

static char *exporter __ro_after_init = "auto";
module_param(exporter, charp, 0444);
MODULE_PARM_DESC(exporter, "Who exports dma-bufs: own, intree (vfio-pci-core of Linux 6.19 and later; needed by iommufd), or auto (default: own)");

static char *pinned_importers __ro_after_init = "refuse";
module_param(pinned_importers, charp, 0444);
MODULE_PARM_DESC(pinned_importers, "Importers that pin a buffer, as many RDMA drivers do: refuse, or hold (a closed device stays busy until they unmap)");

/* Accelerators with errata by which an untrusted user can hurt the host. */
static const struct pci_device_id dvp_denylist[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x19e2) },	/* QAT C3xxx */
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x19e3) },	/* QAT C3xxx VF */
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x37c8) },	/* QAT C62x */
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x37c9) },	/* QAT C62x VF */
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x0435) },	/* QAT DH895xCC */
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x0443) },	/* QAT DH895xCC VF */
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x0b25) },	/* DSA, Sapphire Rapids */
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x0cfe) },	/* IAX, Sapphire Rapids */
	{}
};

static bool dvp_denied(struct pci_dev *pdev)
{
	if (!pci_match_id(dvp_denylist, pdev))
		return false;
	if (disable_denylist) {
		pci_warn(pdev, "on the denylist; bound because of disable_denylist=1\n");
		return false;
	}
	pci_warn(pdev, "on the denylist: errata let an untrusted user harm the host; not bound (disable_denylist=1 overrides)\n");
	return true;
}

/* Config register with the address of the OpRegion (Intel graphics). */
#define DVP_OPREGION 0xfc

/* vfio-pci adds these regions itself; vfio-pci-core does not have them. */
static void dvp_warn_graphics(struct pci_dev *pdev)
{
	u32 opregion;

	if (pdev->vendor != PCI_VENDOR_ID_INTEL ||
	    pdev->class >> 16 != PCI_BASE_CLASS_DISPLAY)
		return;
	pci_read_config_dword(pdev, DVP_OPREGION, &opregion);
	if (opregion && ~opregion)
		pci_warn(pdev, "Intel graphics: the regions of the OpRegion and of the bridges' configuration are not provided; for a virtual machine that needs them, bind to the kernel's own vfio-pci\n");
}

/* The device is not registered, or no longer. */
static void dvp_unwatch(struct dvp_device *dvp)
{
	dvp_reset_unwatch(dvp);
	dvp_pm_unwatch(dvp->core.pdev);
	dvp_error_unwatch(dvp);
	vfio_put_device(&dvp->core.vdev);
}

static int dvp_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct dvp_device *dvp;
	int ret;

	if (dvp_denied(pdev))
		return -EINVAL;

	dvp = vfio_alloc_device(dvp_device, core.vdev, &pdev->dev,
				&dvp_vfio_ops);
	if (IS_ERR(dvp))
		return PTR_ERR(dvp);
	/* The core expects its own structure there. */
	dev_set_drvdata(&pdev->dev, &dvp->core);
	compat_vfio_pci_set_params(&dvp->core, &dvp_params);
	if (dvp_uses_intree)
		compat_use_intree_export(&dvp->core);

	dvp_error_watch(dvp);
	dvp_pm_watch(pdev);
	dvp_reset_watch(dvp);
	ret = vfio_pci_core_register_device(&dvp->core);
	if (ret) {
		dvp_unwatch(dvp);
		return ret;
	}
	dvp_debugfs_add(dvp);
	dvp_warn_graphics(pdev);
	return 0;
}

static void dvp_remove(struct pci_dev *pdev)
{
	struct dvp_device *dvp = dvp_of_pdev(pdev);

	dvp_error_removing(pdev);
	vfio_pci_core_unregister_device(&dvp->core);
	dvp_quarantine_wait(dvp->access);
	dvp_debugfs_remove(dvp);
	dvp_unwatch(dvp);
}

static int dvp_sriov_configure(struct pci_dev *pdev, int nr_virtfn)
{
	if (!enable_sriov)
		return -ENOENT;
	return vfio_pci_core_sriov_configure(&dvp_of_pdev(pdev)->core,
					     nr_virtfn);
}

/* For binding by driver_override only. */
static const struct pci_device_id dvp_table[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{}
};

DVP_DEVICE_TABLE(dvp_table);

static const struct pci_error_handlers dvp_err_handlers = {
	.error_detected	= dvp_error_detected,
	.slot_reset	= dvp_error_slot_reset,
	.resume		= dvp_error_resume,
	.reset_prepare	= dvp_reset_prepare,
	.reset_done	= dvp_reset_done,
};

static struct pci_driver dvp_driver = {
	.name			= DVP_NAME,
	.id_table		= dvp_table,
	.probe			= dvp_probe,
	.remove			= dvp_remove,
	.shutdown		= dvp_pm_shutdown,
	.sriov_configure	= dvp_sriov_configure,
	.err_handler		= &dvp_err_handlers,
	.driver_managed_dma	= true,
};

static void __init dvp_add_id(const char *text)
{
	unsigned int vendor, device, class = 0, class_mask = 0;
	unsigned int subvendor = PCI_ANY_ID, subdevice = PCI_ANY_ID;
	int ret;

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &vendor, &device, &subvendor,
		   &subdevice, &class, &class_mask) < 2) {
		pr_warn("ids=: \"%s\" is not of the form vendor:device\n",
			text);
		return;
	}
	ret = pci_add_dynid(&dvp_driver, vendor, device, subvendor, subdevice,
			    class, class_mask, 0);
	if (ret)
		pr_warn("ids=: cannot add \"%s\": error %d\n", text, ret);
}

static void __init dvp_add_ids(void)
{
	char *rest = ids, *id;

	while ((id = strsep(&rest, ", ")))
		if (*id)
			dvp_add_id(id);
}

/*
 * auto never chooses vfio-pci-core's exporter: it takes references on the files of
 * its dma-bufs, which may be freed already (a dma-buf outlives its file while an
 * O_PATH descriptor of it is open).  No released kernel is known to be right.
 */
static int __init dvp_choose_exporter(void)
{
	const char *why = "set by exporter=";

	if (!strcmp(exporter, "auto")) {
		why = COMPAT_HAS_INTREE_EXPORT ?
		      "vfio-pci-core's can use freed memory (exporter=intree, for iommufd)" :
		      "this kernel's vfio-pci-core has no exporter";
	} else if (!strcmp(exporter, "intree")) {
		dvp_uses_intree = true;
	} else if (strcmp(exporter, "own")) {
		pr_err("exporter=%s: choose auto, own or intree\n", exporter);
		return -EINVAL;
	}
	if (dvp_uses_intree && !COMPAT_HAS_INTREE_EXPORT) {
		pr_err("exporter=intree: this kernel's vfio-pci-core cannot export dma-bufs; use auto or own\n");
		return -EOPNOTSUPP;
	}
	pr_info("dma-bufs are exported by %s: %s\n",
		dvp_uses_intree ? "vfio-pci-core" : "this driver", why);
	if (dvp_uses_intree)
		dvp_p2p_drop_extra_hosts();
	return 0;
}

static int __init dvp_choose_pinned(void)
{
	if (!strcmp(pinned_importers, "refuse"))
		return 0;
	if (strcmp(pinned_importers, "hold")) {
		pr_err("pinned_importers=%s: choose refuse or hold\n",
		       pinned_importers);
		return -EINVAL;
	}
	if (dvp_uses_intree) {
		pr_warn("pinned_importers=hold ignored: vfio-pci-core exports the dma-bufs\n");
		return 0;
	}
	dvp_holds_pinned = true;
	pr_info("importers that pin are accepted: a device that they hold stays busy when it is closed, until they unmap\n");
	return 0;
}

static bool dvp_has_params(void)
{
	return dvp_params.nointxmask || dvp_params.disable_vga ||
	       dvp_params.disable_idle_d3;
}

/* vfio-pci-core has our settings; it keeps them after this module is gone. */
static bool dvp_has_shared;

static void dvp_unshare_params(void)
{
	static const struct compat_vfio_pci_params defaults;

	if (dvp_has_shared)
		compat_vfio_pci_share_params(&defaults);
}

static void __init dvp_set_params(void)
{
	if (DVP_SETS_CORE) {
		compat_vfio_pci_set_core_params(&dvp_params);
		return;
	}
	if (!dvp_has_params())
		return;
	dvp_has_shared = compat_vfio_pci_share_params(&dvp_params);
	if (!dvp_has_shared)
		pr_warn("nointxmask, disable_vga and disable_idle_d3 ignored: vfio-pci is loaded and its settings hold for all devices; set them with \"options vfio-pci\" in /etc/modprobe.d\n");
}

static int __init dvp_init(void)
{
	int ret;

	ret = dvp_choose_exporter() ?: dvp_choose_pinned();
	if (ret)
		return ret;
	dvp_set_params();
	compat_vfio_complete_ops(&dvp_vfio_ops);
	dvp_pm_init();
	dvp_debugfs_init();
	ret = pci_register_driver(&dvp_driver);
	if (ret) {
		dvp_debugfs_exit();
		dvp_unshare_params();
		return ret;
	}
	dvp_add_ids();
	return 0;
}
module_init(dvp_init);

static void __exit dvp_exit(void)
{
	pci_unregister_driver(&dvp_driver);
	dvp_debugfs_exit();
	dvp_unshare_params();
}
module_exit(dvp_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(DVP_VERSION);
/* Programs recognise our vfio-pci by this. */
MODULE_INFO(dmabuf_vfio_pci, DVP_FLAVOUR);
MODULE_AUTHOR("The dmabuf-vfio-pci developers");
MODULE_DESCRIPTION("VFIO PCI driver that exports BAR ranges as dma-bufs for peer-to-peer DMA");
