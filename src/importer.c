// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether an importer can reach the memory by the addresses that it gets.  The
 * path being there, the addresses can still be too large, be marked as encrypted
 * memory, or mean something else to the IOMMU.  Where the DMA API would not
 * notice, the mapping is refused here, and the log says why.
 */
#include <linux/dma-buf.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/swiotlb.h>

#include "compat/iommu.h"
#include "compat/slab.h"
#include "buffer.h"
#include "dvp.h"
#include "encryption.h"
#include "importer.h"
#include "record.h"

/**
 * dvp_reach_agrees() - whether two devices are on one side of an encrypted guest
 * @buf: buffer, which is not revoked
 * @importer: is to reach it
 *
 * Devices of an encrypted guest are outside of what is encrypted, memory and
 * all, and so they reach each other.  One that was accepted into it has memory
 * that those outside must not reach; and no kernel yet says by which addresses
 * another one inside would.
 *
 * Context: any.
 * Return: false if they must not reach each other; the log says so.
 */
bool dvp_reach_agrees(struct dvp_buffer *buf, struct device *importer)
{
	struct device *provider = &buf->pdev->dev;

	if (!dvp_memory_encrypted(CC_ATTR_GUEST_MEM_ENCRYPT) ||
	    (!dvp_is_private(provider) && !dvp_is_private(importer)))
		return true;
	dvp_refuse_logged(provider, buf->access, importer,
			  "no peer-to-peer path from %s: one of the two is part of this encrypted guest (TDISP); nothing is known to lead to or from it",
			  dev_name(importer));
	return false;
}

static int dvp_is_other(struct device *dev, void *data)
{
	return dev != data;
}

/*
 * Whether the DMA API alone keeps clear of all that is reserved: it does of what
 * is for the device for which it made the domain, but another device of the same
 * group can have more of that.  And an address that no IOMMU translates is where
 * it is.  (Who has been left alone in a group by that device being unplugged
 * depends on the DMA API for all of its DMA, and so for ours.)
 */
static bool dvp_keeps_clear(struct device *dev, struct iommu_group *group)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && iommu_is_dma_domain(domain) &&
	       !iommu_group_for_each_dev(group, dev, dvp_is_other);
}

/**
 * dvp_reach_look() - look up which addresses mean something else to the IOMMU
 * @attach: importer's attachment; its map type is decided
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.  dvp_reach_forget() frees what was found, in either case.
 */
int dvp_reach_look(struct dma_buf_attachment *attach)
{
	struct dvp_attachment *att = attach->priv;
	struct iommu_group *group;
	int ret = 0;

	/* What a switch passes on does not come to an IOMMU. */
	if (att->map_type == PCI_P2PDMA_MAP_BUS_ADDR)
		return 0;
	group = iommu_group_get(attach->dev);
	if (!group)
		return 0;
	if (!dvp_keeps_clear(attach->dev, group))
		ret = iommu_get_group_resv_regions(group, &att->reserved);
	iommu_group_put(group);
	return ret;
}

/**
 * dvp_reach_forget() - free what dvp_reach_look() has found
 * @reserved: list
 *
 * Context: any.
 */
void dvp_reach_forget(struct list_head *reserved)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, reserved, list)
		kfree(region);
}

/*
 * As far as it is known what a device can send: one that stands for its PCI
 * parent may have no mask of its own.
 */
static bool dvp_reaches(struct device *dev, dma_addr_t last)
{
	return last <= min_not_zero(dev->dma_mask ? *dev->dma_mask : U64_MAX,
				    dev->bus_dma_limit);
}

/* Below a switch the importer sends what is in the registers of the bus. */
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
 * With AMD's SME and SEV a bit of the address says that memory is encrypted.
 * Device memory is not, but before 6.19 the page tables of AMD's IOMMU have the
 * bit set for all that is mapped.  Other IOMMUs are not told apart: where memory
 * is encrypted otherwise, in a guest by TDX, nobody has seen one.
 */
static int dvp_check_translated(struct device *dev, struct dvp_buffer *buf,
				struct iommu_domain *domain)
{
	if (!dvp_memory_encrypted(CC_ATTR_MEM_ENCRYPT) ||
	    compat_iommu_maps_plain(domain))
		return 0;
	dvp_refuse_logged(dev, buf->access, dev,
			  "cannot map the peer's memory: memory is encrypted, and this kernel's IOMMU driver would take device memory for encrypted, too; mem_encrypt=off or iommu.passthrough=1 would help, or Linux 6.19");
	return -EIO;
}

/**
 * dvp_reach_before() - whether a mapping is to be tried at all
 * @attach: importer's attachment
 *
 * Context: any; the buffer's reservation lock is held.
 * Return: 0, or -EIO if the log says why not.
 */
int dvp_reach_before(struct dma_buf_attachment *attach)
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
 * A region that is mapped one to one for the firmware's sake is in the way of
 * translated addresses only: another one is where it would be without.  In that
 * of a software's MSIs is whatever that software puts there.
 */
static bool dvp_is_taken(const struct iommu_resv_region *region,
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

static bool dvp_leads_into(const struct iommu_resv_region *region,
			   struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dvp_overlaps(region, sg_dma_address(sg),
				 sg_dma_address(sg) + sg_dma_len(sg) - 1))
			return true;
	return false;
}

/*
 * Most regions are far from all of a mapping.  A span is in one piece; and where
 * nobody translates addresses, all are between two that are known.
 */
static bool dvp_is_near(const struct iommu_resv_region *region,
			const struct dvp_buffer *buf,
			struct dvp_mapping *map, bool translated)
{
	if (!translated)
		return dvp_overlaps(region, buf->extent.paddr,
				    dvp_last(&buf->extent));
	return !dma_use_iova(&map->iova) ||
	       dvp_overlaps(region, map->iova.addr,
			    map->iova.addr + buf->dmabuf->size - 1);
}

/**
 * dvp_reach_after() - whether all addresses of a mapping lead to the memory
 * @attach: importer's attachment
 * @sgt: mapping
 *
 * Context: any; the buffer's reservation lock is held.
 * Return: 0, or -EIO if the log says why not.
 */
int dvp_reach_after(struct dma_buf_attachment *attach, struct sg_table *sgt)
{
	struct dvp_mapping *map = container_of(sgt, struct dvp_mapping, sgt);
	struct dvp_attachment *att = attach->priv;
	struct dvp_buffer *buf = attach->dmabuf->priv;
	const struct iommu_resv_region *region;
	struct iommu_domain *domain;
	bool translated;

	if (list_empty(&att->reserved))
		return 0;
	domain = iommu_get_domain_for_dev(attach->dev);
	translated = domain && domain->type != IOMMU_DOMAIN_IDENTITY;
	list_for_each_entry(region, &att->reserved, list)
		if (dvp_is_taken(region, translated) &&
		    dvp_is_near(region, buf, map, translated) &&
		    dvp_leads_into(region, &map->sgt)) {
			dvp_refuse_logged(attach->dev, buf->access, attach->dev,
					  "cannot map the peer's memory: its addresses would be among %zu bytes from %pap, which are reserved in this IOMMU group (see reserved_regions in its iommu_group)",
					  region->length, &region->start);
			return -EIO;
		}
	return 0;
}
