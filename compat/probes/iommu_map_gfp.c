// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.3 ("iommu: Add a gfp parameter to iommu_map()"): the caller passes the GFP flags
 * for page tables.
 */
#include <linux/iommu.h>

int probe(struct device *dev, phys_addr_t phys, size_t size);
int probe(struct device *dev, phys_addr_t phys, size_t size)
{
	return iommu_map(iommu_get_domain_for_dev(dev), phys, phys, size,
			 IOMMU_MMIO, GFP_KERNEL);
}
