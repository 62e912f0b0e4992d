/* SPDX-License-Identifier: GPL-2.0-only */
/* IOMMU core differences between kernels. */
#ifndef COMPAT_IOMMU_H
#define COMPAT_IOMMU_H

#include <linux/device.h>
#include <linux/iommu.h>

/* 6.3: the caller passes the GFP flags for page tables; before, GFP_KERNEL. */
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

/*
 * 7.1: the page tables that the x86 IOMMU drivers share do not mark MMIO as
 * encrypted.  Earlier page tables do: at least AMD's, and the shared ones of 6.19.
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
