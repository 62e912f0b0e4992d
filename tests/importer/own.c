// SPDX-License-Identifier: GPL-2.0-only
/*
 * An importer that needs no scatterlist: it maps the physical addresses of the buffer
 * in an IOMMU domain of its own, and attaches its device to that domain meanwhile.
 */
#include <linux/dma-buf.h>
#include <linux/dmabuf_vfio_pci.h>
#include <linux/module.h>

#include "compat/iommu.h"
#include "compat/slab.h"
#include "domain.h"
#include "importer.h"

/* Far from the device's other addresses. */
#define OWN_IOVA	BIT_ULL(40)

/**
 * struct dvp_own - a mapping in the importer's own domain
 * @list: physical ranges of the buffer
 * @domain: the domain
 * @mapped: bytes of the buffer that are mapped in @domain
 */
struct dvp_own {
	const struct dmabuf_vfio_pci_phys *list;
	struct iommu_domain *domain;
	size_t mapped;
};

/* By symbol_get(): the exporter may be another driver, which is loaded without ours. */
static const struct dmabuf_vfio_pci_phys *
own_get(struct dma_buf_attachment *attach, u32 version)
{
	const struct dmabuf_vfio_pci_phys *list;
	typeof(dmabuf_vfio_pci_get_phys) *get_phys;

	get_phys = symbol_get(dmabuf_vfio_pci_get_phys);
	if (!get_phys)
		return ERR_PTR(-EOPNOTSUPP);
	list = get_phys(attach, version);
	symbol_put(dmabuf_vfio_pci_get_phys);
	return list;
}

static int own_map_ranges(struct dvp_own *own)
{
	const struct dmabuf_vfio_pci_range *range;
	size_t i;
	int ret;

	for (i = 0; i < own->list->nr_ranges; i++) {
		range = &own->list->ranges[i];
		ret = compat_iommu_map(own->domain, OWN_IOVA + own->mapped,
				       range->paddr, range->len, IOMMU_READ |
				       IOMMU_WRITE | IOMMU_MMIO);
		if (ret)
			return ret;
		own->mapped += range->len;
	}
	return 0;
}

/* Maps the ranges, and the engine's bounce page at the address that it already has. */
static int own_map_all(struct dvp_own *own, struct dvp_edu *edu,
		       phys_addr_t bounce)
{
	int ret = own_map_ranges(own);

	if (!ret)
		ret = compat_iommu_map(own->domain, edu->bounce_addr, bounce,
				       PAGE_SIZE, IOMMU_READ | IOMMU_WRITE |
				       IOMMU_CACHE);
	if (ret && own->mapped)
		iommu_unmap(own->domain, OWN_IOVA, own->mapped);
	return ret;
}

/* An SMMU's driver only makes the domain's tables for a device (before 6.8). */
static int own_fill(struct dvp_own *own, struct dvp_edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	phys_addr_t bounce;
	int ret;

	if (own->list->memory != DMABUF_VFIO_PCI_MMIO ||
	    own->list->path != DMABUF_VFIO_PCI_HOST_BRIDGE)
		return -EINVAL;
	bounce = iommu_iova_to_phys(iommu_get_domain_for_dev(dev),
				    edu->bounce_addr);
	ret = iommu_attach_device(own->domain, dev);
	if (ret)
		return ret;
	ret = own_map_all(own, edu, bounce);
	if (ret)
		iommu_detach_device(own->domain, dev);
	return ret;
}

static int own_make_domain(struct dvp_own *own, struct dvp_edu *edu)
{
	int ret;

	own->domain = dvp_domain_alloc(&edu->pdev->dev);
	if (IS_ERR(own->domain))
		return PTR_ERR(own->domain);
	ret = own_fill(own, edu);
	if (ret)
		iommu_domain_free(own->domain);
	return ret;
}

/* The reservation lock is held, as in all functions here. */
struct dvp_own *dvp_own_map(struct dma_buf_attachment *attach,
			    struct dvp_edu *edu, u32 version)
{
	struct dvp_own *own;
	int ret;

	own = kzalloc_obj(*own);
	if (!own)
		return ERR_PTR(-ENOMEM);
	own->list = own_get(attach, version);
	if (IS_ERR(own->list)) {
		ret = PTR_ERR(own->list);
		goto err_free;
	}
	ret = own_make_domain(own, edu);
	if (!ret)
		return own;
	own->list->put(attach);
err_free:
	kfree(own);
	return ERR_PTR(ret);
}

/* Unmap for the device first, then give the list back. */
void dvp_own_unmap(struct dvp_own *own, struct dma_buf_attachment *attach)
{
	iommu_unmap(own->domain, OWN_IOVA, own->mapped);
	iommu_detach_device(own->domain, attach->dev);
	iommu_domain_free(own->domain);
	own->list->put(attach);
	kfree(own);
}

dma_addr_t dvp_own_address(struct dvp_own *own, size_t *size)
{
	*size = own->mapped;
	return OWN_IOVA;
}

void dvp_own_report(struct dvp_own *own, struct dvp_importer_report *report,
		    struct dvp_importer_entry *entries)
{
	unsigned int i;

	report->mapped = 1;
	report->nents = own->list->nr_ranges;
	for (i = 0; i < min(report->capacity, report->nents); i++) {
		entries[i].address = own->list->ranges[i].paddr;
		entries[i].length = own->list->ranges[i].len;
	}
}
