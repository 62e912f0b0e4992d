/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether an importer may have the memory, and can reach it. */
#ifndef DVP_IMPORTER_H
#define DVP_IMPORTER_H

#include <linux/types.h>

struct compat_dma_buf_mapping;
struct device;
struct dma_buf_attachment;
struct dvp_buffer;
struct list_head;

bool dvp_reach_agrees(struct dvp_buffer *buf, struct device *importer);
int dvp_reach_look(struct dma_buf_attachment *attach);
void dvp_reach_forget(struct list_head *reserved);

int dvp_reach_before(struct dma_buf_attachment *attach);
int dvp_reach_after(struct dma_buf_attachment *attach,
		    struct compat_dma_buf_mapping *mapping);

#endif /* DVP_IMPORTER_H */
