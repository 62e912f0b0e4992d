// SPDX-License-Identifier: GPL-2.0-only
/* Importers that userspace can ask: DRM devices, by their render nodes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "imports.h"
#include "selftest.h"

#define NODES		"/dev/dri"

#define MAX_IMPORTERS	16

/* Of <drm/drm.h>, which not every system has. */
struct drm_prime_handle {
	__u32 handle;
	__u32 flags;
	__s32 fd;
};

#define DRM_IOCTL_PRIME_FD_TO_HANDLE _IOWR('d', 0x2e, struct drm_prime_handle)

/* Closing its node takes all from a DRM device that it has imported there. */
static int nodes[MAX_IMPORTERS];
static unsigned int nr_nodes;

static void tell(struct trial *trial, const char *bdf)
{
	char *map = trial_importer(trial, bdf);

	if (map || !trial->lists)
		fact_add(trial->facts, OK, trial->bdf, "import.works",
			 text("%s imports it%s%s", bdf, map ? ", by the path " : "",
			      map ? map : ""), NULL);
	else
		fact_add(trial->facts, NOT_OK, trial->bdf, "import.unlisted",
			 text("%s has imported it, and debugfs does not list that", bdf),
			 NULL);
	free(map);
}

static bool let_import(struct trial *trial, const char *bdf, const char *path)
{
	struct drm_prime_handle prime = { .fd = trial->buffers[0] };
	int node = open(path, O_RDWR | O_CLOEXEC);

	if (node < 0 || ioctl(node, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime)) {
		fact_add(trial->facts, WARNING, trial->bdf, "import.refused",
			 text("%s cannot import it: %s", bdf, strerror(errno)),
			 text(NAME " check %s %s", trial->bdf, bdf));
		if (node >= 0)
			close(node);
		return false;
	}
	nodes[nr_nodes++] = node;
	tell(trial, bdf);
	return true;
}

/* Whether its driver obeys a revoke; others are refused, which is no fault. */
static bool can_import(const char *bdf)
{
	struct importer importer;
	bool can;

	importer_find(&importer, bdf);
	can = importer.imports == IMPORTS_DYNAMIC ||
	      importer.imports == IMPORTS_REVOCABLE;
	importer_free(&importer);
	return can;
}

/* The PCI function that the node is of, or that its device is below, as with virtio. */
static bool find_function(const char *name, char *bdf)
{
	char *link = text("/sys/class/drm/%s/device", name), *slash, *device;
	char *path = realpath(link, NULL);
	bool found = false;

	while (path && !found && (slash = strrchr(path, '/')) && slash[1]) {
		device = text(DEVICES "/%s", slash + 1);
		found = !access(device, F_OK);
		if (found)
			snprintf(bdf, BDF_SIZE, "%.15s", slash + 1);
		free(device);
		*slash = '\0';
	}
	free(path);
	free(link);
	return found;
}

static bool try_node(struct trial *trial, const char *name)
{
	char bdf[BDF_SIZE], *path = text(NODES "/%s", name);
	bool has = false;

	if (nr_nodes < MAX_IMPORTERS && find_function(name, bdf) && can_import(bdf))
		has = let_import(trial, bdf, path);
	free(path);
	return has;
}

unsigned int trial_import(struct trial *trial)
{
	unsigned int count = 0;
	struct dirent *entry;
	DIR *dir = opendir(NODES);

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "renderD", strlen("renderD")))
			count += try_node(trial, entry->d_name);
	if (dir)
		closedir(dir);
	return count;
}

void trial_drop(void)
{
	while (nr_nodes)
		close(nodes[--nr_nodes]);
}
