/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma-buf core differences between kernels.
 *
 * A function that is supplied here has its own name, with the kernel's name as a
 * macro for it: a kernel may declare a function that it does not export.
 */
#ifndef COMPAT_DMA_BUF_H
#define COMPAT_DMA_BUF_H

#include <linux/dma-buf.h>
#include <linux/module.h>

/* Before 6.13 the argument was a bare token, which the macro stringified. */
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)

/*
 * 7.1 ("dma-buf: Rename dma_buf_move_notify() to
 * dma_buf_invalidate_mappings()") renamed the importer's callback, too.
 * COMPAT_INVALIDATE_MAPPINGS is the name of the callback's member.
 */
#ifdef HAVE_DMA_BUF_INVALIDATE_MAPPINGS
#define COMPAT_INVALIDATE_MAPPINGS invalidate_mappings
#else
#define COMPAT_INVALIDATE_MAPPINGS move_notify

#define dma_buf_invalidate_mappings dma_buf_move_notify
#endif

/*
 * 7.1 ("dma-buf: Add dma_buf_attach_revocable()") lets importers promise to obey a
 * revoke; before, having the callback is the only sign of it.
 */
#ifndef HAVE_DMA_BUF_ATTACH_REVOCABLE
static inline bool
compat_dma_buf_attach_revocable(struct dma_buf_attachment *attach)
{
	return attach->importer_ops &&
	       attach->importer_ops->COMPAT_INVALIDATE_MAPPINGS;
}

#define dma_buf_attach_revocable compat_dma_buf_attach_revocable
#endif

/**
 * compat_dma_buf_pin_allowed() - whether an exporter that revokes may be pinned
 * @pins: pins that the attachment holds
 * @mappings: live mappings of the attachment
 *
 * With dma_buf_attach_revocable(), only importers pin, and those that attached have
 * promised to obey a revoke even while they pin.  On older kernels with
 * CONFIG_DMABUF_MOVE_NOTIFY, only importers pin, too, but expect the memory to
 * stay.  Without that option the core itself pins once in every map of a dynamic
 * importer, right before it maps: an attachment with more pins than mappings was
 * pinned by its importer.
 *
 * Context: the buffer's reservation lock is held.
 * Return: true if the pin is the core's or harmless.
 */
static inline bool compat_dma_buf_pin_allowed(unsigned int pins,
					      unsigned int mappings)
{
#ifdef HAVE_DMA_BUF_ATTACH_REVOCABLE
	return true;
#else
	return !IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY) && pins <= mappings;
#endif
}

/**
 * compat_dma_buf_own_pins() - how often the importer itself has pinned
 * @pins: pins that the attachment holds
 * @mappings: live mappings of the attachment
 *
 * See compat_dma_buf_pin_allowed().
 *
 * Context: the buffer's reservation lock is held.
 * Return: @pins without those of the core.
 */
static inline unsigned int compat_dma_buf_own_pins(unsigned int pins,
						   unsigned int mappings)
{
#ifndef HAVE_DMA_BUF_ATTACH_REVOCABLE
	if (!IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY))
		return pins > mappings ? pins - mappings : 0;
#endif
	return pins;
}

/**
 * compat_dma_buf_obeys() - whether an importer unmaps when it is notified
 * @attach: the importer's attachment
 * @pins: pins that the attachment holds
 * @mappings: live mappings of the attachment
 *
 * Before dma_buf_attach_revocable(), the callback of an importer that pins proves
 * nothing: every dynamic importer must have one.
 *
 * Context: the buffer's reservation lock is held.
 * Return: false if the importer alone decides when it unmaps.
 */
static inline bool compat_dma_buf_obeys(struct dma_buf_attachment *attach,
					unsigned int pins,
					unsigned int mappings)
{
#ifdef HAVE_DMA_BUF_ATTACH_REVOCABLE
	return dma_buf_attach_revocable(attach);
#else
	return !compat_dma_buf_own_pins(pins, mappings);
#endif
}

#endif /* COMPAT_DMA_BUF_H */
