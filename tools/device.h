/* SPDX-License-Identifier: GPL-2.0-only */
/* A PCI function as sysfs has it, by its name. */
#ifndef TOOLS_DEVICE_H
#define TOOLS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysfs.h"

#define DRIVER		"dmabuf-vfio-pci"
#define GROUPS		"/sys/kernel/iommu_groups"

#define WORD_SIZE	64

#define NR_BARS		6

/**
 * struct group - the devices that an IOMMU cannot keep apart
 * @number: of the group
 * @members: names of its functions
 * @count: of @members
 */
struct group {
	int number;
	char (*members)[BDF_SIZE];
	size_t count;
};

/* "3:0.0" and "0000:03:00.0" are the same; it is an error if there is none. */
void device_name(const char *argument, char *bdf);

/* These return 0, or what they say, or a negative errno. */
int device_attr(const char *bdf, const char *attr, char *line, size_t size);
int device_set(const char *bdf, const char *attr, const char *words);
int device_group(const char *bdf);

/* "" without a driver; the result is valid until the next call. */
const char *device_driver(const char *bdf);
unsigned long device_number(const char *bdf, const char *attr);
bool device_is_bridge(const char *bdf);
/* Binding it to VFIO leaves the rest of the group alone. */
bool device_is_vfio(const char *driver);
/* Its driver does not keep the group from userspace. */
bool device_is_viable(const char *bdf);
/* Whether a path of sysfs is that of the device, or below it. */
bool device_has(const char *bdf, const char *path);

struct group *group_load(int number);
/* "DMA", "identity"...: what the group's addresses are to the IOMMU; or "". */
void group_type(int number, char *type, size_t size);

#endif /* TOOLS_DEVICE_H */
