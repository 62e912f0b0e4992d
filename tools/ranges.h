/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_RANGES_H
#define TOOLS_RANGES_H

#include <stdbool.h>
#include <stdint.h>

/* "0x1000", "64K", "2M" or "1G"; false if it is not a size. */
bool size_parse(const char *words, uint64_t *size);
/* "OFFSET:LENGTH" */
bool range_parse(const char *words, uint64_t *offset, uint64_t *length);

#endif /* TOOLS_RANGES_H */
