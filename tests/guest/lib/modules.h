/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules by name, with what they depend on. */
#ifndef GUEST_MODULES_H
#define GUEST_MODULES_H

#include <stdbool.h>

/* Both return 0 or a negative errno. */
int module_load(const char *name, const char *options);
int module_unload(const char *name);
bool module_is_loaded(const char *name);
/* How many references are held on it, or a negative errno. */
int module_references(const char *name);

#endif /* GUEST_MODULES_H */
