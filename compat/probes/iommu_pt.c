// SPDX-License-Identifier: GPL-2.0-only
/* 6.19: page tables that are the same code for all IOMMUs of x86. */
#include <linux/iommu.h>

bool probe(struct device *dev);
bool probe(struct device *dev)
{
	return iommu_get_domain_for_dev(dev)->is_iommupt;
}
