/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The symbols of the running kernel and of its modules.  Those that exist need not be
 * exported, but those that do not cannot be.
 */
#ifndef TOOLS_SYMBOLS_H
#define TOOLS_SYMBOLS_H

#include <stdbool.h>

/* Whether the kernel lists them. */
bool symbols_are_known(void);
bool symbols_have(const char *symbol);

#endif /* TOOLS_SYMBOLS_H */
