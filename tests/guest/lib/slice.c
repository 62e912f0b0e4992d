// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mman.h>

#include "slice.h"

uint8_t *slice_map(int buffer, size_t size, off_t offset)
{
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			       buffer, offset);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

uint8_t *slice_map_aligned(int buffer, size_t size)
{
	const uintptr_t align = SLICE_TABLE * PAGE;
	uint8_t *room = mmap(NULL, size + align, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *at = (uint8_t *)(((uintptr_t)room + align - 1) & -align);

	assert_ptr_not_equal(room, MAP_FAILED);
	assert_ptr_equal(mmap(at, size, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_FIXED, buffer, 0), at);
	return at;
}

void slice_refused(int buffer, size_t size, int prot, int flags, off_t offset,
		   int error)
{
	assert_ptr_equal(mmap(NULL, size, prot, flags, buffer, offset),
			 MAP_FAILED);
	assert_int_equal(errno, error);
}

int slice_revoke(struct vfio *vfio, int buffer)
{
	struct dmabuf_vfio_pci_feature_revoke revoke = { .dmabuf_fd = buffer };

	return vfio_feature(vfio, VFIO_DEVICE_FEATURE_SET |
				  DMABUF_VFIO_PCI_FEATURE_REVOKE,
			    &revoke, sizeof(revoke));
}

int slice_set_memattr(struct vfio *vfio, int buffer, uint32_t memattr)
{
	struct dmabuf_vfio_pci_feature_memattr set = {
		.dmabuf_fd = buffer, .memattr = memattr,
	};

	return vfio_feature(vfio, VFIO_DEVICE_FEATURE_SET |
				  DMABUF_VFIO_PCI_FEATURE_MEMATTR,
			    &set, sizeof(set));
}
