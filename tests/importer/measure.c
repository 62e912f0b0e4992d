// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures calls from within the kernel, so that no system call is included.  In a
 * guest whose clock counts instructions, the minimum of many runs is the run without
 * an interrupt, and always the same.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/timex.h>

#include "compat/dma_buf.h"
#include "compat/iommu.h"
#include "domain.h"
#include "importer.h"

/* The clock must count as many ticks as there are instructions. */
#define MEASURE_NOPS	1000

/* No revoke happens during a measurement. */
static void measure_notify(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_attach_ops measure_ops = {
	.allow_peer2peer = true,
	.COMPAT_INVALIDATE_MAPPINGS = measure_notify,
};

static noinline void measure_note(u64 *least, cycles_t since)
{
	cycles_t spent = get_cycles() - since;

	*least = min_t(u64, *least, spent);
}

/* The cost of reading the clock, and of MEASURE_NOPS instructions. */
static void measure_clock(struct dvp_importer_measure *arg)
{
	cycles_t start;
	u32 i;

	for (i = 0; i < arg->repeat; i++) {
		start = get_cycles();
		measure_note(&arg->make, start);
		start = get_cycles();
		asm volatile(".rept %c0\n\tnop\n\t.endr" : : "i" (MEASURE_NOPS));
		measure_note(&arg->undo, start);
	}
}

/*
 * With @map, the first mapping is included, as for importers that attach for each
 * transfer.  @map is a constant, so that no instruction of the other case is counted.
 */
static __always_inline int measure_attach(struct dvp_importer_measure *arg,
					  struct device *dev,
					  struct dma_buf *dmabuf, bool map)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt = NULL;
	cycles_t start;
	u32 i;

	for (i = 0; i < arg->repeat; i++) {
		start = get_cycles();
		attach = dma_buf_dynamic_attach(dmabuf, dev, &measure_ops,
						NULL);
		if (IS_ERR(attach))
			return PTR_ERR(attach);
		if (map)
			sgt = dma_buf_map_attachment_unlocked(attach,
							      DMA_BIDIRECTIONAL);
		if (IS_ERR(sgt)) {
			dma_buf_detach(dmabuf, attach);
			return PTR_ERR(sgt);
		}
		measure_note(&arg->make, start);
		start = get_cycles();
		if (map)
			dma_buf_unmap_attachment_unlocked(attach, sgt,
							  DMA_BIDIRECTIONAL);
		dma_buf_detach(dmabuf, attach);
		measure_note(&arg->undo, start);
	}
	return 0;
}

static int measure_map_locked(struct dvp_importer_measure *arg,
			      struct dma_buf_attachment *attach)
{
	struct sg_table *sgt;
	cycles_t start;
	u32 i;

	for (i = 0; i < arg->repeat; i++) {
		start = get_cycles();
		sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
		if (IS_ERR(sgt))
			return PTR_ERR(sgt);
		measure_note(&arg->make, start);
		start = get_cycles();
		dma_buf_unmap_attachment(attach, sgt, DMA_BIDIRECTIONAL);
		measure_note(&arg->undo, start);
	}
	return 0;
}

static int measure_again_locked(struct dvp_importer_measure *arg,
				struct dma_buf_attachment *attach)
{
	struct sg_table *sgt;
	int ret;

	sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = measure_map_locked(arg, attach);
	dma_buf_unmap_attachment(attach, sgt, DMA_BIDIRECTIONAL);
	return ret;
}

static int measure_map(struct dvp_importer_measure *arg, struct device *dev,
		       struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	int ret;

	attach = dma_buf_dynamic_attach(dmabuf, dev, &measure_ops, NULL);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	dma_resv_lock(dmabuf->resv, NULL);
	if (arg->what == DVP_MEASURE_MAP_AGAIN)
		ret = measure_again_locked(arg, attach);
	else
		ret = measure_map_locked(arg, attach);
	dma_resv_unlock(dmabuf->resv);
	dma_buf_detach(dmabuf, attach);
	return ret;
}

static int measure_buffer(struct dvp_importer_measure *arg, struct device *dev)
{
	struct dma_buf *dmabuf = dma_buf_get(arg->fd);
	int ret;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (arg->what == DVP_MEASURE_ATTACH)
		ret = measure_attach(arg, dev, dmabuf, false);
	else if (arg->what == DVP_MEASURE_FIRST)
		ret = measure_attach(arg, dev, dmabuf, true);
	else
		ret = measure_map(arg, dev, dmabuf);
	dma_buf_put(dmabuf);
	return ret;
}

/* Returns how many bytes are mapped, from address 0 on. */
static size_t measure_fill(const struct dvp_importer_measure *arg,
			   struct iommu_domain *domain)
{
	size_t mapped = 0;
	u32 i;

	for (i = 0; i < arg->pieces; i++) {
		if (compat_iommu_map(domain, mapped,
				     arg->address + i * arg->stride,
				     arg->length, IOMMU_READ | IOMMU_WRITE |
				     IOMMU_MMIO))
			break;
		mapped += arg->length;
	}
	return mapped;
}

static int measure_domain(struct dvp_importer_measure *arg,
			  struct iommu_domain *domain)
{
	size_t mapped;
	cycles_t start;
	u32 i;

	for (i = 0; i < arg->repeat; i++) {
		start = get_cycles();
		mapped = measure_fill(arg, domain);
		measure_note(&arg->make, start);
		start = get_cycles();
		iommu_unmap(domain, 0, mapped);
		measure_note(&arg->undo, start);
		if (mapped != arg->pieces * arg->length)
			return -ENOMEM;
	}
	return 0;
}

/* The page table alone: no device is in the domain, so nothing is flushed. */
static int measure_floor(struct dvp_importer_measure *arg, struct device *dev)
{
	struct iommu_domain *domain;
	int ret;

	domain = dvp_domain_alloc(dev);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = measure_domain(arg, domain);
	iommu_domain_free(domain);
	return ret;
}

/**
 * dvp_measure() - measure the cost of calls
 * @arg: what, and the number of runs; gets the minimum
 * @dev: the importing device
 *
 * Context: may sleep.
 * Return: 0, or the error of the measured call.
 */
int dvp_measure(struct dvp_importer_measure *arg, struct device *dev)
{
	arg->make = U64_MAX;
	arg->undo = U64_MAX;
	switch (arg->what) {
	case DVP_MEASURE_CLOCK:
		measure_clock(arg);
		return 0;
	case DVP_MEASURE_ATTACH:
	case DVP_MEASURE_FIRST:
	case DVP_MEASURE_MAP:
	case DVP_MEASURE_MAP_AGAIN:
		return measure_buffer(arg, dev);
	case DVP_MEASURE_FLOOR:
		return measure_floor(arg, dev);
	default:
		return -EINVAL;
	}
}
