// SPDX-License-Identifier: GPL-2.0-only
/*
 * What differs between kernels in the DMA API: one span of DMA addresses for
 * several ranges of MMIO, where the kernel's own calls for that are not there or
 * not for MMIO (before 6.18).
 *
 * A mapping of the whole size by dma_map_resource() gets the addresses.  Taken
 * out of the page table again, they still belong to whoever has them: nobody
 * else is given any of them before dma_unmap_resource(), and neighbours in a
 * page table may change it at the same time, as all users of the DMA API do.
 * So the ranges can be put there one by one without a lock, whatever else is
 * mapped and unmapped in that domain meanwhile.
 *
 * iommu_unmap() returns when no IOTLB has the pages any more, in lazy mode,
 * too: what is put there next is what the device finds.  The addresses go back
 * by dma_unmap_resource(), strict or lazy, like those of any mapping.
 */
#include <linux/dma-mapping.h>
#include <linux/printk.h>

#include "compat/dma_mapping.h"
#include "compat/iommu.h"

#ifndef HAVE_DMA_IOVA

/* As the DMA API does for dma_map_resource(). */
static int compat_prot(enum dma_data_direction dir)
{
	switch (dir) {
	case DMA_TO_DEVICE:
		return IOMMU_MMIO | IOMMU_READ;
	case DMA_FROM_DEVICE:
		return IOMMU_MMIO | IOMMU_WRITE;
	default:
		return IOMMU_MMIO | IOMMU_READ | IOMMU_WRITE;
	}
}

/*
 * The DMA API wants to find in the page table what it has put there, and warns
 * when a piece is missing.  If there is no memory to put it back, the addresses
 * are lost: they lead nowhere, and nobody gets them again.
 */
static void compat_give_back(struct device *dev,
			     struct compat_dma_iova_state *state,
			     size_t linked, enum dma_data_direction dir)
{
	if (linked)
		iommu_unmap(state->domain, state->addr, linked);
	if (compat_iommu_map(state->domain, state->addr, state->spare,
			     state->size, compat_prot(dir)))
		dev_warn(dev, "no memory to give back %zu bytes of DMA addresses: they are lost\n",
			 state->size);
	else
		dma_unmap_resource(dev, state->addr, state->size, dir, 0);
	state->size = 0;
}

/**
 * compat_dma_iova_link() - put a range into a span
 * @dev: device that the span is for
 * @state: the span
 * @phys: address of the range
 * @offset: where in the span, without gaps from its start
 * @size: bytes; everything is aligned to the IOMMU's pages
 * @dir: as when the span was allocated
 * @attrs: are those of MMIO
 *
 * Context: may sleep.
 * Return: 0 or -errno of the IOMMU's driver; then nothing of it is linked.
 */
int compat_dma_iova_link(struct device *dev,
			 struct compat_dma_iova_state *state, phys_addr_t phys,
			 size_t offset, size_t size,
			 enum dma_data_direction dir, unsigned long attrs)
{
	return compat_iommu_map(state->domain, state->addr + offset, phys,
				size, compat_prot(dir));
}

/**
 * compat_dma_iova_destroy() - take out all ranges, and give back the span
 * @dev: device that the span is for
 * @state: the span; there is none afterwards
 * @mapped_len: bytes that are linked
 * @dir: as when the span was allocated
 * @attrs: are those of MMIO
 *
 * Context: may sleep.
 */
void compat_dma_iova_destroy(struct device *dev,
			     struct compat_dma_iova_state *state,
			     size_t mapped_len, enum dma_data_direction dir,
			     unsigned long attrs)
{
	if (mapped_len != state->size) {
		compat_give_back(dev, state, mapped_len, dir);
		return;
	}
	dma_unmap_resource(dev, state->addr, state->size, dir, 0);
	state->size = 0;
}

/*
 * The device's domain is the one that the DMA API uses unless its driver has
 * taken that into its own hands; and it stays that as long as it has a driver.
 */
static bool compat_alloc_span(struct device *dev,
			      struct compat_dma_iova_state *state, size_t size,
			      phys_addr_t spare, enum dma_data_direction dir)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	dma_addr_t addr;

	if (!domain || !iommu_is_dma_domain(domain))
		return false;
	addr = dma_map_resource(dev, spare, size, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(dev, addr))
		return false;
	/* Operations of the device's own may map elsewhere. */
	if (iommu_iova_to_phys(domain, addr) != spare) {
		dma_unmap_resource(dev, addr, size, dir, 0);
		return false;
	}

	state->addr = addr;
	state->size = size;
	state->spare = spare;
	state->domain = domain;
	if (iommu_unmap(domain, addr, size) == size)
		return true;
	compat_give_back(dev, state, size, dir);
	return false;
}

#endif /* !HAVE_DMA_IOVA */

/**
 * compat_dma_iova_try_alloc() - get a span of DMA addresses, to link MMIO to
 * @dev: device that is to reach it
 * @state: the span
 * @size: in bytes, aligned to the IOMMU's pages
 * @spare: MMIO that the device may reach for an instant, aligned likewise
 * @spare_size: how much there is
 * @dir: direction of the DMA
 *
 * Like dma_iova_try_alloc(), but for the last three, which kernels before 6.18
 * need: there is no other way to get addresses than to map something, and that
 * must be nothing but @spare.
 *
 * Context: may sleep.
 * Return: true if there is a span.  If not, ranges may still be mapped one by
 * one.
 */
bool compat_dma_iova_try_alloc(struct device *dev,
			       struct dma_iova_state *state, size_t size,
			       phys_addr_t spare, size_t spare_size,
			       enum dma_data_direction dir)
{
#ifdef HAVE_DMA_IOVA
	return dma_iova_try_alloc(dev, state, 0, size);
#else
	return size <= spare_size &&
	       compat_alloc_span(dev, state, size, spare, dir);
#endif
}

/**
 * compat_dma_iova_destroy_sync() - take out all ranges, and give back the span
 * @dev: device that the span is for
 * @state: the span
 * @mapped_len: bytes that are linked, all of it
 * @dir: as when the span was allocated
 * @attrs: are those of MMIO
 *
 * Unlike after dma_iova_destroy(), which in the lazy mode of the DMA API may
 * leave that for later (6.18), no IOTLB has any of it when this returns.
 *
 * Context: may sleep.
 */
void compat_dma_iova_destroy_sync(struct device *dev,
				  struct dma_iova_state *state,
				  size_t mapped_len,
				  enum dma_data_direction dir,
				  unsigned long attrs)
{
#ifdef HAVE_DMA_IOVA
	dma_iova_unlink(dev, state, 0, mapped_len, dir, attrs);
	dma_iova_free(dev, state);
#else
	dma_iova_destroy(dev, state, mapped_len, dir, attrs);
	if (state->domain->type == IOMMU_DOMAIN_DMA_FQ)
		iommu_flush_iotlb_all(state->domain);
#endif
}
