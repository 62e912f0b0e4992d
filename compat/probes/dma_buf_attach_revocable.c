// SPDX-License-Identifier: GPL-2.0-only
/*
 * 7.1 ("dma-buf: Add dma_buf_attach_revocable()"): whether the importer promised to
 * obey a revoke.
 */
#include <linux/dma-buf.h>

bool probe(struct dma_buf_attachment *attach);
bool probe(struct dma_buf_attachment *attach)
{
	return dma_buf_attach_revocable(attach);
}
