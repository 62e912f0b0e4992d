/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver as a module of the running kernel. */
#ifndef TOOLS_MODULE_H
#define TOOLS_MODULE_H

#include <stdbool.h>

/**
 * struct module - what is known of it
 * @is_loaded: it is
 * @loaded_version: of the one that is loaded; "" if it does not say
 * @exporter: its parameter, "" unless it is loaded
 * @path: file for this kernel; NULL if there is none
 * @version: of that file
 * @vermagic: what kernel the file was built for
 * @signer: who has signed it; NULL if nobody has
 * @missing: symbols that it needs and the kernel has not, separated by blanks;
 *	NULL if there is none
 */
struct module {
	bool is_loaded;
	char loaded_version[64];
	char exporter[16];
	char *path;
	char *version;
	char *vermagic;
	char *signer;
	char *missing;
};

struct module *module_find(void);
void module_free(struct module *module);

/* What a module of the kernel's own was built for; NULL if none says it. */
char *module_kernels_vermagic(void);
/* Whether a module, of whoever, is loaded, or is a part of the kernel itself. */
bool module_is_running(const char *name);
/* Whether the kernel refuses modules that nobody has signed. */
bool module_must_be_signed(void);
/* 0 or a negative errno. */
int module_load(void);

#endif /* TOOLS_MODULE_H */
