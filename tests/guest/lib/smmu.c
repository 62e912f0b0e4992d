// SPDX-License-Identifier: GPL-2.0-only
/* The tables of an Arm SMMUv3 (first stage), as the hardware reads them. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "importer.h"
#include "smmu.h"

#define IORT		"/sys/firmware/acpi/tables/IORT"
#define IORT_NODES	40	/* where it says where its first node is */
#define NODE_SMMU_V3	4
#define NODE_BASE	16	/* where the node has the address of the registers */
#define REG_STRTAB	0x80
#define REG_STRTAB_CFG	0x88

#define VALID		0x1ULL
#define POINTER		0x000fffffffffffc0ULL
#define STE_CONFIG	0xeULL
#define STE_FIRST_STAGE	0xaULL
#define TABLE		0x2ULL
#define READ_ONLY	0x80ULL
#define ATTRIBUTE(entry)	((entry) >> 2 & 7)
#define OUTPUT		0x0000fffffffff000ULL
/* A type of memory in MAIR: all Device types have nothing here. */
#define CACHEABILITY	0xf0

/**
 * struct smmu - the tables of a device
 * @importer: to read memory by
 * @mair: the types of memory that its entries refer to
 * @page_shift: of a page, and a table
 * @start: of the memory that is looked for
 * @size: of it, in bytes
 * @pages: what was found
 */
struct smmu {
	int importer;
	uint64_t mair;
	unsigned int page_shift;
	uint64_t start;
	uint64_t size;
	struct vtd_pages *pages;
};

static int find_registers(uint64_t *base)
{
	unsigned char table[4096];
	uint16_t length;
	uint32_t at;
	ssize_t size;
	int fd;

	fd = open(IORT, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size = read(fd, table, sizeof(table));
	close(fd);
	if (size < IORT_NODES + 4)
		return -EIO;
	memcpy(&at, table + IORT_NODES, sizeof(at));
	while (at + NODE_BASE + 8 <= (size_t)size) {
		memcpy(&length, table + at + 1, sizeof(length));
		memcpy(base, table + at + NODE_BASE, sizeof(*base));
		if (table[at] == NODE_SMMU_V3)
			return 0;
		if (!length)
			break;
		at += length;
	}
	return -ENOENT;
}

/* The device's entry of the stream table, which has one level or two. */
static int find_stream(struct smmu *smmu, uint32_t stream, uint64_t entry[8])
{
	uint64_t base, strtab, first;
	uint32_t config;
	unsigned int split;
	int ret;

	ret = find_registers(&base);
	if (!ret)
		ret = importer_peek(smmu->importer, base + REG_STRTAB, &strtab,
				    sizeof(strtab));
	if (!ret)
		ret = importer_peek(smmu->importer, base + REG_STRTAB_CFG,
				    &config, sizeof(config));
	if (ret)
		return ret;
	strtab &= POINTER;
	if (config >> 16 & 3) {
		split = config >> 6 & 0x1f;
		ret = importer_peek(smmu->importer, strtab + (stream >> split) * 8,
				    &first, sizeof(first));
		if (ret)
			return ret;
		strtab = first & POINTER;
		stream &= (1U << split) - 1;
	}
	return importer_peek(smmu->importer, strtab + stream * 64ULL, entry, 64);
}

static void add_page(struct smmu *smmu, uint64_t entry, unsigned int level)
{
	const unsigned int shift = smmu->page_shift +
				   (smmu->page_shift - 3) * level;
	const uint64_t size = 1ULL << shift;
	const uint64_t address = entry & OUTPUT & ~(size - 1);
	uint64_t bits = VTD_READ;

	if (address + size <= smmu->start ||
	    address >= smmu->start + smmu->size)
		return;
	if (!(entry & READ_ONLY))
		bits |= VTD_WRITE;
	if (smmu->mair >> (8 * ATTRIBUTE(entry)) & CACHEABILITY)
		bits |= VTD_SNOOP;
	smmu->pages->count[level]++;
	smmu->pages->size += size;
	smmu->pages->any |= bits;
	smmu->pages->all &= bits;
}

static int walk_table(struct smmu *smmu, uint64_t table, unsigned int entries,
		      unsigned int level)
{
	uint64_t some[512];
	unsigned int at, i;
	int ret = 0;

	for (at = 0; at < entries && !ret; at += i) {
		unsigned int count = entries - at < 512 ? entries - at : 512;

		ret = importer_peek(smmu->importer, table + at * 8ULL, some,
				    count * sizeof(*some));
		for (i = 0; i < count && !ret; i++) {
			if (!(some[i] & VALID))
				continue;
			if (!level || !(some[i] & TABLE))
				add_page(smmu, some[i], level);
			else
				ret = walk_table(smmu, some[i] & OUTPUT &
						 ~((1ULL << smmu->page_shift) - 1),
						 1U << (smmu->page_shift - 3),
						 level - 1);
		}
	}
	return ret;
}

int smmu_walk(int importer, uint32_t stream, uint64_t start, uint64_t size,
	      struct vtd_pages *pages)
{
	static const unsigned int shifts[] = { 12, 16, 14, 12 };
	struct smmu smmu = {
		.importer = importer, .start = start, .size = size,
		.pages = pages,
	};
	uint64_t entry[8], context[8];
	unsigned int bits, per_level, level;
	int ret;

	ret = find_stream(&smmu, stream, entry);
	if (ret)
		return ret;
	if (!(entry[0] & VALID) || (entry[0] & STE_CONFIG) != STE_FIRST_STAGE)
		return -ENOENT;
	ret = importer_peek(importer, entry[0] & POINTER, context,
			    sizeof(context));
	if (ret)
		return ret;
	smmu.mair = context[3];
	smmu.page_shift = shifts[context[0] >> 6 & 3];
	/* How many bits of an address the tables translate, level by level. */
	bits = 64 - (context[0] & 0x3f) - smmu.page_shift;
	per_level = smmu.page_shift - 3;
	level = (bits - 1) / per_level;
	return walk_table(&smmu, context[1] & 0x0000fffffffffff0ULL,
			  1U << (bits - level * per_level), level);
}
