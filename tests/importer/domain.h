/* SPDX-License-Identifier: GPL-2.0-only */
/* IOMMU domains of the tests' own, on all kernels. */
#ifndef DOMAIN_H
#define DOMAIN_H

#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/version.h>

/*
 * 6.11 ("iommu: Add iommu_paging_domain_alloc() interface") asks for the device,
 * and has an error to say why not.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static inline struct iommu_domain *dvp_domain_alloc(struct device *dev)
{
	return iommu_domain_alloc(dev->bus) ?: ERR_PTR(-ENOMEM);
}
#else
#define dvp_domain_alloc iommu_paging_domain_alloc
#endif

#endif /* DOMAIN_H */
