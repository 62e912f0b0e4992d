// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "amdvi.h"
#include "importer.h"
#include "smmu.h"
#include "vtd.h"

#define DMAR		"/sys/firmware/acpi/tables/DMAR"
#define DMAR_UNITS	48	/* where its first structure is, and that of IVRS */
#define DMAR_UNIT_BASE	8	/* and in it, the address of the registers */
#define REG_ROOT	0x20

#define PRESENT		0x001ULL
#define LARGE		0x080ULL
#define ADDRESS		0x000ffffffffff000ULL
#define ENTRIES		512

/* QEMU has one IOMMU, which the first structure of the ACPI table is about. */
static int find_registers(const char *acpi, uint64_t *base)
{
	ssize_t done;
	int fd;

	fd = open(acpi, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = pread(fd, base, sizeof(*base), DMAR_UNITS + DMAR_UNIT_BASE);
	close(fd);
	return done == sizeof(*base) ? 0 : -EIO;
}

static void add_page(struct vtd_walk *walk, uint64_t entry, unsigned int level)
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

static int walk_table(struct vtd_walk *walk, uint64_t table, unsigned int level)
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
static int read_entry(struct vtd_walk *walk, uint64_t table, unsigned int index,
		      uint64_t entry[2])
{
	return importer_peek(walk->importer, (table & ADDRESS) + index * 16,
			     entry, 16);
}

/* Where the device's tables start, and how many levels they have. */
static int find_tables(struct vtd_walk *walk, uint64_t base, unsigned int id,
		       uint64_t *table, unsigned int *levels)
{
	uint64_t root, entry[2];
	int ret;

	ret = importer_peek(walk->importer, base + REG_ROOT, &root,
			    sizeof(root));
	if (!ret)
		ret = read_entry(walk, root, id >> 8, entry);
	if (!ret && !(entry[0] & PRESENT))
		ret = -ENOENT;
	if (!ret)
		ret = read_entry(walk, entry[0], id & 0xff, entry);
	if (!ret && !(entry[0] & PRESENT))
		ret = -ENOENT;
	*table = entry[0] & ADDRESS;
	*levels = (entry[1] & 7) + 2;
	return ret;
}

bool vtd_is_x86(void)
{
	return !access(DMAR, F_OK) || !access(IVRS, F_OK);
}

bool vtd_has_tables(void)
{
	return access("/sys/firmware/acpi/tables/VIOT", F_OK);
}

int vtd_walk(int importer, const char *bdf, uint64_t start, uint64_t size,
	     struct vtd_pages *pages)
{
	struct vtd_walk walk = { importer, start, size, pages };
	unsigned int bus, slot, function, id, levels;
	uint64_t base, table;
	int ret;

	memset(pages, 0, sizeof(*pages));
	pages->all = ~ADDRESS;
	if (sscanf(bdf, "%*x:%x:%x.%x", &bus, &slot, &function) != 3)
		return -EINVAL;
	id = bus << 8 | slot << 3 | function;
	if (!find_registers(IVRS, &base))
		return amdvi_walk(&walk, base, id);
	ret = find_registers(DMAR, &base);
	if (ret)
		return smmu_walk(importer, id, start, size, pages);
	ret = find_tables(&walk, base, id, &table, &levels);
	return ret ? ret : walk_table(&walk, table, levels - 1);
}
