/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites share that register buffers with the test RDMA card. */
#ifndef GUEST_REGION_H
#define GUEST_REGION_H

#include "bench.h"
#include "card.h"

/* On the machine `rdmapt`, the exporter and the card below the same switch. */
#define REGION_SWITCHED	2

/* The exporter and the card of the test; a region's table, as last read. */
extern const char *region_memory, *region_engine;
extern struct card region_card;
extern struct card_table region_table;

/* Load the card's modules for all tests of a group, and unload them. */
int region_load(void **state);
int region_unload(void **state);
/* For each test; the teardown deregisters what is left. */
int region_setup(void **state);
int region_teardown(void **state);

void region_open_card(void);
/* Registers a part of a buffer. */
struct ibv_mr *region_register(int buffer, uint64_t offset, uint64_t length,
			       uint64_t iova);
/* The card cannot register the buffer. */
void region_refused(int buffer, int error);
/* Deregisters the last one that was registered. */
void region_deregister(void);

/*
 * Opens the exporter and maps BAR 2; registers a region that begins and ends within an
 * entry, which the core has to cut. @bar is where it begins.
 */
struct ibv_mr *region_open(struct vfio **vfio, uint8_t **bar);

/* CARD_CHUNK bytes have this value. */
bool region_is_filled(const uint8_t *bytes, uint8_t byte);
/* The card writes to @iova of the region, and it appears at @there. */
void region_lands(const struct ibv_mr *region, uint64_t iova,
		  const uint8_t *there);
/* The card has a table of the region, and has lost it @revokes times. */
void region_mapped(const struct ibv_mr *region, unsigned int revokes);
/* The card has no table of the region, and a write fails with @error. */
void region_taken(const struct ibv_mr *region, unsigned int revokes, int error);

#endif /* GUEST_REGION_H */
