// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flavour.h"
#include "module.h"
#include "symbols.h"
#include "sysfs.h"
#include "util.h"

/* Errors are returned. */
static void say_nothing(void *data, int priority, const char *file, int line,
			const char *function, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line;
	(void)function, (void)format, (void)args;
}

struct kmod_ctx *module_open_kmod(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (!ctx)
		fail("libkmod does not work");
	kmod_set_log_fn(ctx, say_nothing, NULL);
	return ctx;
}

char *module_info(struct kmod_module *kmod, const char *key)
{
	struct kmod_list *list = NULL, *entry;
	char *value = NULL;

	if (kmod_module_get_info(kmod, &list) < 0)
		return NULL;
	kmod_list_foreach(entry, list)
		if (!value && !strcmp(kmod_module_info_get_key(entry), key))
			value = text("%s", kmod_module_info_get_value(entry));
	kmod_module_info_free_list(list);
	return value;
}

static char *missing_of(struct kmod_module *kmod)
{
	struct kmod_list *list = NULL, *entry;
	char *missing = NULL;

	if (!symbols_are_known() ||
	    kmod_module_get_dependency_symbols(kmod, &list) < 0)
		return NULL;
	kmod_list_foreach(entry, list) {
		const char *symbol =
			kmod_module_dependency_symbol_get_symbol(entry);

		if (!symbols_have(symbol))
			append(&missing, "%s%s", missing ? " " : "", symbol);
	}
	kmod_module_dependency_symbols_free_list(list);
	return missing;
}

char *module_file(struct kmod_module *kmod)
{
	const char *path = kmod_module_get_path(kmod);

	/* modules.dep may be out of date. */
	return path && !access(path, R_OK) ? text("%s", path) : NULL;
}

static void read_file(struct module *module, struct kmod_module *kmod)
{
	module->path = module_file(kmod);
	if (!module->path)
		return;
	module->version = module_info(kmod, "version");
	module->vermagic = module_info(kmod, "vermagic");
	module->signer = module_info(kmod, "signer");
	module->missing = missing_of(kmod);
}

static void read_loaded_file(const struct flavour *loaded, const char *name,
			     char *line, size_t size)
{
	char *path = text("%s/%s", loaded->directory, name);

	read_line(path, line, size);
	free(path);
}

static void read_loaded(struct module *module)
{
	if (!module->loaded)
		return;
	read_loaded_file(module->loaded, "version", module->loaded_version,
			 sizeof(module->loaded_version));
	read_loaded_file(module->loaded, "parameters/exporter", module->exporter,
			 sizeof(module->exporter));
}

/* Whether it is loaded with that value of a parameter. */
static bool parameter_is(const char *name, const char *wanted)
{
	const struct flavour *loaded = flavour_loaded();
	char value[16] = "";

	if (loaded)
		read_loaded_file(loaded, name, value, sizeof(value));
	return !strcmp(value, wanted);
}

bool module_holds_pinned(void)
{
	return parameter_is("parameters/pinned_importers", "hold");
}

bool module_is_intree(void)
{
	return parameter_is("parameters/exporter", "intree");
}

struct module *module_find(void)
{
	struct module *module = allocate(1, sizeof(*module));
	struct kmod_ctx *ctx = module_open_kmod();
	struct kmod_module *kmod;

	module->loaded = flavour_loaded();
	module->installed = flavour_installed();
	read_loaded(module);
	if (module->installed &&
	    !kmod_module_new_from_name(ctx, module->installed->driver, &kmod)) {
		read_file(module, kmod);
		kmod_module_unref(kmod);
	}
	kmod_unref(ctx);
	return module;
}

void module_free(struct module *module)
{
	free(module->path);
	free(module->version);
	free(module->vermagic);
	free(module->signer);
	free(module->missing);
	free(module);
}

char *module_kernels_vermagic(void)
{
	struct kmod_ctx *ctx = module_open_kmod();
	struct kmod_module *kmod;
	char *vermagic = NULL;

	if (!kmod_module_new_from_name(ctx, "vfio_pci_core", &kmod)) {
		if (kmod_module_get_path(kmod))
			vermagic = module_info(kmod, "vermagic");
		kmod_module_unref(kmod);
	}
	kmod_unref(ctx);
	return vermagic;
}

bool module_is_running(const char *name)
{
	struct kmod_ctx *ctx = module_open_kmod();
	struct kmod_module *kmod;
	int state = -ENOENT;

	if (!kmod_module_new_from_name(ctx, name, &kmod)) {
		state = kmod_module_get_initstate(kmod);
		kmod_module_unref(kmod);
	}
	kmod_unref(ctx);
	return state == KMOD_MODULE_BUILTIN || state == KMOD_MODULE_LIVE;
}

/* The level of lockdown is in brackets: "none [integrity] confidentiality". */
bool module_must_be_signed(void)
{
	char line[64];

	if (!read_line("/sys/module/module/parameters/sig_enforce", line,
		       sizeof(line)) && *line == 'Y')
		return true;
	return !read_line("/sys/kernel/security/lockdown", line,
			  sizeof(line)) && !strstr(line, "[none]");
}

/* Call for the module that DRIVER names: 0 or a negative errno. */
static int with_module(int (*call)(struct kmod_module *kmod))
{
	struct kmod_ctx *ctx = module_open_kmod();
	struct kmod_module *kmod;
	int ret;

	ret = kmod_module_new_from_name(ctx, DRIVER, &kmod);
	if (!ret) {
		ret = call(kmod);
		kmod_module_unref(kmod);
	}
	kmod_unref(ctx);
	/* Positive values are answers to flags, and none are passed. */
	return ret > 0 ? -EIO : ret;
}

static int load(struct kmod_module *kmod)
{
	return kmod_module_probe_insert_module(kmod, 0, NULL, NULL, NULL, NULL);
}

static int unload(struct kmod_module *kmod)
{
	return kmod_module_remove_module(kmod, 0);
}

int module_load(void)
{
	return with_module(load);
}

int module_unload(void)
{
	return with_module(unload);
}
