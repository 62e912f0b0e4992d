// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engine of QEMU's edu device.  It moves bytes between the bus and a
 * buffer of its own, so that a transfer between memory and a peer takes two
 * steps.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>

#include "importer.h"

#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_DMA_CMD_RUN		BIT(0)
#define EDU_DMA_CMD_TO_BUS	BIT(1)

/* Address of the engine's buffer in its own address space. */
#define EDU_BUFFER		0x40000

/* From the start of a transfer until it gets to the bus. */
#define EDU_DELAY_US		(100 * USEC_PER_MSEC)
#define EDU_TIMEOUT_US		(10 * USEC_PER_SEC)

int dvp_edu_init(struct dvp_edu *edu, struct pci_dev *pdev)
{
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	edu->bounce = dmam_alloc_coherent(&pdev->dev, PAGE_SIZE,
					  &edu->bounce_addr, GFP_KERNEL);
	if (!edu->bounce)
		return -ENOMEM;

	mutex_init(&edu->lock);
	edu->regs = pcim_iomap_table(pdev)[0];
	edu->pdev = pdev;
	pci_set_master(pdev);
	return 0;
}

static void edu_start(struct dvp_edu *edu, u64 src, u64 dst, size_t length,
		      u64 direction)
{
	writeq(src, edu->regs + EDU_DMA_SRC);
	writeq(dst, edu->regs + EDU_DMA_DST);
	writeq(length, edu->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_CMD_RUN | direction, edu->regs + EDU_DMA_CMD);
}

/*
 * Returns when the engine does not access the bus.  Clears bus mastering if the
 * transfer does not end.
 */
static int edu_wait(struct dvp_edu *edu)
{
	u64 cmd;
	int ret;

	ret = readq_poll_timeout(edu->regs + EDU_DMA_CMD, cmd,
				 !(cmd & EDU_DMA_CMD_RUN),
				 USEC_PER_MSEC, EDU_TIMEOUT_US);
	if (ret) {
		pci_err(edu->pdev, "the DMA engine does not come to an end\n");
		pci_clear_master(edu->pdev);
		edu->stuck = true;
	}
	return ret;
}

static int edu_run(struct dvp_edu *edu, u64 src, u64 dst, size_t length,
		   u64 direction)
{
	if (edu->stuck)
		return -EIO;
	edu_start(edu, src, dst, length, direction);
	return edu_wait(edu);
}

static int edu_from_bus(struct dvp_edu *edu, dma_addr_t from, size_t length)
{
	return edu_run(edu, from, EDU_BUFFER, length, 0);
}

static int edu_to_bus(struct dvp_edu *edu, dma_addr_t to, size_t length)
{
	return edu_run(edu, EDU_BUFFER, to, length, EDU_DMA_CMD_TO_BUS);
}

int dvp_edu_write(struct dvp_edu *edu, dma_addr_t to, const void *from,
		  size_t length)
{
	int ret;

	mutex_lock(&edu->lock);
	memcpy(edu->bounce, from, length);
	ret = edu_from_bus(edu, edu->bounce_addr, length);
	if (!ret)
		ret = edu_to_bus(edu, to, length);
	mutex_unlock(&edu->lock);
	return ret;
}

/*
 * Returns shortly before a write reaches the bus, or after it if the caller was
 * delayed.  After success, dvp_edu_write_end() has to follow.
 */
int dvp_edu_write_begin(struct dvp_edu *edu, dma_addr_t to, const void *from,
			size_t length)
{
	int ret;

	mutex_lock(&edu->lock);
	memcpy(edu->bounce, from, length);
	ret = edu_from_bus(edu, edu->bounce_addr, length);
	if (ret) {
		mutex_unlock(&edu->lock);
		return ret;
	}
	edu_start(edu, EDU_BUFFER, to, length, EDU_DMA_CMD_TO_BUS);
	usleep_range(EDU_DELAY_US * 95 / 100, EDU_DELAY_US * 96 / 100);
	return 0;
}

/* Returns whether the write had not reached the bus when this was called. */
bool dvp_edu_write_end(struct dvp_edu *edu)
{
	bool before = readq(edu->regs + EDU_DMA_CMD) & EDU_DMA_CMD_RUN;

	edu_wait(edu);
	mutex_unlock(&edu->lock);
	return before;
}

int dvp_edu_read(struct dvp_edu *edu, void *to, dma_addr_t from, size_t length)
{
	int ret;

	mutex_lock(&edu->lock);
	ret = edu_from_bus(edu, from, length);
	if (!ret)
		ret = edu_to_bus(edu, edu->bounce_addr, length);
	if (!ret)
		memcpy(to, edu->bounce, length);
	mutex_unlock(&edu->lock);
	return ret;
}
