// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"
#include "importer.h"

static const struct expect own = {
	.name = "dmabuf-vfio-pci",
	.module = "dmabuf_vfio_pci",
	.no_path_attach = EINVAL,
	.checks_open_flags = true,
	.io_bar = ENODEV,
	.notifies_all_first = true,
	.names_slow = true,
	.says_no_path = true,
	.reads_acs = true,
	.looks_ahead = true,
	.hears_of_resets = true,
	.hears_of_errors = true,
	.hears_of_waking = true,
	.sleeps_in_d1 = true,
	.merges_adjacent = true,
	.warns_of_mask = false,
};

/* The export that vfio-pci-core itself has, as of Linux 7.3. */
static const struct expect intree = {
	.name = "vfio_pci_core",
	.module = "vfio_pci_core",
	/* It looks for the path when the importer maps. */
	.no_path_map = EINVAL,
	/* It links every range at the start of the span of addresses. */
	.several_translated = EADDRINUSE,
	/* It hands them on, and the file system uses what it knows of. */
	.checks_open_flags = false,
	/* The BAR is claimed, so it exists; only then is it no memory. */
	.io_bar = EINVAL,
	/* It tells one buffer's importers, waits, and goes on to the next. */
	.notifies_all_first = false,
	.names_slow = false,
	.says_no_path = false,
	/* It remembers the way of each pair as long as a driver is bound. */
	.reads_acs = false,
	/* It decides inside the core, on the copy that is written. */
	.looks_ahead = false,
	/* It revokes in the calls of its own users, and has no reset_prepare. */
	.hears_of_resets = false,
	/* It tells the user, and leaves the rest to it. */
	.hears_of_errors = false,
	/* Its restores are in the calls that end a low-power state on purpose. */
	.hears_of_waking = false,
	/* The core says that memory is enabled until D3hot. */
	.sleeps_in_d1 = false,
	/* It has one mapping per range where there is no IOMMU. */
	.merges_adjacent = false,
	/* It asks the core to map, and finds out by failing. */
	.warns_of_mask = true,
};

static struct dvp_importer_info info(void)
{
	struct dvp_importer_info info = { 0 };
	int importer = importer_open("platform");

	if (importer < 0 || importer_info(importer, &info)) {
		fprintf(stderr, "the test importer cannot be asked\n");
		exit(1);
	}
	close(importer);
	return info;
}

const struct expect *expect(void)
{
	const char *driver = getenv("DVP_DRIVER");
	const char *exporter = getenv("DVP_EXPORTER");

	if (driver && !strcmp(driver, "vfio-pci"))
		return &intree;
	if (exporter && !strcmp(exporter, "own"))
		return &own;
	if (exporter && !strcmp(exporter, "intree"))
		return &intree;
	return expect_kernel()->intree ? &intree : &own;
}

static bool has_file(const char *pattern)
{
	glob_t found;
	bool has = !glob(pattern, 0, NULL, &found);

	globfree(&found);
	return has;
}

const struct expect_kernel *expect_kernel(void)
{
	static struct expect_kernel kernel;
	struct dvp_importer_info has = info();

	kernel.intree = has.revocable;
	kernel.no_callback = has.null_callback;
	kernel.resets_bridges =
		has_file("/sys/bus/pci/devices/*/reset_subordinate");
	if (has.revocable)
		kernel.pins = PINS_ALLOWED;
	else
		kernel.pins = has.pin_on_map ? PINS_BY_CORE : PINS_REFUSED;
	return &kernel;
}
