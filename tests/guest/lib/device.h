/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI devices through sysfs.  Functions return 0 or a negative errno. */
#ifndef GUEST_DEVICE_H
#define GUEST_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysfs.h"

/* The devices of the test machines. */
enum device_kind {
	IVSHMEM,
	EDU,
	NVME,
	E1000E,
	VGA,
	VIRTIO_GPU,
};

void device_ids(enum device_kind kind, unsigned int *vendor,
		unsigned int *device);
const char *device_find(enum device_kind kind, unsigned int nth);
const char *device_driver(const char *bdf);
int device_bind(const char *bdf, const char *driver);
int device_unbind(const char *bdf);
int device_group(const char *bdf);
bool device_translated(const char *bdf);
int device_read_attr(const char *bdf, const char *attr, char *text,
		     size_t size);
int device_write_attr(const char *bdf, const char *attr, const char *text);
bool device_parent(const char *bdf, char *parent);
int device_read_config(const char *bdf, int offset, void *data, size_t size);
int device_write_config(const char *bdf, int offset, const void *data,
			size_t size);
int read_file(const char *path, char *text, size_t size);

#endif /* GUEST_DEVICE_H */
