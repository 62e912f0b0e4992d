/* SPDX-License-Identifier: GPL-2.0-only */
/* How a device's drivers import dma-bufs, by the functions that they call. */
#ifndef TOOLS_IMPORTS_H
#define TOOLS_IMPORTS_H

/**
 * enum imports - how a driver imports dma-bufs, worst first
 * @IMPORTS_NOTHING: no driver imports
 * @IMPORTS_STATIC: only mappings that cannot be revoked
 * @IMPORTS_PINNED: it pins buffers, and cannot be revoked
 * @IMPORTS_UNKNOWN: a driver could not be read
 * @IMPORTS_REVOCABLE: it pins buffers, and unmaps on a revoke (7.1)
 * @IMPORTS_DYNAMIC: it unmaps when notified
 */
enum imports {
	IMPORTS_NOTHING,
	IMPORTS_STATIC,
	IMPORTS_PINNED,
	IMPORTS_UNKNOWN,
	IMPORTS_REVOCABLE,
	IMPORTS_DYNAMIC,
};

/**
 * struct importer - the drivers of a device and of those below it
 * @imports: the best of them
 * @drivers: modules that were looked at, or those that import as @imports says,
 *	separated by commas; NULL if there are none
 */
struct importer {
	enum imports imports;
	char *drivers;
};

void importer_find(struct importer *importer, const char *bdf);
void importer_free(struct importer *importer);

/* What calling a function of the kernel tells of a module. */
enum imports imports_by(const char *symbol);

#endif /* TOOLS_IMPORTS_H */
