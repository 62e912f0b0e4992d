// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of the CPU.  A dma-buf can be mapped by any process that has it.  Each has an
 * address space of its own, so a revoke removes all of its page table entries at once;
 * the next access faults, and is refused until the memory is back.
 *
 * Lock order: mmap_lock of any process, dvp_buffer.resv, and below that the locks of the
 * page tables and dvp_buffer.cpu_lock.  A fault never waits for a revoke that waits for
 * importers: those wait without the reservation lock.  Only faults take that lock here:
 * from 6.2 to 6.4 the dma-buf core calls mmap() with it held.
 *
 * The areas are VM_MIXEDMAP, not VM_PFNMAP, although they have no struct pages: VFIO's
 * type 1 driver maps VM_PFNMAP areas for DMA, and cannot be notified of a revoke.  With
 * VM_IO, get_user_pages() refuses the area; KVM follows the page tables and is notified
 * of each entry that is removed.
 *
 * Page tables have no huge entries: on 6.12, madvise(MADV_COLD) and clear_refs look for
 * the pages of a huge entry that is not in a VM_PFNMAP area.  An access in order fills
 * as much per fault as a huge entry would.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/pci.h>

#include "compat/mm.h"
#include "compat/slab.h"
#include "buffer.h"
#include "dvp.h"
#include "record.h"

static void dvp_vma_open(struct vm_area_struct *vma)
{
	struct dvp_cpu_mapping *mapping = vma->vm_private_data;

	spin_lock(&mapping->buf->cpu_lock);
	mapping->areas++;
	spin_unlock(&mapping->buf->cpu_lock);
}

static void dvp_vma_close(struct vm_area_struct *vma)
{
	struct dvp_cpu_mapping *mapping = vma->vm_private_data;
	struct dvp_buffer *buf = mapping->buf;
	bool last;

	spin_lock(&buf->cpu_lock);
	last = !--mapping->areas;
	if (last)
		list_del(&mapping->node);
	spin_unlock(&buf->cpu_lock);
	if (last)
		kfree(mapping);
}

/* The page frame of a page of the buffer.  The search starts where the last one ended. */
static unsigned long dvp_find_pfn(struct dvp_buffer *buf, unsigned long page)
{
	const struct dmabuf_vfio_pci_range *range;

	dma_resv_assert_held(&buf->resv);

	range = &buf->ranges[buf->found_range];
	while (page < buf->found_page) {
		range--;
		buf->found_page -= PFN_DOWN(range->len);
	}
	while (page - buf->found_page >= PFN_DOWN(range->len)) {
		buf->found_page += PFN_DOWN(range->len);
		range++;
	}
	buf->found_range = range - buf->ranges;
	return PHYS_PFN(range->paddr) + page - buf->found_page;
}

static vm_fault_t dvp_insert(struct vm_area_struct *vma, unsigned long address,
			     struct dvp_buffer *buf, unsigned long page)
{
	unsigned long pfn = dvp_find_pfn(buf, page);

	/* See dvp_has_pages(). */
	if (WARN_ON_ONCE(pfn_valid(pfn)))
		return VM_FAULT_SIGBUS;
	buf->filled_page = page;
	return vmf_insert_pfn(vma, address, pfn);
}

/*
 * One page for a fault anywhere.  A fault at the page after the last one shows that the
 * memory is accessed in order: then the rest of the page table.
 */
static vm_fault_t dvp_fill(struct vm_fault *vmf, struct dvp_buffer *buf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long address = vmf->address & PAGE_MASK, page = vmf->pgoff;
	bool in_order = page == buf->filled_page + 1;
	unsigned long end = pmd_addr_end(address, vma->vm_end);
	vm_fault_t ret;

	ret = dvp_insert(vma, address, buf, page);
	if (!in_order || ret != VM_FAULT_NOPAGE)
		return ret;
	/* The access itself succeeds already, whatever becomes of the rest. */
	for (address += PAGE_SIZE; address != end; address += PAGE_SIZE)
		if (dvp_insert(vma, address, buf, ++page) != VM_FAULT_NOPAGE)
			break;
	return ret;
}

/*
 * A fault of the process itself is repeated after a signal.  Other callers take a
 * missing page for an error (KVM would end its guest), so no signal interrupts those.
 */
static int dvp_lock_for_fault(struct vm_fault *vmf, struct dvp_buffer *buf)
{
	const unsigned int own = FAULT_FLAG_USER | FAULT_FLAG_INTERRUPTIBLE;

	if ((vmf->flags & own) == own)
		return dma_resv_lock_interruptible(&buf->resv, NULL);
	return dma_resv_lock(&buf->resv, NULL);
}

static vm_fault_t dvp_vma_fault(struct vm_fault *vmf)
{
	struct dvp_cpu_mapping *mapping = vmf->vma->vm_private_data;
	struct dvp_buffer *buf = mapping->buf;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	/*
	 * A marker of userfaultfd (WP_ASYNC, 6.7) occupies the entry without a page:
	 * vmf_insert_pfn() leaves it there, and the access would fault for ever.
	 */
	if ((vmf->flags & FAULT_FLAG_ORIG_PTE_VALID) && !pte_none(vmf->orig_pte))
		return VM_FAULT_SIGBUS;
	if (dvp_lock_for_fault(vmf, buf))
		return VM_FAULT_NOPAGE;
	if (!buf->revoked)
		ret = dvp_fill(vmf, buf);
	dma_resv_unlock(&buf->resv);
	return ret;
}

static const struct vm_operations_struct dvp_vma_ops = {
	.open		= dvp_vma_open,
	.close		= dvp_vma_close,
	.fault		= dvp_vma_fault,
};

/*
 * vmf_insert_pfn() must not get memory with struct pages for VM_MIXEDMAP.  Where RAM
 * ends within a section (128 MiB on x86-64), the rest of the section has struct pages as
 * well, also if a BAR is there.
 */
static bool dvp_has_pages(const struct dvp_buffer *buf)
{
	return pfn_valid(PHYS_PFN(buf->extent.paddr)) ||
	       pfn_valid(PHYS_PFN(dvp_last(&buf->extent)));
}

static int dvp_mmap_check(const struct dvp_buffer *buf,
			  const struct vm_area_struct *vma)
{
	/* VM_SHARED is not set for a file that cannot be written. */
	if (!(vma->vm_flags & VM_MAYSHARE)) {
		dvp_refuse(buf->access, NULL,
			   "mmap: only MAP_SHARED is supported");
		return -EINVAL;
	}
	if (vma->vm_flags & VM_EXEC) {
		dvp_refuse(buf->access, NULL,
			   "mmap: PROT_EXEC is not allowed");
		return -EPERM;
	}
	if (!buf->mappable) {
		dvp_refuse(buf->access, NULL,
			   "mmap: the BAR cannot be mapped by the CPU");
		return -EINVAL;
	}
	if (dvp_has_pages(buf)) {
		dvp_refuse(buf->access, NULL,
			   "mmap: the BAR shares a section of memory with RAM");
		return -EINVAL;
	}
	return 0;
}

static void dvp_vma_init(struct dvp_buffer *buf, struct vm_area_struct *vma)
{
	vma->vm_page_prot = READ_ONCE(buf->write_combine) ?
			    pgprot_writecombine(vma->vm_page_prot) :
			    pgprot_noncached(vma->vm_page_prot);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	vm_flags_set(vma, VM_IO | VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP |
			  VM_ALLOW_ANY_UNCACHED);
	vm_flags_clear(vma, VM_MAYEXEC);
	vma->vm_ops = &dvp_vma_ops;
}

/**
 * dvp_mmap() - map a part of a buffer into a process
 * @dmabuf: of the buffer
 * @vma: area, within the size of @dmabuf
 *
 * While the buffer is revoked it can be mapped, but not accessed.
 *
 * Context: may sleep; mmap_lock of the process is held, and on some kernels the
 * reservation lock.
 * Return: 0; -EINVAL for a private mapping, or if the BAR cannot be mapped; -EPERM for
 * an executable one; -ENODEV if the buffer is revoked for good; -ENOMEM.
 */
int dvp_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct dvp_buffer *buf = dmabuf->priv;
	struct dvp_cpu_mapping *mapping;
	int ret;

	ret = dvp_mmap_check(buf, vma);
	if (ret)
		return ret;
	if (dvp_is_dead(buf))
		return dvp_refuse_revoked(buf, NULL);
	mapping = kzalloc_obj(*mapping, GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return -ENOMEM;
	mapping->buf = buf;
	mapping->areas = 1;
	dvp_process_fill(&mapping->process);

	spin_lock(&buf->cpu_lock);
	list_add_tail(&mapping->node, &buf->cpu_mappings);
	spin_unlock(&buf->cpu_lock);
	vma->vm_private_data = mapping;
	dvp_vma_init(buf, vma);
	return 0;
}

/**
 * dvp_mmap_revoke() - remove what the CPU has mapped of a buffer
 * @buf: buffer, revoked
 *
 * Context: may sleep; the buffer's reservation lock is held.
 */
void dvp_mmap_revoke(struct dvp_buffer *buf)
{
	bool mapped;

	dma_resv_assert_held(&buf->resv);

	/*
	 * An area joins the list before it can fault, and the fault sees @revoked.  It leaves
	 * the list after its page tables were cleared.
	 */
	spin_lock(&buf->cpu_lock);
	mapped = !list_empty(&buf->cpu_mappings);
	spin_unlock(&buf->cpu_lock);
	if (mapped)
		unmap_mapping_range(buf->mapping, 0, 0, 1);
}
