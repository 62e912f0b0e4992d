// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stddef.h>

#include "modules.h"

/* A failure is returned, and may be what a test expects. */
static void say_nothing(void *data, int priority, const char *file, int line,
			const char *function, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line;
	(void)function, (void)format, (void)args;
}

static int with_module(const char *name, const char *options,
		       int (*act)(struct kmod_module *module,
				  const char *options))
{
	struct kmod_module *module;
	struct kmod_ctx *ctx;
	int ret;

	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	kmod_set_log_fn(ctx, say_nothing, NULL);
	ret = kmod_module_new_from_name(ctx, name, &module);
	if (!ret) {
		ret = act(module, options);
		kmod_module_unref(module);
	}
	kmod_unref(ctx);
	return ret;
}

static int insert(struct kmod_module *module, const char *options)
{
	return kmod_module_probe_insert_module(module, 0, options, NULL, NULL,
					       NULL);
}

static int remove_it(struct kmod_module *module, const char *options)
{
	(void)options;
	return kmod_module_remove_module(module, 0);
}

static int state(struct kmod_module *module, const char *options)
{
	(void)options;
	return kmod_module_get_initstate(module);
}

static int references(struct kmod_module *module, const char *options)
{
	(void)options;
	return kmod_module_get_refcnt(module);
}

int module_load(const char *name, const char *options)
{
	return with_module(name, options, insert);
}

int module_unload(const char *name)
{
	return with_module(name, NULL, remove_it);
}

bool module_is_loaded(const char *name)
{
	return with_module(name, NULL, state) >= 0;
}

int module_references(const char *name)
{
	return with_module(name, NULL, references);
}
