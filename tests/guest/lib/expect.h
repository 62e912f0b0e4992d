/* SPDX-License-Identifier: GPL-2.0-only */
/* Where exporters and kernels differ, and why. */
#ifndef GUEST_EXPECT_H
#define GUEST_EXPECT_H

#include <stdbool.h>

/**
 * struct expect - what the exporter in use answers
 * @name: what the dma-buf says is its exporter
 * @names_device: followed by its device
 * @module: on which each buffer holds a reference
 * @no_path_attach: errno of an attach without a P2P path, 0 if it succeeds
 * @no_path_map: errno of the map after it, 0 if it is not reached
 * @several_translated: errno of mapping several ranges through an IOMMU
 * @io_bar: errno of the export of an I/O BAR
 * @checks_open_flags: takes no open_flags but access mode and O_CLOEXEC
 * @bounds_size: ranges that repeat have a bound in sum
 * @notifies_all_first: revoking many buffers takes as long as the slowest
 * @exports_meanwhile: an export does not wait for the importers that a revoke waits
 *	for
 * @quarantines: neither closing nor a task that is being killed waits for importers
 *	without a limit of time; a device that is closed stays busy instead
 * @outlives_file: a dma-buf that an O_PATH descriptor keeps without its file is handled
 * @waits_for_snapshot: a revoke does not wait for fences that are added after it
 *	has begun, nor for fences of a buffer without importers
 * @delegates: processes can map a buffer, and its owner can revoke it for good
 * @names_slow: says in the log who still holds a buffer
 * @says_no_path: says in the log why there is no path
 * @reads_acs: looks at ACS anew for each importer that attaches
 * @looks_ahead: revokes before the core's write to config space, by the data as
 *	they are then
 * @hears_of_resets: an administrator's reset revokes
 * @hears_of_errors: a fatal PCI error revokes, and so does a surprise removal
 * @hears_of_waking: the end of a low-power state from outside restores
 * @sleeps_in_d1: D1 and D2 revoke, as D3hot does
 * @revoked_asleep: what is exported in a low-power state is revoked
 * @merges_adjacent: ranges that follow each other become one entry
 * @checks_reach: refuses addresses that are reserved, or would count as encrypted
 * @physical: importers in the kernel can get the physical addresses
 * @keeps_apart: a reset waits for an opening or closing, and vice versa
 * @recovers: a device gets its configuration back after its link was reset, and
 *	counts as lost if it cannot
 * @shows_inside: has debugfs files and tracepoints about buffers and importers
 * @warns_of_mask: the core warns when it must map what the mask does not reach
 */
struct expect {
	const char *name;
	bool names_device;
	const char *module;
	int no_path_attach;
	int no_path_map;
	int several_translated;
	int io_bar;
	bool checks_open_flags;
	bool bounds_size;
	bool notifies_all_first;
	bool exports_meanwhile;
	bool quarantines;
	bool outlives_file;
	bool waits_for_snapshot;
	bool delegates;
	bool names_slow;
	bool says_no_path;
	bool reads_acs;
	bool looks_ahead;
	bool hears_of_resets;
	bool hears_of_errors;
	bool hears_of_waking;
	bool sleeps_in_d1;
	bool revoked_asleep;
	bool merges_adjacent;
	bool checks_reach;
	bool physical;
	bool keeps_apart;
	bool recovers;
	bool shows_inside;
	bool warns_of_mask;
};

/**
 * enum expect_pins - how an importer's own pins are answered
 * @PINS_ALLOWED: accepted; the importer has promised to obey a revoke
 * @PINS_BY_CORE: the core pins in each map, so an importer's own pin is recognized
 *	only when a pin follows without a map
 * @PINS_REFUSED: refused at once, because only importers pin
 */
enum expect_pins {
	PINS_ALLOWED,
	PINS_BY_CORE,
	PINS_REFUSED,
};

/**
 * struct expect_kernel - what the kernel in use does
 * @pins: how an importer's own pins are answered
 * @no_callback: the core lets an importer without a callback attach
 * @resets_bridges: bridges have reset_subordinate, which is new or backported
 * @core_exports: exporter=intree is available
 * @copies_tables: an importer gets a copy of the exporter's sg_table (DMABUF_DEBUG)
 */
struct expect_kernel {
	enum expect_pins pins;
	bool no_callback;
	bool resets_bridges;
	bool core_exports;
	bool copies_tables;
};

const struct expect *expect(void);

/* The expectation; prints a difference from our exporter, with the reason. */
#define expects(field) (expect_noting(#field)->field)

const struct expect *expect_noting(const char *field);
const struct expect_kernel *expect_kernel(void);

#endif /* GUEST_EXPECT_H */
