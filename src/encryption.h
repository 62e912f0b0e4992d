/* SPDX-License-Identifier: GPL-2.0-only */
/* What is encrypted. */
#ifndef DVP_ENCRYPTION_H
#define DVP_ENCRYPTION_H

#include <linux/cc_platform.h>
#include <linux/types.h>

struct device;

bool dvp_memory_encrypted(enum cc_attr attr);
bool dvp_is_private(struct device *dev);

#endif /* DVP_ENCRYPTION_H */
