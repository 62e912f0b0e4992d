/* SPDX-License-Identifier: MIT */
/* From the name of a PCI device to a dma-buf of its memory. */
#ifndef EXAMPLES_RANGE_H
#define EXAMPLES_RANGE_H

/**
 * struct device - an open VFIO device
 * @fd: file descriptor of the device
 * @container: VFIO container, -1 with iommufd
 * @group: IOMMU group, -1 with iommufd
 * @iommufd: file descriptor of /dev/iommu, -1 without
 */
struct device {
	int fd;
	int container;
	int group;
	int iommufd;
};

/*
 * Open a PCI device that is bound to a VFIO driver: by its own node and iommufd where the
 * kernel has them, by its IOMMU group elsewhere.  Returns 0, or -1 with errno; then *step
 * says which step failed.
 */
int open_device(struct device *device, const char *bdf, const char **step);

/* A dma-buf is dead once its device is closed. */
void close_device(struct device *device);

/*
 * Export a part of a BAR: returns the file descriptor of the dma-buf, or -1 with errno.
 */
int export_range(int device, unsigned int bar, unsigned long long offset,
		 unsigned long long length);

#endif /* EXAMPLES_RANGE_H */
