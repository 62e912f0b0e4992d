// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "amdvi.h"
#include "importer.h"

/* Of entries of the device table and of page tables. */
#define VALID		0x1ULL
#define TRANSLATED	0x2ULL
#define NEXT(entry)	((entry) >> 9 & 7)
#define ADDRESS		0x000ffffffffff000ULL
#define READ		0x2000000000000000ULL
#define WRITE		0x4000000000000000ULL

/* What NEXT() is of a page that takes several entries, all of them equal. */
#define REPEATED	7
#define ENTRIES		512

/* @size is what an entry of this table leads to; its @index is in the table. */
static void add_entry(struct vtd_walk *walk, uint64_t entry, unsigned int index,
		      unsigned int level, uint64_t size)
{
	struct vtd_pages *pages = walk->pages;
	uint64_t address = entry & ADDRESS, page = size, bits = 0;

	if (NEXT(entry) == REPEATED) {
		/* The lowest bit that is clear tells the size of the page. */
		page = 1ULL << 13;
		while (address & (page >> 1))
			page <<= 1;
		address &= ~(page - 1);
		address += index * size & (page - 1);
	}
	if (address + size <= walk->start ||
	    address >= walk->start + walk->size)
		return;
	if (entry & READ)
		bits |= VTD_READ;
	if (entry & WRITE)
		bits |= VTD_WRITE;
	if (level <= sizeof(pages->count) / sizeof(*pages->count))
		pages->count[level - 1]++;
	pages->size += size;
	pages->any |= bits;
	pages->all &= bits;
}

static int walk_table(struct vtd_walk *walk, uint64_t table, unsigned int level)
{
	const uint64_t size = 4096ULL << (9 * (level - 1));
	uint64_t entries[ENTRIES];
	unsigned int i;
	int ret;

	ret = importer_peek(walk->importer, table, entries, sizeof(entries));
	for (i = 0; i < ENTRIES && !ret; i++) {
		const unsigned int next = NEXT(entries[i]);

		if (!(entries[i] & VALID))
			continue;
		if (!next || next == REPEATED)
			add_entry(walk, entries[i], i, level, size);
		else
			ret = walk_table(walk, entries[i] & ADDRESS, next);
	}
	return ret;
}

int amdvi_walk(struct vtd_walk *walk, uint64_t base, uint32_t id)
{
	uint64_t table, entry;
	int ret;

	ret = importer_peek(walk->importer, base, &table, sizeof(table));
	if (!ret)
		ret = importer_peek(walk->importer,
				    (table & ADDRESS) + id * 32ULL, &entry,
				    sizeof(entry));
	if (ret)
		return ret;
	if (!(entry & VALID) || !(entry & TRANSLATED) || !NEXT(entry))
		return -ENOENT;
	return walk_table(walk, entry & ADDRESS, NEXT(entry));
}
