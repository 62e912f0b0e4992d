/* SPDX-License-Identifier: GPL-2.0-only */
/* A PCI function in sysfs, by its name. */
#ifndef TOOLS_DEVICE_H
#define TOOLS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysfs.h"

#define GROUPS		"/sys/kernel/iommu_groups"

#define WORD_SIZE	64

#define NR_BARS		6

/**
 * struct group - an IOMMU group: devices that the IOMMU cannot isolate
 * @number: number of the group
 * @members: names of its PCI functions
 * @count: number of @members
 */
struct group {
	int number;
	char (*members)[BDF_SIZE];
	size_t count;
};

/* "3:0.0" and "0000:03:00.0" are the same; a device that is not there is fatal. */
void device_name(const char *argument, char *bdf);

/* These return 0 or the number, or a negative errno. */
int device_attr(const char *bdf, const char *attr, char *line, size_t size);
int device_set(const char *bdf, const char *attr, const char *words);
int device_group(const char *bdf);

/* "" without a driver; valid until the next call. */
const char *device_driver(const char *bdf);
/* Whether our driver has it. */
bool device_is_ours(const char *bdf);
unsigned long device_number(const char *bdf, const char *attr);
bool device_is_bridge(const char *bdf);
/* Whether the name is that of a VFIO driver. */
bool device_is_vfio(const char *driver);
/* Whether its driver lets userspace have the other devices of the group. */
bool device_is_viable(const char *bdf);
/* Whether a path in sysfs is the device or below it. */
bool device_has(const char *bdf, const char *path);

/* The name of VF number @index; false if there is none. */
bool device_vf(const char *bdf, unsigned int index, char *vf);
/*
 * The PCI function that provides the device's PCI domain, as a VMD controller does;
 * false for a domain of the machine itself.
 */
bool device_domain_owner(const char *bdf, char *owner);
/* Its node for iommufd, /dev/vfio/devices/vfioN; false if it has none. */
bool device_node(const char *bdf, char *path, size_t size);
/* Call for its directory in sysfs and for each one below it. */
void device_walk(const char *bdf, void (*call)(const char *directory, void *data),
		 void *data);
/* Whether driver_override names our driver. */
bool device_is_claimed(const char *bdf);

struct group *group_load(int number);
void group_free(struct group *group);
/*
 * Devices of the group, but not @bdf, whose drivers keep it from userspace, as
 * "0000:03:00.1 (snd_hda_intel), ...", allocated; NULL if there is none.
 */
char *group_blockers(const struct group *group, const char *bdf);
/* "DMA", "identity"...: the type of the group's IOMMU domain; or "". */
void group_type(int number, char *type, size_t size);

#endif /* TOOLS_DEVICE_H */
