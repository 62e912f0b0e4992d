// SPDX-License-Identifier: GPL-2.0-only
/*
 * 7.1 ("dma-buf: Rename dma_buf_move_notify() to dma_buf_invalidate_mappings()"),
 * and the importer's callback with it.
 */
#include <linux/dma-buf.h>

void probe(struct dma_buf *dmabuf, struct dma_buf_attach_ops *ops);
void probe(struct dma_buf *dmabuf, struct dma_buf_attach_ops *ops)
{
	ops->invalidate_mappings = NULL;
	dma_buf_invalidate_mappings(dmabuf);
}
