/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels in the allocators. */
#ifndef COMPAT_SLAB_H
#define COMPAT_SLAB_H

#include <linux/overflow.h>
#include <linux/slab.h>

/* 7.0 allocates by type; the flags became optional and are not used here. */
#ifndef kzalloc_obj
#define kzalloc_obj(obj) kzalloc(sizeof(obj), GFP_KERNEL)
#endif
#ifndef kvzalloc_flex
#define kvzalloc_flex(obj, member, count, gfp) \
	kvzalloc(struct_size((typeof(obj) *)NULL, member, count), gfp)
#endif

#endif /* COMPAT_SLAB_H */
