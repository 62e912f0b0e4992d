/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that may be taken away while the CPU reads it. */
#ifndef GUEST_TOUCH_H
#define GUEST_TOUCH_H

#include <stdint.h>

/* Reads a byte: it, or -SIGBUS.  For any thread. */
int touch(const uint8_t *at);

#endif /* GUEST_TOUCH_H */
