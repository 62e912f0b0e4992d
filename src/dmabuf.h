/* SPDX-License-Identifier: GPL-2.0-only */
/* The dma-buf of a buffer. */
#ifndef DVP_DMABUF_H
#define DVP_DMABUF_H

#include "buffer.h"

struct dma_buf *dvp_dmabuf_create(struct dvp_buffer *buf, int open_flags);

#endif /* DVP_DMABUF_H */
