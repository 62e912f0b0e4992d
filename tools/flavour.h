/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver under its own name, beside vfio-pci, or under that name and in its place. */
#ifndef TOOLS_FLAVOUR_H
#define TOOLS_FLAVOUR_H

#include <stdbool.h>

/**
 * struct flavour - one of the two
 * @name: what people call it
 * @driver: name of the PCI driver and of the module's file
 * @directory: of the loaded module in sysfs
 * @mark: file in @directory that no other module of the name has
 */
struct flavour {
	const char *name;
	const char *driver;
	const char *directory;
	const char *mark;
};

extern const struct flavour variant, dropin;

/* The one that is loaded; NULL if none is. */
const struct flavour *flavour_loaded(void);
/* The one that modprobe finds for this kernel, the drop-in first; NULL if none. */
const struct flavour *flavour_installed(void);
/* The one to bind devices to: loaded, or else installed, or else the variant. */
const struct flavour *flavour(void);
/* Whether the kernel's own vfio-pci is loaded, which keeps the drop-in from it. */
bool flavour_is_kept_out(void);
/* Whether a driver_override, saved or not, is meant for us. */
bool flavour_has_name(const char *driver);

#define DRIVER (flavour()->driver)

#endif /* TOOLS_FLAVOUR_H */
