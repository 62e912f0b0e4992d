// SPDX-License-Identifier: GPL-2.0-only
/*
 * An RDMA card without a network: it registers dma-bufs by the RDMA core, and writes
 * to them by the DMA engine of the edu device that it is.  It says that it is an
 * Elastic Fabric Adapter, because rdma-core's provider for that one, efa, asks least of
 * a card, and has registered dma-bufs since rdma-core 34.
 *
 * /sys/kernel/debug/dvp-rdma/BDF has the files
 *   regions   each memory region with the addresses in its table
 *   write     takes "KEY ADDRESS BYTE", in hexadecimal: writes CHUNK such bytes there
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <rdma/efa-abi.h>
#include <rdma/uverbs_ioctl.h>

#include "compat/dma_buf.h"
#include "rdma.h"

#define CHUNK	64

static unsigned int kind;
module_param(kind, uint, 0644);
MODULE_PARM_DESC(kind, "How to register: 0 dynamic, 1 pinned, 2 pinned and revocable");

static int rdma_query_device(struct ib_device *ibdev,
			     struct ib_device_attr *attr, struct ib_udata *udata)
{
	attr->max_mr_size = U64_MAX;
	attr->page_size_cap = GENMASK(31, PAGE_SHIFT);
	attr->max_pd = 16;
	attr->max_mr = 1024;
	attr->max_qp = 1;
	return 0;
}

static int rdma_query_port(struct ib_device *ibdev, u32 port,
			   struct ib_port_attr *attr)
{
	attr->state = IB_PORT_ACTIVE;
	attr->phys_state = IB_PORT_PHYS_STATE_LINK_UP;
	attr->max_mtu = IB_MTU_4096;
	attr->active_mtu = IB_MTU_4096;
	attr->active_speed = IB_SPEED_SDR;
	attr->active_width = IB_WIDTH_1X;
	return 0;
}

/* Without addresses or partitions. */
static int rdma_get_port_immutable(struct ib_device *ibdev, u32 port,
				   struct ib_port_immutable *immutable)
{
	return 0;
}

static enum rdma_link_layer rdma_get_link_layer(struct ib_device *ibdev, u32 port)
{
	return IB_LINK_LAYER_UNSPECIFIED;
}

/* rdma-core does not open a card that cannot tell it of address handles. */
static int rdma_alloc_ucontext(struct ib_ucontext *context,
			       struct ib_udata *udata)
{
	const struct efa_ibv_alloc_ucontext_resp resp = {
		.cmds_supp_udata_mask = EFA_USER_CMDS_SUPP_UDATA_CREATE_AH,
	};

	return ib_copy_to_udata(udata, (void *)&resp,
				min(sizeof(resp), udata->outlen));
}

static void rdma_dealloc_ucontext(struct ib_ucontext *context)
{
}

/* The card goes while it is open: the RDMA core deregisters everything. */
static void rdma_disassociate_ucontext(struct ib_ucontext *context)
{
}

static int rdma_alloc_pd(struct ib_pd *pd, struct ib_udata *udata)
{
	const struct efa_ibv_alloc_pd_resp resp = { };

	return ib_copy_to_udata(udata, (void *)&resp,
				min(sizeof(resp), udata->outlen));
}

static int rdma_dealloc_pd(struct ib_pd *pd, struct ib_udata *udata)
{
	return 0;
}

struct ib_dmah;

static struct ib_mr * __maybe_unused
rdma_reg_udata(struct ib_pd *pd, u64 offset, u64 length, u64 iova, int fd,
	       int access, struct ib_udata *udata)
{
	return dvp_region_register(pd, offset, length, iova, fd, access, kind);
}

static struct ib_mr * __maybe_unused
rdma_reg_attrs(struct ib_pd *pd, u64 offset, u64 length, u64 iova, int fd,
	       int access, struct uverbs_attr_bundle *attrs)
{
	return dvp_region_register(pd, offset, length, iova, fd, access, kind);
}

static struct ib_mr * __maybe_unused
rdma_reg_dmah(struct ib_pd *pd, u64 offset, u64 length, u64 iova, int fd,
	      int access, struct ib_dmah *dmah, struct uverbs_attr_bundle *attrs)
{
	return dvp_region_register(pd, offset, length, iova, fd, access, kind);
}

/* 6.12 replaced the udata by the attributes, 6.17 added the handle. */
#define REG_DMABUF \
	_Generic(((const struct ib_device_ops *)NULL)->reg_user_mr_dmabuf, \
		 typeof(&rdma_reg_udata) : rdma_reg_udata, \
		 typeof(&rdma_reg_attrs) : rdma_reg_attrs, \
		 typeof(&rdma_reg_dmah) : rdma_reg_dmah)

static const struct ib_device_ops rdma_ops = {
	.owner = THIS_MODULE,
	.driver_id = RDMA_DRIVER_EFA,
	.uverbs_abi_ver = EFA_UVERBS_ABI_VERSION,
	.query_device = rdma_query_device,
	.query_port = rdma_query_port,
	.get_port_immutable = rdma_get_port_immutable,
	.get_link_layer = rdma_get_link_layer,
	.alloc_ucontext = rdma_alloc_ucontext,
	.dealloc_ucontext = rdma_dealloc_ucontext,
	.disassociate_ucontext = rdma_disassociate_ucontext,
	.alloc_pd = rdma_alloc_pd,
	.dealloc_pd = rdma_dealloc_pd,
	.reg_user_mr_dmabuf = REG_DMABUF,
	.dereg_mr = dvp_region_deregister,
	INIT_RDMA_OBJ_SIZE(ib_ucontext, dvp_context, context),
	INIT_RDMA_OBJ_SIZE(ib_pd, dvp_pd, pd),
};

static int regions_show(struct seq_file *seq, void *unused)
{
	dvp_region_print(seq, seq->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(regions);

static ssize_t write_write(struct file *file, const char __user *text,
			   size_t size, loff_t *pos)
{
	struct dvp_rdma *rdma = file_inode(file)->i_private;
	u8 data[CHUNK], byte;
	char line[64] = "";
	u64 address;
	u32 key;
	int ret;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, text, size))
		return -EFAULT;
	if (sscanf(line, "%x %llx %hhx", &key, &address, &byte) != 3)
		return -EINVAL;
	memset(data, byte, sizeof(data));
	ret = dvp_region_write(rdma, key, address, data, sizeof(data));
	return ret ?: size;
}

static const struct file_operations write_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = write_write,
};

static struct dentry *rdma_root;

static int rdma_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct dvp_rdma *rdma;
	int ret;

	rdma = ib_alloc_device(dvp_rdma, ibdev);
	if (!rdma)
		return -ENOMEM;
	mutex_init(&rdma->lock);
	INIT_LIST_HEAD(&rdma->regions);
	pci_set_drvdata(pdev, rdma);
	ret = dvp_edu_init(&rdma->edu, pdev);
	if (ret)
		goto dealloc;

	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	rdma->ibdev.node_type = RDMA_NODE_UNSPECIFIED;
	rdma->ibdev.phys_port_cnt = 1;
	rdma->ibdev.num_comp_vectors = 1;
	rdma->ibdev.dev.parent = &pdev->dev;
	ib_set_device_ops(&rdma->ibdev, &rdma_ops);
	ret = ib_register_device(&rdma->ibdev, "dvp_%d", &pdev->dev);
	if (ret)
		goto dealloc;

	rdma->debugfs = debugfs_create_dir(pci_name(pdev), rdma_root);
	debugfs_create_file("regions", 0400, rdma->debugfs, rdma, &regions_fops);
	debugfs_create_file("write", 0200, rdma->debugfs, rdma, &write_fops);
	return 0;

dealloc:
	ib_dealloc_device(&rdma->ibdev);
	return ret;
}

static void rdma_remove(struct pci_dev *pdev)
{
	struct dvp_rdma *rdma = pci_get_drvdata(pdev);

	debugfs_remove(rdma->debugfs);
	ib_unregister_device(&rdma->ibdev);
	ib_dealloc_device(&rdma->ibdev);
	pci_clear_master(pdev);
}

/* Only for devices whose driver_override names it. */
static const struct pci_device_id rdma_ids[] = {
	{ }
};

static struct pci_driver rdma_driver = {
	.name = KBUILD_MODNAME,
	.id_table = rdma_ids,
	.probe = rdma_probe,
	.remove = rdma_remove,
};

static int __init rdma_init(void)
{
	int ret;

	rdma_root = debugfs_create_dir("dvp-rdma", NULL);
	ret = pci_register_driver(&rdma_driver);
	if (ret)
		debugfs_remove(rdma_root);
	return ret;
}
module_init(rdma_init);

static void __exit rdma_exit(void)
{
	pci_unregister_driver(&rdma_driver);
	debugfs_remove(rdma_root);
}
module_exit(rdma_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test RDMA card that registers dma-bufs on QEMU's edu device");
