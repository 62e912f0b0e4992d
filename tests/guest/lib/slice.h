/* SPDX-License-Identifier: GPL-2.0-only */
/* A slice of a BAR as the process sees it that was given its dma-buf. */
#ifndef GUEST_SLICE_H
#define GUEST_SLICE_H

#include "bench.h"

/* The BAR of ivshmem that has memory, and how much of it most tests export. */
#define SLICE_BAR	VFIO_PCI_BAR2_REGION_INDEX
#define SLICE		(16 * PAGE)

/* A page table of the CPU maps that many pages. */
#define SLICE_TABLE	512ULL

/* Maps a part of it, to be read and written. */
uint8_t *slice_map(int buffer, size_t size, off_t offset);
/* The same from its start, where page tables of the process and of the BAR coincide. */
uint8_t *slice_map_aligned(int buffer, size_t size);
/* mmap() fails with @error. */
void slice_refused(int buffer, size_t size, int prot, int flags, off_t offset,
		   int error);
/* What the owner asks for: 0 or a negative errno. */
int slice_revoke(struct vfio *vfio, int buffer);
int slice_set_memattr(struct vfio *vfio, int buffer, uint32_t memattr);

#endif /* GUEST_SLICE_H */
