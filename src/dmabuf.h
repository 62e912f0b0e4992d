/* SPDX-License-Identifier: GPL-2.0-only */
/* The dma-buf of a buffer, and its mappings. */
#ifndef DVP_DMABUF_H
#define DVP_DMABUF_H

#include "buffer.h"

struct dma_buf *dvp_dmabuf_create(struct dvp_buffer *buf, int open_flags);

struct sg_table *dvp_map(struct dma_buf_attachment *attach,
			 enum dma_data_direction dir);
void dvp_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
	       enum dma_data_direction dir);

#endif /* DVP_DMABUF_H */
