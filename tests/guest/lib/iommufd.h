/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices by nodes of their own, and address spaces of iommufd: the machine's headers
 * are older.  Functions return 0, or what they say, or a negative errno.
 */
#ifndef GUEST_IOMMUFD_H
#define GUEST_IOMMUFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vfio;

/* Devices are opened by their nodes in this guest, wherever a suite opens one. */
bool iommufd_is_used(void);

/*
 * Opens a device, whose container is then a /dev/iommu of its own, with an address
 * space of its own.  It has no group.
 */
int iommufd_open_device(struct vfio *vfio, const char *bdf, uint32_t *space);

/* Maps memory of the caller's, or a file from @start on, where @at says. */
int iommufd_map(const struct vfio *vfio, uint32_t space, void *memory,
		size_t length, uint64_t at);
int iommufd_map_file(const struct vfio *vfio, uint32_t space, int fd,
		     uint64_t start, uint64_t length, uint64_t at);
int iommufd_unmap(const struct vfio *vfio, uint32_t space, uint64_t at,
		  uint64_t length);

#endif /* GUEST_IOMMUFD_H */
