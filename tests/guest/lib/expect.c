// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "expect.h"
#include "importer.h"

static struct expect own = {
	.names_device = true,
	.no_path_attach = EINVAL,
	.checks_open_flags = true,
	.bounds_size = true,
	.io_bar = ENODEV,
	.notifies_all_first = true,
	.exports_meanwhile = true,
	.quarantines = true,
	.outlives_file = true,
	.waits_for_snapshot = true,
	.delegates = true,
	.names_slow = true,
	.says_no_path = true,
	.reads_acs = true,
	.looks_ahead = true,
	.hears_of_resets = true,
	.hears_of_errors = true,
	.hears_of_waking = true,
	.sleeps_in_d1 = true,
	.revoked_asleep = true,
	.merges_adjacent = true,
	.checks_reach = true,
	.physical = true,
	.keeps_apart = true,
	.recovers = true,
	.shows_inside = true,
	.warns_of_mask = false,
};

/* The export that vfio-pci-core itself has, as of Linux 7.3. */
static const struct expect intree = {
	.name = "vfio_pci_core",
	.module = "vfio_pci_core",
	.no_path_map = EINVAL,
	.several_translated = EADDRINUSE,
	.io_bar = EINVAL,
	.warns_of_mask = true,
};

/* The same behind our driver, which does a part of it whoever exports. */
static struct expect delegated;

#define DIFFERENCE(field, what, why) { #field, false, what, why }
#define DIFFERENCE_ALONE(field, what, why) { #field, true, what, why }

/* In what it differs from ours, and why. */
static const struct {
	const char *field;
	bool alone;
	const char *what;
	const char *why;
} differences[] = {
	DIFFERENCE(no_path_attach,
		   "without a path the attach succeeds and the map fails",
		   "it looks for the path when the importer maps"),
	DIFFERENCE(several_translated,
		   "several ranges cannot be mapped behind an IOMMU",
		   "it links every range at the start of the span of addresses"),
	DIFFERENCE(io_bar, "an I/O BAR is EINVAL, not ENODEV",
		   "the BAR is claimed, so it exists; only then is it no memory"),
	DIFFERENCE(checks_open_flags, "any open_flags are taken",
		   "it hands them on, and the file system uses what it knows of"),
	DIFFERENCE(bounds_size,
		   "ranges that repeat may have any size in sum",
		   "it only checks that the sum does not wrap"),
	DIFFERENCE(notifies_all_first,
		   "slow importers of several buffers add up",
		   "it tells one buffer's importers, waits, and goes on to the next"),
	DIFFERENCE(exports_meanwhile,
		   "an export waits for the importers that a revoke waits for",
		   "it takes the lock that the revoke holds to the end"),
	DIFFERENCE(quarantines,
		   "closing waits for importers without a limit of time, also when killed",
		   "it revokes as on any other event, and has no quarantine"),
	DIFFERENCE(outlives_file,
		   "a dma-buf that only O_PATH holds is not tested: the kernel may hang or crash",
		   "it takes a reference on the file of the dma-buf, which has been freed"),
	DIFFERENCE(waits_for_snapshot,
		   "fences that any holder of the dma-buf has added are waited for",
		   "it waits for all fences, with or without an importer"),
	DIFFERENCE(delegates,
		   "processes cannot map a dma-buf, and none can be revoked for good",
		   "it has no mmap(), and no such features"),
	DIFFERENCE(names_slow, "who does not let go is not named in the log",
		   "it waits without a limit of time"),
	DIFFERENCE(says_no_path, "the log does not say why there is no path",
		   "it asks the PCI core, which does not tell"),
	DIFFERENCE(reads_acs, "a change of ACS is not noticed",
		   "it remembers the way of each pair as long as a driver is bound"),
	DIFFERENCE(looks_ahead,
		   "a write to config space is read once, so none can fool it",
		   "it decides inside the core, on the copy that is written"),
	DIFFERENCE(hears_of_resets,
		   "an administrator's reset, and one of the PF, do not revoke",
		   "it revokes in the calls of its own users, and has no reset_prepare"),
	DIFFERENCE(hears_of_errors,
		   "neither a fatal error nor a surprise removal revokes",
		   "it tells the user, and leaves the rest to it"),
	DIFFERENCE(hears_of_waking,
		   "a device that was woken from outside stays revoked",
		   "it restores in the calls that end a low-power state on purpose"),
	DIFFERENCE(sleeps_in_d1, "D1 and D2 do not revoke",
		   "the core says that memory is enabled until D3hot"),
	DIFFERENCE(revoked_asleep,
		   "what is exported in a low-power state can be mapped",
		   "it looks at the memory bit and the power state, which is still D0"),
	DIFFERENCE(merges_adjacent,
		   "without an IOMMU adjacent ranges stay several entries",
		   "it has one mapping per range there"),
	DIFFERENCE(checks_reach,
		   "reserved regions and encrypted memory are not looked at",
		   "it trusts what the DMA API answers"),
	DIFFERENCE(physical, "there is no list of physical addresses for others",
		   "what it has for this is iommufd's only"),
	DIFFERENCE_ALONE(keeps_apart,
			 "an opening or closing and an administrator's reset overlap",
			 "it saves and restores the configuration without a lock"),
	DIFFERENCE_ALONE(recovers,
			 "a device whose link was reset has lost its configuration",
			 "it tells the user of the error, and has no slot_reset"),
	DIFFERENCE(shows_inside,
		   "debugfs has no buffers and no counters, and nothing is traced",
		   "it has neither, and our driver does not know what it does"),
	DIFFERENCE(names_device, "a dma-buf does not say of which device it is",
		   "its exporter is called by the name of the module"),
	DIFFERENCE(warns_of_mask,
		   "a mask that is too small brings a backtrace into the log",
		   "it asks the core to map, and finds out by failing"),
};

/* Once for each, among the results of the tests that find it so. */
const struct expect *expect_noting(const char *field)
{
	static bool noted[sizeof(differences) / sizeof(*differences)];
	const struct expect *here = expect();
	size_t i;

	if (here == &own)
		return here;
	for (i = 0; i < sizeof(noted) / sizeof(*noted); i++) {
		if (strcmp(differences[i].field, field) || noted[i] ||
		    (differences[i].alone && here == &delegated))
			continue;
		noted[i] = true;
		printf("# in-tree: %s, because %s\n", differences[i].what,
		       differences[i].why);
	}
	return here;
}

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
	const char *exporter = getenv("DVP_EXPORTER");

	if (!bench_is_ours())
		return &intree;
	own.name = bench_driver();
	own.module = bench_module();
	if (!exporter || strcmp(exporter, "intree"))
		return &own;
	delegated = intree;
	delegated.keeps_apart = true;
	delegated.recovers = true;
	return &delegated;
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

	kernel.core_exports = has.core_exports;
	kernel.copies_tables = has.copies_tables;
	kernel.no_callback = has.null_callback;
	kernel.resets_bridges =
		has_file("/sys/bus/pci/devices/*/reset_subordinate");
	if (has.revocable)
		kernel.pins = PINS_ALLOWED;
	else
		kernel.pins = has.pin_on_map ? PINS_BY_CORE : PINS_REFUSED;
	return &kernel;
}
