/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether an importer can reach the memory by the addresses that it gets. */
#ifndef DVP_REACH_H
#define DVP_REACH_H

#include <linux/types.h>

struct device;
struct dma_buf_attachment;
struct dvp_buffer;
struct sg_table;
struct list_head;

bool dvp_reach_agrees(struct dvp_buffer *buf, struct device *importer);
int dvp_reach_look(struct dma_buf_attachment *attach);
void dvp_reach_forget(struct list_head *reserved);

int dvp_reach_before(struct dma_buf_attachment *attach);
int dvp_reach_after(struct dma_buf_attachment *attach, struct sg_table *sgt);

#endif /* DVP_REACH_H */
