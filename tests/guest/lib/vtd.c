// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "importer.h"
#include "smmu.h"
#include "vtd.h"

#define DMAR		"/sys/firmware/acpi/tables/DMAR"
#define DMAR_UNITS	48	/* where its first structure is */
#define DMAR_UNIT_BASE	8	/* and in it, the address of the registers */
#define REG_ROOT	0x20

#define PRESENT		0x001ULL
#define LARGE		0x080ULL
#define ADDRESS		0x000ffffffffff000ULL
#define ENTRIES		512

/**
 * struct walk - a walk through a device's tables
 * @importer: to read memory by
 * @start: of the memory that is looked for
 * @size: of it, in bytes
 * @pages: what was found
 */
struct walk {
	int importer;
	uint64_t start;
	uint64_t size;
	struct vtd_pages *pages;
};

/* QEMU has one IOMMU, which the table's first structure is about. */
static int find_registers(uint64_t *base)
{
	ssize_t done;
	int fd;

	fd = open(DMAR, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = pread(fd, base, sizeof(*base), DMAR_UNITS + DMAR_UNIT_BASE);
	close(fd);
	return done == sizeof(*base) ? 0 : -EIO;
}

static void add_page(struct walk *walk, uint64_t entry, unsigned int level)
{
	struct vtd_pages *pages = walk->pages;
	uint64_t size = 4096ULL << (9 * level);
	uint64_t address = entry & ADDRESS & ~(size - 1);

	if (address + size <= walk->start ||
	    address >= walk->start + walk->size)
		return;
	pages->count[level]++;
	pages->size += size;
	pages->any |= entry & ~ADDRESS;
	pages->all &= entry & ~ADDRESS;
}

static int walk_table(struct walk *walk, uint64_t table, unsigned int level)
{
	uint64_t entries[ENTRIES];
	unsigned int i;
	int ret;

	ret = importer_peek(walk->importer, table, entries, sizeof(entries));
	for (i = 0; i < ENTRIES && !ret; i++) {
		if (!(entries[i] & (VTD_READ | VTD_WRITE)))
			continue;
		if (!level || (entries[i] & LARGE))
			add_page(walk, entries[i], level);
		else
			ret = walk_table(walk, entries[i] & ADDRESS, level - 1);
	}
	return ret;
}

/* Root and context tables have entries of two words each. */
static int read_entry(struct walk *walk, uint64_t table, unsigned int index,
		      uint64_t entry[2])
{
	return importer_peek(walk->importer, (table & ADDRESS) + index * 16,
			     entry, 16);
}

/* Where the device's tables start, and how many levels they have. */
static int find_tables(struct walk *walk, unsigned int bus, unsigned int devfn,
		       uint64_t *table, unsigned int *levels)
{
	uint64_t base, root, entry[2];
	int ret;

	ret = find_registers(&base);
	if (!ret)
		ret = importer_peek(walk->importer, base + REG_ROOT, &root,
				    sizeof(root));
	if (!ret)
		ret = read_entry(walk, root, bus, entry);
	if (!ret && !(entry[0] & PRESENT))
		ret = -ENOENT;
	if (!ret)
		ret = read_entry(walk, entry[0], devfn, entry);
	if (!ret && !(entry[0] & PRESENT))
		ret = -ENOENT;
	*table = entry[0] & ADDRESS;
	*levels = (entry[1] & 7) + 2;
	return ret;
}

int vtd_walk(int importer, const char *bdf, uint64_t start, uint64_t size,
	     struct vtd_pages *pages)
{
	struct walk walk = { importer, start, size, pages };
	unsigned int bus, slot, function, levels;
	uint64_t table;
	int ret;

	memset(pages, 0, sizeof(*pages));
	pages->all = ~ADDRESS;
	if (sscanf(bdf, "%*x:%x:%x.%x", &bus, &slot, &function) != 3)
		return -EINVAL;
	if (access(DMAR, F_OK))
		return smmu_walk(importer, bus << 8 | slot << 3 | function,
				 start, size, pages);
	ret = find_tables(&walk, bus, slot << 3 | function, &table, &levels);
	return ret ? ret : walk_table(&walk, table, levels - 1);
}
