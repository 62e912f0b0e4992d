// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flavour.h"
#include "module.h"
#include "util.h"

/* Only our modules say this of themselves; the kernel's vfio-pci does not. */
#define MARK "dmabuf_vfio_pci"

const struct flavour variant = {
	.name		= "variant",
	.driver		= "dmabuf-vfio-pci",
	.directory	= "/sys/module/dmabuf_vfio_pci",
	.mark		= "initstate",
};

const struct flavour dropin = {
	.name		= "drop-in",
	.driver		= "vfio-pci",
	.directory	= "/sys/module/vfio_pci",
	.mark		= "parameters/exporter",
};

static bool has_file(const char *directory, const char *name)
{
	char *path = text("%s/%s", directory, name);
	bool has = !access(path, F_OK);

	free(path);
	return has;
}

static bool is_loaded(const struct flavour *flavour)
{
	return has_file(flavour->directory, flavour->mark);
}

const struct flavour *flavour_loaded(void)
{
	if (is_loaded(&dropin))
		return &dropin;
	return is_loaded(&variant) ? &variant : NULL;
}

static bool is_installed(struct kmod_ctx *ctx, const struct flavour *flavour)
{
	struct kmod_module *kmod;
	char *path, *mark = NULL;

	if (kmod_module_new_from_name(ctx, flavour->driver, &kmod))
		return false;
	path = module_file(kmod);
	if (path && flavour == &dropin)
		mark = module_info(kmod, MARK);
	kmod_module_unref(kmod);
	free(mark);
	free(path);
	return path && (flavour == &variant || mark);
}

const struct flavour *flavour_installed(void)
{
	struct kmod_ctx *ctx = module_open_kmod();
	const struct flavour *found = NULL;

	if (is_installed(ctx, &dropin))
		found = &dropin;
	else if (is_installed(ctx, &variant))
		found = &variant;
	kmod_unref(ctx);
	return found;
}

const struct flavour *flavour(void)
{
	static const struct flavour *known;

	if (!known)
		known = flavour_loaded();
	if (!known)
		known = flavour_installed();
	if (!known)
		known = &variant;
	return known;
}

bool flavour_is_kept_out(void)
{
	return flavour() == &dropin && !is_loaded(&dropin) &&
	       has_file(dropin.directory, "initstate");
}

/* The variant's name stays ours when the drop-in has taken its place. */
bool flavour_has_name(const char *driver)
{
	return !strcmp(driver, DRIVER) || !strcmp(driver, variant.driver);
}
