/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocator differences between kernels. */
#ifndef COMPAT_SLAB_H
#define COMPAT_SLAB_H

#include <linux/slab.h>

/* 7.0: kzalloc_obj() takes an object; its flags default to GFP_KERNEL. */
#ifndef kzalloc_obj
#define COMPAT_SECOND(first, second, ...) ((void)sizeof(first), second)
#define kzalloc_obj(obj, ...) \
	kzalloc(sizeof(obj), \
		COMPAT_SECOND(obj, ##__VA_ARGS__, GFP_KERNEL, 0))
#endif

#endif /* COMPAT_SLAB_H */
