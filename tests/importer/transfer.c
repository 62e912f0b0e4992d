// SPDX-License-Identifier: GPL-2.0-only
/* What a mapping consists of, and the bytes that the device moves through it. */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/scatterlist.h>

#include "importer.h"

static bool find_own_byte(struct dvp_own *own, u64 offset, dma_addr_t *addr,
			  size_t *left)
{
	size_t size;

	*addr = dvp_own_address(own, &size) + offset;
	*left = size - offset;
	return offset < size;
}

/* The DMA address of byte @offset, and how many bytes its entry still has. */
static bool find_byte(struct dvp_import *import, u64 offset, dma_addr_t *addr,
		      size_t *left)
{
	struct scatterlist *sg;
	unsigned int i;

	if (import->own)
		return find_own_byte(import->own, offset, addr, left);
	for_each_sgtable_dma_sg(import->sgt, sg, i) {
		if (offset < sg_dma_len(sg)) {
			*addr = sg_dma_address(sg) + offset;
			*left = sg_dma_len(sg) - offset;
			return true;
		}
		offset -= sg_dma_len(sg);
	}
	return false;
}

/* Fills in what there is, and as many of @entries as there is room for. */
void dvp_import_report(struct dvp_import *import,
		       struct dvp_importer_report *report,
		       struct dvp_importer_entry *entries)
{
	struct scatterlist *sg;
	unsigned int i;

	dvp_import_lock(import);
	report->pins = import->pins;
	report->notifications = import->notifications;
	report->revokes = import->revokes;
	report->blind = import->blind;
	if (import->own)
		dvp_own_report(import->own, report, entries);
	if (!import->sgt)
		goto unlock;

	report->mapped = 1;
	report->nents = import->sgt->nents;
	report->orig_nents = import->sgt->orig_nents;
	for_each_sgtable_dma_sg(import->sgt, sg, i) {
		if (i == report->capacity)
			break;
		entries[i].address = sg_dma_address(sg);
		entries[i].length = sg_dma_len(sg);
		entries[i].page_link = sg->page_link & ~SG_PAGE_LINK_MASK;
	}
unlock:
	dvp_import_unlock(import);
}

int dvp_import_walk(struct dvp_import *import, struct dvp_importer_walk *walk,
		    struct dvp_importer_entry *entries)
{
	int ret = -ENODEV;

	dvp_import_lock(import);
	if (import->sgt)
		ret = dvp_walk(import->sgt, walk, entries);
	dvp_import_unlock(import);
	return ret;
}

/* A transfer must not run from one entry into the next. */
static int find_piece(struct dvp_import *import, u64 offset, size_t length,
		      dma_addr_t *addr)
{
	size_t left;

	if (!dvp_import_is_mapped(import))
		return -ENODEV;
	return find_byte(import, offset, addr, &left) && length <= left ?
	       0 : -EINVAL;
}

/* Returns whether the device got to the bus after the mapping was gone. */
int dvp_import_unmap_late(struct dvp_import *import, struct dvp_edu *edu,
			  u64 offset, const void *data, size_t length)
{
	dma_addr_t addr;
	int ret;

	dvp_import_lock(import);
	ret = find_piece(import, offset, length, &addr);
	if (!ret)
		ret = dvp_edu_write_begin(edu, addr, data, length);
	if (!ret) {
		dvp_import_unmap_locked(import);
		ret = dvp_edu_write_end(edu);
	}
	dvp_import_unlock(import);
	return ret;
}

int dvp_import_transfer(struct dvp_import *import, struct dvp_edu *edu,
			u64 offset, void *data, size_t length, bool to_buffer)
{
	dma_addr_t addr;
	int ret;

	dvp_import_lock(import);
	dvp_import_unmap_stale(import);
	ret = find_piece(import, offset, length, &addr);
	if (!ret && to_buffer)
		ret = dvp_edu_write(edu, addr, data, length);
	else if (!ret)
		ret = dvp_edu_read(edu, data, addr, length);
	dvp_import_unlock(import);
	return ret;
}
