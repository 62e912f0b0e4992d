/* SPDX-License-Identifier: GPL-2.0-only */
/* The test RDMA card (tests/rdma) by rdma-core, and its page tables by debugfs. */
#ifndef GUEST_CARD_H
#define GUEST_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include <infiniband/verbs.h>

/* Load and unload the kernel modules: 0 or a negative errno. */
int card_load(void);
int card_unload(void);

/* Sets how regions are registered from now on. */
enum card_kind { CARD_DYNAMIC, CARD_PINNED, CARD_REVOCABLE };
int card_register_as(enum card_kind kind);

/**
 * struct card - an open card
 * @bdf: PCI function
 * @context: of rdma-core
 * @pd: protection domain
 */
struct card {
	const char *bdf;
	struct ibv_context *context;
	struct ibv_pd *pd;
};

/* Binds the function to the card's driver first.  0 or a negative errno. */
int card_open(struct card *card, const char *bdf);
void card_close(struct card *card);
/* Fills in the region, or returns a negative errno. */
int card_register(const struct card *card, int buffer, uint64_t offset,
		  uint64_t length, uint64_t iova, struct ibv_mr **region);

/* Number of bytes of one write. */
#define CARD_CHUNK 64
int card_write(const char *bdf, uint32_t key, uint64_t iova, uint8_t byte);

#define CARD_PAGES 4096

/**
 * struct card_table - the card's table of a region
 * @page_size: in bytes; 0 while it has no table
 * @nr_pages: number of @pages
 * @revokes: how often the card has lost it to a revoke
 * @revoked: the region is revoked for good
 * @pages: DMA addresses
 */
struct card_table {
	unsigned long page_size;
	unsigned int nr_pages;
	unsigned int revokes;
	bool revoked;
	uint64_t pages[CARD_PAGES];
};

/* -ENOENT: there is no such region. */
int card_table(const char *bdf, uint32_t key, struct card_table *table);
/* Number of regions, or a negative errno; fills in the key of the last one. */
int card_regions(const char *bdf, uint32_t *key);

#endif /* GUEST_CARD_H */
