/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver as a module of the running kernel, and other modules. */
#ifndef TOOLS_MODULE_H
#define TOOLS_MODULE_H

#include <libkmod.h>
#include <stdbool.h>

struct flavour;

/**
 * struct module - the driver's module
 * @loaded: the flavour that is loaded; NULL if none is
 * @installed: the flavour whose file it is; NULL if there is none
 * @loaded_version: version of the loaded one; "" if unknown
 * @exporter: its parameter; "" unless it is loaded
 * @path: its file for this kernel; NULL if there is none
 * @version: version of that file
 * @vermagic: the kernel that the file was built for
 * @signer: who has signed it; NULL if nobody has
 * @missing: symbols that it needs and the kernel lacks, separated by blanks; NULL
 *	if it lacks none
 */
struct module {
	const struct flavour *loaded;
	const struct flavour *installed;
	char loaded_version[64];
	char exporter[16];
	char *path;
	char *version;
	char *vermagic;
	char *signer;
	char *missing;
};

/* A silent context of libkmod. */
struct kmod_ctx *module_open_kmod(void);

/* The file of a module, and what it says of itself: allocated; NULL if it is not there. */
char *module_file(struct kmod_module *kmod);
char *module_info(struct kmod_module *kmod, const char *key);

struct module *module_find(void);
void module_free(struct module *module);

/* Whether it is loaded with pinned_importers=hold. */
bool module_holds_pinned(void);
/* The same with exporter=intree. */
bool module_is_intree(void);
/* The vermagic of the kernel's own vfio-pci-core; NULL if it cannot be read. */
char *module_kernels_vermagic(void);
/* Whether a module is loaded or built in. */
bool module_is_running(const char *name);
/* Whether the kernel refuses unsigned modules. */
bool module_must_be_signed(void);
/* 0 or a negative errno. */
int module_load(void);
int module_unload(void);

#endif /* TOOLS_MODULE_H */
