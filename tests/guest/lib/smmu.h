/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of an Arm SMMUv3 (first stage), as the hardware reads them. */
#ifndef GUEST_SMMU_H
#define GUEST_SMMU_H

#include <stdint.h>

#include "vtd.h"

/*
 * As vtd_walk(), for the device whose stream (bus << 8 | devfn) that is. The bits are those
 * of vtd.h that mean the same: VTD_SNOOP is set where the type of memory is not Device.
 */
int smmu_walk(int importer, uint32_t stream, uint64_t start, uint64_t size,
	      struct vtd_pages *pages);

#endif /* GUEST_SMMU_H */
