// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that imports calls dma-buf's functions for importers, or helpers of RDMA, of
 * DRM or of videobuf2 that do.  Which ones it calls is in the symbol table of its
 * module, and tells how it imports.
 */
#include <dirent.h>
#include <fnmatch.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "imports.h"
#include "module.h"
#include "util.h"

static const struct {
	const char *pattern;
	enum imports imports;
} callers[] = {
	{ "ib_umem_dmabuf_get_pinned_revocable*", IMPORTS_REVOCABLE },
	{ "dma_buf_attach_revocable", IMPORTS_REVOCABLE },
	{ "ib_umem_dmabuf_get_pinned*", IMPORTS_PINNED },
	{ "ib_umem_dmabuf_get*", IMPORTS_DYNAMIC },
	{ "dma_buf_dynamic_attach", IMPORTS_DYNAMIC },
	{ "dma_buf_attach", IMPORTS_STATIC },
	/* DRM's own import, which drivers get with these. */
	{ "drm_gem_prime_import*", IMPORTS_STATIC },
	{ "drm_gem_prime_fd_to_handle", IMPORTS_STATIC },
	{ "drm_gem_*_prime_import_sg_table*", IMPORTS_STATIC },
	{ "drm_prime_sg_to_*", IMPORTS_STATIC },
	/* videobuf2's, of capture cards. */
	{ "vb2_dma_contig_memops", IMPORTS_STATIC },
	{ "vb2_dma_sg_memops", IMPORTS_STATIC },
};

enum imports imports_by(const char *symbol)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(callers); i++)
		if (!fnmatch(callers[i].pattern, symbol, 0))
			return callers[i].imports;
	return IMPORTS_NOTHING;
}

static enum imports read_symbols(struct kmod_module *kmod)
{
	struct kmod_list *list = NULL, *entry;
	enum imports imports = IMPORTS_NOTHING, found;

	if (!kmod_module_get_path(kmod) ||
	    kmod_module_get_dependency_symbols(kmod, &list) < 0)
		return IMPORTS_UNKNOWN;
	kmod_list_foreach(entry, list) {
		found = imports_by(kmod_module_dependency_symbol_get_symbol(entry));
		if (found > imports)
			imports = found;
	}
	kmod_module_dependency_symbols_free_list(list);
	return imports;
}

static enum imports imports_of_module(const char *name)
{
	struct kmod_ctx *ctx = module_open_kmod();
	enum imports imports = IMPORTS_UNKNOWN;
	struct kmod_module *kmod;

	if (!kmod_module_new_from_name(ctx, name, &kmod)) {
		imports = read_symbols(kmod);
		kmod_module_unref(kmod);
	}
	kmod_unref(ctx);
	return imports;
}

static bool has_name(const char *list, const char *name)
{
	size_t length = strlen(name);
	const char *at = list;

	while (at && (at = strstr(at, name))) {
		if ((at == list || at[-1] == ' ') &&
		    (at[length] == ',' || !at[length]))
			return true;
		at += length;
	}
	return false;
}

/* A better one takes the place of those that were found so far. */
static void add_module(struct importer *importer, const char *name)
{
	enum imports imports;

	if (has_name(importer->drivers, name))
		return;
	imports = imports_of_module(name);
	if (imports > importer->imports) {
		free(importer->drivers);
		importer->drivers = NULL;
		importer->imports = imports;
	}
	if (imports == importer->imports)
		append(&importer->drivers, "%s%s", importer->drivers ? ", " : "",
		       name);
}

/* Disks behind a VMD controller are functions of their own. */
static bool is_other_function(const char *directory)
{
	return !fnmatch(DEVICES "/*/*:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f].[0-9a-f]*",
			directory, 0);
}

/* The module is not always called as its driver. */
static void add_driver(const char *directory, void *importer)
{
	char name[WORD_SIZE], *path;

	if (is_other_function(directory))
		return;
	path = text("%s/driver/module", directory);
	if (read_link_name(path, name, sizeof(name))) {
		free(path);
		path = text("%s/driver", directory);
		if (read_link_name(path, name, sizeof(name)))
			*name = '\0';
	}
	if (*name)
		add_module(importer, name);
	free(path);
}

/* RDMA drivers can hang on the card's driver without a device of their own. */
static void add_rdma(struct importer *importer, const char *bdf)
{
	char *path = text(DEVICES "/%s/infiniband", bdf);
	bool is_rdma = !access(path, F_OK);
	struct dirent *entry;
	DIR *dir = NULL;

	free(path);
	if (is_rdma) {
		path = text(DEVICES "/%s/driver/module/holders", bdf);
		dir = opendir(path);
		free(path);
	}
	while (dir && (entry = readdir(dir)))
		if (is_name(entry))
			add_module(importer, entry->d_name);
	if (dir)
		closedir(dir);
}

void importer_find(struct importer *importer, const char *bdf)
{
	*importer = (struct importer) {};
	device_walk(bdf, add_driver, importer);
	if (importer->imports < IMPORTS_REVOCABLE)
		add_rdma(importer, bdf);
}

void importer_free(struct importer *importer)
{
	free(importer->drivers);
}
