// SPDX-License-Identifier: MIT
/*
 * Lets an RDMA card reach the memory of a PCI device:
 *
 *	rdma-region mlx5_0 0000:03:00.0 2 0 0x200000
 *
 * Build with -libverbs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <infiniband/verbs.h>

#include "range.h"

#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | \
		IBV_ACCESS_REMOTE_READ)

_Noreturn static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct ibv_context *open_card(const char *name)
{
	struct ibv_device **cards = ibv_get_device_list(NULL);
	struct ibv_context *card = NULL;
	int i;

	for (i = 0; cards && cards[i]; i++)
		if (!strcmp(ibv_get_device_name(cards[i]), name))
			card = ibv_open_device(cards[i]);
	if (cards)
		ibv_free_device_list(cards);
	if (!card)
		die(name);
	return card;
}

/*
 * A region whose addresses start at 0.  Its keys are used as those of any region: in work
 * requests here, and by peers elsewhere.
 */
static struct ibv_mr *register_range(struct ibv_pd *pd, int dma_buf,
				     unsigned long long length)
{
	struct ibv_mr *region;

	region = ibv_reg_dmabuf_mr(pd, 0, length, 0, dma_buf, ACCESS);
	if (!region)
		die("ibv_reg_dmabuf_mr");
	return region;
}

int main(int argc, char **argv)
{
	unsigned long long length;
	struct ibv_mr *region;
	struct device device;
	const char *step;
	struct ibv_pd *pd;
	int fd;

	if (argc != 6) {
		fprintf(stderr, "usage: rdma-region CARD DEVICE BAR OFFSET LENGTH\n");
		return 2;
	}
	length = strtoull(argv[5], NULL, 0);
	pd = ibv_alloc_pd(open_card(argv[1]));
	if (!pd)
		die("ibv_alloc_pd");
	if (open_device(&device, argv[2], &step))
		die(step);
	fd = export_range(device.fd, strtoul(argv[3], NULL, 0),
			  strtoull(argv[4], NULL, 0), length);
	if (fd < 0)
		die("VFIO_DEVICE_FEATURE_DMA_BUF");
	region = register_range(pd, fd, length);
	/* The region keeps the buffer; the device must stay open for it. */
	close(fd);
	printf("lkey %#x, rkey %#x\n", region->lkey, region->rkey);

	pause();
	ibv_dereg_mr(region);
	close_device(&device);
	return 0;
}
