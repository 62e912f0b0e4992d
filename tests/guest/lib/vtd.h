/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of an Intel IOMMU, as the hardware reads them. */
#ifndef GUEST_VTD_H
#define GUEST_VTD_H

#include <stdbool.h>
#include <stdint.h>

/* Bits of an entry that leads to memory (second stage). */
#define VTD_READ	0x001ULL
#define VTD_WRITE	0x002ULL
/* The memory's type: overrides what it would be, and ignores the CPU's. */
#define VTD_TYPE	0x038ULL
#define VTD_IGNORE_PAT	0x040ULL
/* Caches are looked at. */
#define VTD_SNOOP	0x800ULL

/**
 * struct vtd_pages - the entries that lead a device to some memory
 * @count: how many there are of 4 KiB, 2 MiB and 1 GiB
 * @size: of the memory, in bytes
 * @any: bits that are set in any of them
 * @all: bits that are set in all of them
 */
struct vtd_pages {
	unsigned int count[3];
	uint64_t size;
	uint64_t any;
	uint64_t all;
};

/**
 * struct vtd_walk - a walk through a device's tables
 * @importer: to read memory by
 * @start: of the memory that is looked for
 * @size: of it, in bytes
 * @pages: what was found
 */
struct vtd_walk {
	int importer;
	uint64_t start;
	uint64_t size;
	struct vtd_pages *pages;
};

/*
 * Collects the entries for the device that lead to memory from @start on.  Needs
 * an open importer to read memory by.  Where there is another IOMMU, its entries (see
 * amdvi.h and smmu.h).  Returns 0 or a negative errno.
 */
int vtd_walk(int importer, const char *bdf, uint64_t start, uint64_t size,
	     struct vtd_pages *pages);

/* Whether it is one of x86, whose drivers share their page tables from 7.1 on. */
bool vtd_is_x86(void);
/* Whether the IOMMU has tables in memory: a virtio-iommu has not. */
bool vtd_has_tables(void);

#endif /* GUEST_VTD_H */
