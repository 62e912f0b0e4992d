/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether an importer may have the memory, on which path, and why not. */
#ifndef DVP_IMPORTER_H
#define DVP_IMPORTER_H

#include "compat/pci_p2pdma.h"

struct device;
struct dma_buf_attachment;
struct dvp_buffer;
struct list_head;
struct seq_file;
struct sg_table;

bool dvp_importer_agrees(struct dvp_buffer *buf, struct device *importer);
int dvp_importer_attach(struct dma_buf_attachment *attach);
void dvp_importer_detach(struct list_head *reserved);
int dvp_importer_check_list(struct dma_buf_attachment *attach);
int dvp_importer_check(struct dma_buf_attachment *attach);
int dvp_importer_check_mapping(struct dma_buf_attachment *attach,
			       struct sg_table *sgt);

enum pci_p2pdma_map_type dvp_p2p_map_type(struct dvp_buffer *buf,
					  struct device *importer);
void dvp_p2p_print(struct seq_file *seq, struct pci_dev *provider,
		   struct pci_dev *client);

#endif /* DVP_IMPORTER_H */
