/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RDMA_H
#define RDMA_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>

#include "../importer/importer.h"

struct seq_file;

/**
 * struct dvp_rdma - an RDMA card
 * @ibdev: what the RDMA core knows of it
 * @edu: its DMA engine
 * @lock: protects @regions
 * @regions: all memory regions
 * @keys: how many keys have been given out
 * @debugfs: its directory
 */
struct dvp_rdma {
	struct ib_device ibdev;
	struct dvp_edu edu;
	struct mutex lock; /* see above */
	struct list_head regions;
	u32 keys;
	struct dentry *debugfs;
};

/* What the RDMA core allocates. */
struct dvp_context {
	struct ib_ucontext context;
};

struct dvp_pd {
	struct ib_pd pd;
};

/**
 * enum dvp_region_kind - how the drivers of the kernel register a dma-buf
 * @DVP_REGION_DYNAMIC: mlx5: unmaps when told, and maps at the next use
 * @DVP_REGION_PINNED: efa, bnxt_re, mana and ionic: is not told
 * @DVP_REGION_REVOCABLE: irdma from 7.0 on: gives the region up when told
 */
enum dvp_region_kind {
	DVP_REGION_DYNAMIC,
	DVP_REGION_PINNED,
	DVP_REGION_REVOCABLE,
};

struct ib_mr *dvp_region_register(struct ib_pd *pd, u64 offset, u64 length,
				  u64 iova, int fd, int access,
				  enum dvp_region_kind kind);
int dvp_region_deregister(struct ib_mr *mr, struct ib_udata *udata);
int dvp_region_write(struct dvp_rdma *rdma, u32 key, u64 iova,
		     const void *data, size_t length);
void dvp_region_print(struct seq_file *seq, struct dvp_rdma *rdma);

#endif /* RDMA_H */
