/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels in the IOMMU core. */
#ifndef COMPAT_IOMMU_H
#define COMPAT_IOMMU_H

#include <linux/device.h>
#include <linux/err.h>
#include <linux/iommu.h>

/* 6.3: the caller says how page tables are allocated; it was GFP_KERNEL. */
static inline int compat_iommu_map(struct iommu_domain *domain,
				   unsigned long iova, phys_addr_t phys,
				   size_t size, int prot)
{
#ifdef HAVE_IOMMU_MAP_GFP
	return iommu_map(domain, iova, phys, size, prot, GFP_KERNEL);
#else
	return iommu_map(domain, iova, phys, size, prot);
#endif
}

/* 6.11 asks for the device, and has an error to say why not. */
#ifndef HAVE_IOMMU_PAGING_DOMAIN_ALLOC
static inline struct iommu_domain *
compat_iommu_paging_domain_alloc(struct device *dev)
{
	return iommu_domain_alloc(dev->bus) ?: ERR_PTR(-ENOMEM);
}

#define iommu_paging_domain_alloc compat_iommu_paging_domain_alloc
#endif

/*
 * 6.19: the common page tables do not mark what is mapped as MMIO as encrypted.
 * Those that the IOMMUs' drivers had before did, AMD's at least.
 */
static inline bool compat_iommu_maps_plain(struct iommu_domain *domain)
{
#ifdef HAVE_IOMMU_PT
	return domain->is_iommupt;
#else
	return false;
#endif
}

#endif /* COMPAT_IOMMU_H */
