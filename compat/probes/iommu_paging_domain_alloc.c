// SPDX-License-Identifier: GPL-2.0-only
/* 6.11: a domain for the IOMMU of one device. */
#include <linux/iommu.h>

struct iommu_domain *probe(struct device *dev);
struct iommu_domain *probe(struct device *dev)
{
	return iommu_paging_domain_alloc(dev);
}
