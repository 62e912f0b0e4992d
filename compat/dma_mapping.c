// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA API differences: one span of DMA addresses for several ranges of MMIO on
 * kernels whose own calls are missing, or do not take MMIO (before 6.18).
 *
 * dma_map_resource() of the whole size allocates the addresses.  They stay
 * allocated until dma_unmap_resource(), even when iommu_unmap() has taken them
 * out of the page table.  So the ranges can be linked there one by one without a
 * lock, whatever else is mapped and unmapped in the domain meanwhile.  The
 * placeholder is the start of the BAR.  It is mapped read-only, because the
 * importer must not write to memory that was not exported to it.
 *
 * iommu_unmap() flushes the IOTLB before it returns, also in the lazy mode of the
 * DMA API, so the device reaches what is linked next, not the placeholder.
 * dma_unmap_resource() frees the addresses, like those of any mapping.
 */
#include <linux/dma-mapping.h>
#include <linux/printk.h>

#include "compat/dma_mapping.h"
#include "compat/iommu.h"

static int compat_no_device(struct device *dev, void *data)
{
	return 0;
}

/**
 * compat_dma_flush() - empty the IOTLB of what was unmapped for a device
 * @dev: device
 *
 * In the lazy mode of the DMA API, an IOTLB keeps unmapped entries for some
 * milliseconds, but MMIO may vanish at once.  The whole domain is flushed, as the
 * deferred flush would do: a flush of the range alone leaves cached page tables
 * that are no longer in use.
 *
 * A write to an IOMMU group's "type" in sysfs starts the flush queue, then changes
 * the domain's type, both under the group's lock.  Taking that lock once makes
 * sure that the type is the one that the unmap saw, or newer.
 *
 * Context: may sleep.
 */
void compat_dma_flush(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	struct iommu_group *group;

	if (!domain || !iommu_is_dma_domain(domain))
		return;
	if (READ_ONCE(domain->type) != IOMMU_DOMAIN_DMA_FQ) {
		group = iommu_group_get(dev);
		if (group) {
			iommu_group_for_each_dev(group, NULL, compat_no_device);
			iommu_group_put(group);
		}
	}
	if (READ_ONCE(domain->type) == IOMMU_DOMAIN_DMA_FQ)
		iommu_flush_iotlb_all(domain);
}

#ifndef HAVE_DMA_IOVA

/* The protection bits of dma_map_resource(). */
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
 * Free a span.  The DMA API warns if its mapping is not in the page table, so map
 * the placeholder again first.  Without memory for that the addresses are lost:
 * they stay allocated and lead nowhere.
 */
static void compat_give_back(struct device *dev,
			     struct compat_dma_iova_state *state, size_t linked)
{
	if (linked)
		iommu_unmap(state->domain, state->addr, linked);
	if (compat_iommu_map(state->domain, state->addr, state->spare,
			     state->size, compat_prot(DMA_TO_DEVICE)))
		dev_warn(dev, "no memory to free %zu bytes of DMA addresses: lost\n",
			 state->size);
	else
		dma_unmap_resource(dev, state->addr, state->size,
				   DMA_TO_DEVICE, 0);
	state->size = 0;
}

/**
 * compat_dma_iova_link() - put a range into a span
 * @dev: device that the span is for
 * @state: the span
 * @phys: physical address of the range
 * @offset: offset in the span, in bytes; ranges are linked without gaps
 * @size: in bytes; aligned to the IOMMU's pages, like @phys and @offset
 * @dir: direction of the DMA
 * @attrs: DMA_ATTR_MMIO
 *
 * Context: may sleep.
 * Return: 0, or -errno of the IOMMU's driver; then no part of it is linked.
 */
int compat_dma_iova_link(struct device *dev,
			 struct compat_dma_iova_state *state, phys_addr_t phys,
			 size_t offset, size_t size,
			 enum dma_data_direction dir, unsigned long attrs)
{
	return compat_iommu_map(state->domain, state->addr + offset, phys,
				size, compat_prot(dir));
}

/*
 * The DMA API uses the device's domain, unless the driver has attached another
 * one.  The domain does not change while the device has a driver.
 */
static bool compat_alloc_span(struct device *dev,
			      struct compat_dma_iova_state *state, size_t size,
			      phys_addr_t spare)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	dma_addr_t addr;

	if (!domain || !iommu_is_dma_domain(domain))
		return false;
	addr = dma_map_resource(dev, spare, size, DMA_TO_DEVICE,
				DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(dev, addr))
		return false;
	/* A device with its own DMA operations may be mapped elsewhere. */
	if (iommu_iova_to_phys(domain, addr) != spare) {
		dma_unmap_resource(dev, addr, size, DMA_TO_DEVICE, 0);
		return false;
	}

	state->addr = addr;
	state->size = size;
	state->spare = spare;
	state->domain = domain;
	if (iommu_unmap(domain, addr, size) == size)
		return true;
	compat_give_back(dev, state, size);
	compat_dma_flush(dev);
	return false;
}

#endif /* !HAVE_DMA_IOVA */

/**
 * compat_dma_iova_try_alloc() - allocate a span of DMA addresses to link MMIO to
 * @dev: device that is to reach it
 * @state: gets the span
 * @size: in bytes, aligned to the IOMMU's pages
 * @spare: physical address of MMIO that the device may read for an instant,
 *	aligned likewise
 * @spare_size: size of that memory, in bytes
 *
 * As dma_iova_try_alloc(); @spare and @spare_size are for kernels before 6.18.
 * There only a mapping allocates addresses, and @spare is the only memory that
 * it may map.
 *
 * Context: may sleep.
 * Return: true if there is a span; otherwise map the ranges one by one.
 */
bool compat_dma_iova_try_alloc(struct device *dev,
			       struct dma_iova_state *state, size_t size,
			       phys_addr_t spare, size_t spare_size)
{
#ifdef HAVE_DMA_IOVA
	return dma_iova_try_alloc(dev, state, 0, size);
#else
	return size <= spare_size &&
	       compat_alloc_span(dev, state, size, spare);
#endif
}

/**
 * compat_dma_iova_destroy_sync() - unlink all ranges and free the span
 * @dev: device that the span is for
 * @state: the span; there is none afterwards
 * @mapped_len: bytes that are linked, from the start of the span
 * @dir: direction of the DMA
 * @attrs: DMA_ATTR_MMIO
 *
 * When this returns, no IOTLB has any part of the span.  dma_iova_destroy() of
 * 6.18 may defer that flush in the lazy mode of the DMA API.
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
	if (mapped_len)
		dma_iova_unlink(dev, state, 0, mapped_len, dir, attrs);
	dma_iova_free(dev, state);
#else
	if (mapped_len == state->size)
		dma_unmap_resource(dev, state->addr, state->size,
				   DMA_TO_DEVICE, 0);
	else
		compat_give_back(dev, state, mapped_len);
	state->size = 0;
	compat_dma_flush(dev);
#endif
}
