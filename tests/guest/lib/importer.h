/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file of the test importer.  Functions return 0, or what they say, or a
 * negative errno.
 */
#ifndef GUEST_IMPORTER_H
#define GUEST_IMPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../importer/dvp_importer.h"

/**
 * enum importer_way - what the importer's device may do with the memory
 * @IMPORTER_BOTH: read and write it
 * @IMPORTER_READS: only read it
 * @IMPORTER_WRITES: only write it
 */
enum importer_way {
	IMPORTER_BOTH = 0,
	IMPORTER_READS = 1,
	IMPORTER_WRITES = 2,
};

/* A name of device_find(), or "platform"; returns a file descriptor. */
int importer_open(const char *device);
int importer_info(int importer, struct dvp_importer_info *info);
int importer_attach(int importer, int dmabuf);
int importer_attach_as(int importer, int dmabuf, enum dvp_importer_kind kind,
		       unsigned int hold_ms);
int importer_detach(int importer);
int importer_hide(int importer, bool hide);
int importer_map(int importer);
int importer_map_for(int importer, enum importer_way way);
int importer_map_own(int importer, unsigned int version);
int importer_unmap(int importer);
int importer_pin(int importer);
int importer_unpin(int importer);
int importer_report(int importer, struct dvp_importer_report *report,
		    struct dvp_importer_entry *entries, unsigned int capacity);
int importer_walk(int importer, struct dvp_importer_walk *walk);
int importer_write(int importer, uint64_t offset, const void *data,
		   size_t length);
int importer_read(int importer, uint64_t offset, void *data, size_t length);
int importer_unmap_late(int importer, uint64_t offset, const void *data,
			size_t length);
int importer_work(int importer, unsigned int ms);
int importer_set_dma_mask(int importer, unsigned int bits);
int importer_disguise(int importer, const char *bdf, unsigned int vendor,
		      unsigned int device);
int importer_place_acs(int importer, const char *bdf, unsigned int position);
int importer_pretend(int importer, const char *bdf, bool d1d2, unsigned int af);
int importer_routes(int importer, const char *provider,
		    struct dvp_importer_routes *routes);
int importer_move_window(int importer, const char *bdf, uint64_t offset);
int importer_watch(int importer, const char *bdf, unsigned int bar,
		   uint64_t offset);
int importer_seen(int importer, struct dvp_importer_sight *sights);
int importer_peek(int importer, uint64_t address, void *data, size_t length);
int importer_reserve(int importer, uint64_t start, uint64_t length,
		     unsigned int type);
int importer_probe(int importer, const struct dvp_importer_probe *probe);
int importer_look(int importer, struct dvp_importer_probed *seen);
int importer_release(int importer);
int importer_measure(int importer, struct dvp_importer_measure *measure);
int importer_probed(int importer, struct dvp_importer_probed *seen);

/* Single values of a report. */
bool importer_is_mapped(int importer);
unsigned int importer_notifications(int importer);

#endif /* GUEST_IMPORTER_H */
