/* SPDX-License-Identifier: GPL-2.0-only */
/* In words why there is a path to another device's memory, or none. */
#ifndef DVP_P2P_H
#define DVP_P2P_H

#include "compat/pci_p2pdma.h"

struct dvp_buffer;
struct seq_file;

enum pci_p2pdma_map_type dvp_p2p_map_type(struct dvp_buffer *buf,
					  struct device *importer);
void dvp_p2p_print(struct seq_file *seq, struct pci_dev *provider,
		   struct pci_dev *client);

void dvp_p2p_drop_extra_hosts(void);

#endif /* DVP_P2P_H */
