/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of an AMD IOMMU, as the hardware reads them. */
#ifndef GUEST_AMDVI_H
#define GUEST_AMDVI_H

#include <stdint.h>

#include "vtd.h"

#define IVRS	"/sys/firmware/acpi/tables/IVRS"

/*
 * The entries for the device with this requester id, of the IOMMU with registers at @base.
 * They have no bits but VTD_READ and VTD_WRITE.  Returns 0 or a negative errno.
 */
int amdvi_walk(struct vtd_walk *walk, uint64_t base, uint32_t id);

#endif /* GUEST_AMDVI_H */
