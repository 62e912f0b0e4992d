// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads an sg_table as the kernel's importers do.  None of them uses pages; they
 * differ in what they assume about the entries.
 */
#include <linux/scatterlist.h>

#include "importer.h"

/* A cursor goes on in steps of a large page. */
#define STEP	SZ_2M

/**
 * struct runs - the address ranges that a walk has read
 * @walk: how many there are, and how many there is room for
 * @entries: the ranges; adjacent ones are merged
 */
struct runs {
	struct dvp_importer_walk *walk;
	struct dvp_importer_entry *entries;
};

static void add_run(struct runs *runs, u64 address, u64 length)
{
	u32 count = runs->walk->nents, room = runs->walk->capacity;
	struct dvp_importer_entry *run = &runs->entries[count];

	if (count && count <= room && run[-1].address + run[-1].length == address) {
		run[-1].length += length;
		return;
	}
	if (count < room) {
		run->address = address;
		run->length = length;
	}
	runs->walk->nents++;
}

/* virtio_gpu: allocates nents entries, and passes 32-bit lengths to its device. */
static int walk_entries(struct sg_table *sgt, struct runs *runs)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (!sg)
			return -ERANGE;
		add_run(runs, sg_dma_address(sg), (u32)sg_dma_len(sg));
	}
	return 0;
}

/* amdgpu, radeon and nouveau: an array with the address of each page. */
static int walk_pages(struct sg_table *sgt, struct runs *runs)
{
	u64 left = runs->walk->length >> PAGE_SHIFT;
	struct sg_dma_page_iter iter;

	for_each_sgtable_dma_page(sgt, &iter, runs->walk->start >> PAGE_SHIFT) {
		if (!left)
			break;
		add_run(runs, sg_page_iter_dma_address(&iter), PAGE_SIZE);
		left--;
	}
	return left ? -ERANGE : 0;
}

/* xe: a cursor that advances by the size of a page table entry, and ignores nents. */
static int walk_cursor(struct sg_table *sgt, struct runs *runs)
{
	u64 start = runs->walk->start, left = runs->walk->length, step;
	struct scatterlist *sg = sgt->sgl;

	while (left) {
		while (sg && start >= sg_dma_len(sg)) {
			start -= sg_dma_len(sg);
			sg = sg_next(sg);
		}
		if (!sg)
			return -ERANGE;
		step = min3(left, sg_dma_len(sg) - start, (u64)STEP);
		add_run(runs, sg_dma_address(sg) + start, step);
		start += step;
		left -= step;
	}
	return 0;
}

/**
 * struct part - those entries of an sg_table that a memory region consists of
 * @sgt: begins with the first of them
 * @last: of them
 * @cut: bytes of the first that are not part of the region
 * @trim: bytes of the last
 */
struct part {
	struct sg_table sgt;
	struct scatterlist *last;
	u64 cut;
	u64 trim;
};

static int find_part(struct sg_table *sgt, u64 start, u64 end, struct part *part)
{
	struct scatterlist *sg;
	unsigned int i;
	u64 at = 0;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (at + sg_dma_len(sg) > start && at < end) {
			if (!part->sgt.nents++) {
				part->sgt.sgl = sg;
				part->cut = start - at;
			}
			part->last = sg;
		}
		at += sg_dma_len(sg);
		if (at >= end)
			break;
	}
	part->trim = at - end;
	return part->last && at >= end ? 0 : -ERANGE;
}

/* RDMA: trims the list in place, reads it, and restores it. */
static int walk_region(struct sg_table *sgt, struct runs *runs)
{
	u64 start = runs->walk->start;
	struct part part = { };
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = find_part(sgt, start, start + runs->walk->length, &part);
	if (ret)
		return ret;
	sg_dma_address(part.sgt.sgl) += part.cut;
	sg_dma_len(part.sgt.sgl) -= part.cut;
	sg_dma_len(part.last) -= part.trim;
	for_each_sgtable_dma_sg(&part.sgt, sg, i)
		add_run(runs, sg_dma_address(sg), sg_dma_len(sg));
	sg_dma_len(part.last) += part.trim;
	sg_dma_len(part.sgt.sgl) += part.cut;
	sg_dma_address(part.sgt.sgl) -= part.cut;
	return 0;
}

/**
 * dvp_walk() - read an sg_table as an importer of the kernel's does
 * @sgt: table
 * @walk: how, and from where to where; receives how many runs it consists of
 * @entries: receives as many of them as there is room for
 *
 * Context: the reservation lock is held.
 * Return: 0, -EINVAL for a reader that is not known, or -ERANGE if the table ends early.
 */
int dvp_walk(struct sg_table *sgt, struct dvp_importer_walk *walk,
	     struct dvp_importer_entry *entries)
{
	struct runs runs = { walk, entries };

	walk->nents = 0;
	switch (walk->reader) {
	case DVP_IMPORTER_WALK_ENTRIES:
		return walk_entries(sgt, &runs);
	case DVP_IMPORTER_WALK_PAGES:
		return walk_pages(sgt, &runs);
	case DVP_IMPORTER_WALK_CURSOR:
		return walk_cursor(sgt, &runs);
	case DVP_IMPORTER_WALK_REGION:
		return walk_region(sgt, &runs);
	default:
		return -EINVAL;
	}
}
