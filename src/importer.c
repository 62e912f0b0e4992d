// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether an importer may have the memory, and can reach it by the addresses
 * that it gets.  Even with a path, the addresses can be too large, be marked as
 * encrypted memory, or mean something else to the IOMMU.  Where the DMA API
 * would not notice, the mapping is refused here, and the log says why.
 */
#include <linux/cc_platform.h>
#include <linux/dma-buf.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/swiotlb.h>

#include "compat/iommu.h"
#include "compat/pci.h"
#include "compat/slab.h"
#include "buffer.h"
#include "dvp.h"
#include "importer.h"
#include "record.h"

/*
 * Tests replace the answers of these two on machines that encrypt nothing, so
 * the compiler must neither inline them nor deduce what they return.
 */
static noinline __noclone bool dvp_memory_encrypted(enum cc_attr attr)
{
	bool encrypted = cc_platform_has(attr);

	OPTIMIZER_HIDE_VAR(encrypted);
	return encrypted;
}

/* Part of an encrypted guest (TDISP), as the function that @dev is below. */
static noinline __noclone bool dvp_is_private(struct device *dev)
{
	bool private = false;

	for (; dev && !private; dev = dev->parent)
		private = dev_is_pci(dev) && compat_pci_has_tsm(to_pci_dev(dev));
	OPTIMIZER_HIDE_VAR(private);
	return private;
}

/**
 * dvp_importer_agrees() - whether two devices are on one side of an encrypted guest
 * @buf: buffer, which is not revoked
 * @importer: device that is to reach it
 *
 * Devices of an encrypted guest are outside of what is encrypted, their memory
 * included, and reach each other.  A device that was accepted into the guest
 * has memory that those outside must not reach; and no kernel tells yet by
 * which addresses another device inside would reach it.
 *
 * Context: any.
 * Return: false if they must not reach each other; the log says so.
 */
bool dvp_importer_agrees(struct dvp_buffer *buf, struct device *importer)
{
	struct device *provider = &buf->pdev->dev;

	if (!dvp_memory_encrypted(CC_ATTR_GUEST_MEM_ENCRYPT) ||
	    (!dvp_is_private(provider) && !dvp_is_private(importer)))
		return true;
	dvp_refuse_logged(provider, buf->access, importer,
			  "no peer-to-peer path from %s: one of the two devices is part of this encrypted guest (TDISP), and no path to or from such a device is known",
			  dev_name(importer));
	return false;
}

static bool dvp_is_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}

/*
 * A child of a PCI function, such as a cell of a multi-function device, does
 * DMA as that function, but has no IOMMU domain: the DMA API would hand out
 * physical addresses, which the function's IOMMU takes for something else.
 */
static int dvp_check_child(struct dma_buf_attachment *attach)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct device *dev = attach->dev, *parent = dev;

	while (!dev_is_pci(parent))
		parent = parent->parent;
	if (parent == dev || !dvp_is_translated(parent))
		return 0;
	dvp_refuse_logged(parent, buf->access, dev,
			  "cannot map the peer's memory for %s: it is a child of this device, whose IOMMU translates; its driver has to attach the PCI device itself",
			  dev_name(dev));
	return -EINVAL;
}

static int dvp_is_other(struct device *dev, void *data)
{
	return dev != data;
}

/*
 * Whether the DMA API alone avoids all reserved regions.  It avoids those of the
 * device for which it allocated the domain, but another device of the same group
 * can have more.  An untranslated address cannot avoid anything.  (A device that
 * was left alone in its group because that one was unplugged relies on the DMA
 * API for all of its DMA, ours included.)
 */
static bool dvp_keeps_clear(struct device *dev, struct iommu_group *group)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && iommu_is_dma_domain(domain) &&
	       !iommu_group_for_each_dev(group, dev, dvp_is_other);
}

/**
 * dvp_importer_attach() - check the importer's IOMMU group, and collect its reserved regions
 * @attach: importer's attachment; its map type is decided
 * Return: 0; -ENOMEM; or -EINVAL if the log says why the importer cannot have a
 * mapping.  dvp_importer_detach() frees the regions that were found, in any case.
 */
int dvp_importer_attach(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;
	struct iommu_group *group;
	int ret;

	/* What a switch forwards does not come to an IOMMU. */
	if (att->map_type == PCI_P2PDMA_MAP_BUS_ADDR)
		return 0;
	ret = dvp_check_child(attach);
	if (ret)
		return ret;
	group = iommu_group_get(attach->dev);
	if (!group)
		return 0;
	if (!dvp_keeps_clear(attach->dev, group))
		ret = iommu_get_group_resv_regions(group, &att->reserved);
	iommu_group_put(group);
	return ret;
}

/* Free the regions that dvp_importer_attach() has found. */
void dvp_importer_detach(struct list_head *reserved)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, reserved, list)
		kfree(region);
}

/* A child of a PCI function may have no DMA mask; then its reach is unknown. */
static bool dvp_reaches(struct device *dev, dma_addr_t last)
{
	return last <= min_not_zero(dev->dma_mask ? *dev->dma_mask : U64_MAX,
				    dev->bus_dma_limit);
}

/* Below a switch the importer sends bus addresses. */
static int dvp_check_bus(struct device *dev, struct dvp_buffer *buf,
			 u64 bus_offset)
{
	dma_addr_t last = dvp_last(&buf->extent) + bus_offset;

	if (dvp_reaches(dev, last))
		return 0;
	dvp_refuse_logged(dev, buf->access, dev,
			  "cannot reach the peer's memory at bus address %pad: its DMA mask is too small",
			  &last);
	return -EIO;
}

/*
 * Without an IOMMU the importer sends physical addresses.  The DMA API warns
 * with a backtrace about one that does not fit, and before 6.18 hands out
 * device memory even where it was told to bounce everything.
 */
static int dvp_check_untranslated(struct device *dev, struct dvp_buffer *buf)
{
	phys_addr_t last = dvp_last(&buf->extent);

	if (!dev->dma_mask) {
		dvp_refuse_logged(dev, buf->access, dev,
				  "cannot map the peer's memory: this device does no DMA of its own");
		return -EIO;
	}
	if (is_swiotlb_force_bounce(dev)) {
		dvp_refuse_logged(dev, buf->access, dev,
				  "cannot map the peer's memory: all DMA must bounce (swiotlb=force, or an encrypted guest), which device memory cannot");
		return -EIO;
	}
	if (!dvp_reaches(dev, last)) {
		dvp_refuse_logged(dev, buf->access, dev,
				  "cannot reach the peer's memory at %pap: its DMA mask is too small; an IOMMU would help",
				  &last);
		return -EIO;
	}
	return 0;
}

/*
 * With AMD's SME and SEV, a bit of the address says that memory is encrypted.
 * MMIO is not, but the page tables of AMD's IOMMU before 7.1 have the bit set for
 * all that is mapped.  Other IOMMUs are not told apart: where memory is encrypted
 * otherwise, in a guest by TDX, none has been seen.
 */
static bool dvp_counts_as_encrypted(struct iommu_domain *domain)
{
	return dvp_memory_encrypted(CC_ATTR_MEM_ENCRYPT) &&
	       !(domain && compat_iommu_maps_plain(domain));
}

static int dvp_check_translated(struct device *dev, struct dvp_buffer *buf,
				struct iommu_domain *domain)
{
	if (!dvp_counts_as_encrypted(domain))
		return 0;
	dvp_refuse_logged(dev, buf->access, dev,
			  "cannot map the peer's memory: memory encryption is on, and this kernel's IOMMU driver is not known to exempt device memory from it; boot with mem_encrypt=off or iommu.passthrough=1, or use Linux 7.1 or later");
	return -EIO;
}

/**
 * dvp_importer_check_list() - check an importer that fills page tables of its own
 * @attach: importer's attachment
 *
 * The driver cannot see those page tables, so it checks the device's own domain instead.
 *
 * Context: any; the buffer's reservation lock is held.
 * Return: 0, or -EIO, with the reason in the log.
 */
int dvp_importer_check_list(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;
	struct dvp_buffer *buf = attach->dmabuf->priv;

	if (att->map_type == PCI_P2PDMA_MAP_BUS_ADDR ||
	    !dvp_counts_as_encrypted(iommu_get_domain_for_dev(attach->dev)))
		return 0;
	dvp_refuse_logged(attach->dev, buf->access, attach->dev,
			  "cannot list the peer's addresses: memory encryption is on, and the page tables of this device are not known to exempt device memory from it; boot with mem_encrypt=off");
	return -EIO;
}

/**
 * dvp_importer_check() - check an importer before a mapping is made
 * @attach: importer's attachment
 * Context: any; the buffer's reservation lock is held.
 * Return: 0, or -EIO, with the reason in the log.
 */
int dvp_importer_check(struct dma_buf_attachment *attach)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(attach->dev);
	struct dvp_attachment *att = attach->priv;
	struct dvp_buffer *buf = attach->dmabuf->priv;

	if (att->map_type == PCI_P2PDMA_MAP_BUS_ADDR)
		return dvp_check_bus(attach->dev, buf, att->phys.bus_offset);
	if (!domain || domain->type == IOMMU_DOMAIN_IDENTITY)
		return dvp_check_untranslated(attach->dev, buf);
	return dvp_check_translated(attach->dev, buf, domain);
}

/*
 * A region that is mapped one to one for the firmware is in the way of translated
 * addresses only: an untranslated address leads to the same place without it.
 * The region of software-managed MSIs holds only what that software maps.
 */
static bool dvp_is_reserved(const struct iommu_resv_region *region,
			    bool translated)
{
	switch (region->type) {
	case IOMMU_RESV_RESERVED:
	case IOMMU_RESV_MSI:
		return true;
	case IOMMU_RESV_DIRECT:
		return translated;
	default:
		return false;
	}
}

static bool dvp_overlaps(const struct iommu_resv_region *region, u64 first,
			 u64 last)
{
	return first <= region->start + region->length - 1 &&
	       last >= region->start;
}

/* Untranslated addresses are in the extent, which rules out most regions at once. */
static bool dvp_leads_into(const struct iommu_resv_region *region,
			   const struct dvp_buffer *buf, struct sg_table *sgt,
			   bool translated)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!translated && !dvp_overlaps(region, buf->extent.paddr,
					 dvp_last(&buf->extent)))
		return false;
	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dvp_overlaps(region, sg_dma_address(sg),
				 sg_dma_address(sg) + sg_dma_len(sg) - 1))
			return true;
	return false;
}

/**
 * dvp_importer_check_mapping() - check that all addresses lead to the memory
 * @attach: importer's attachment
 * @sgt: its mapping
 * Context: any; the buffer's reservation lock is held.
 * Return: 0, or -EIO, with the reason in the log.
 */
int dvp_importer_check_mapping(struct dma_buf_attachment *attach,
			       struct sg_table *sgt)
{
	struct dvp_attachment *att = attach->priv;
	struct dvp_buffer *buf = attach->dmabuf->priv;
	const struct iommu_resv_region *region;
	bool translated;

	if (list_empty(&att->reserved))
		return 0;
	translated = dvp_is_translated(attach->dev);
	list_for_each_entry(region, &att->reserved, list)
		if (dvp_is_reserved(region, translated) &&
		    dvp_leads_into(region, buf, sgt, translated)) {
			dvp_refuse_logged(attach->dev, buf->access, attach->dev,
					  "cannot map the peer's memory: its addresses would be among %zu bytes from %pap, which are reserved in this IOMMU group (see reserved_regions in its iommu_group)",
					  region->length, &region->start);
			return -EIO;
		}
	return 0;
}
