// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space writes that decide whether the device answers: the memory bit of
 * the command register and the power state in PMCSR.  A reset by config write is
 * not decoded here: the PCI core reports it to reset.c.
 */
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "dvp.h"
#include "revoke.h"

/**
 * struct dvp_write - a write to the config space
 * @user: data; userspace may change it at any time
 * @pos: offset in the config space, in bytes
 * @count: length in bytes
 */
struct dvp_write {
	const u8 __user *user;
	loff_t pos;
	size_t count;
};

/*
 * The core splits a write into aligned pieces and acts on the piece that starts
 * at a watched register.  All watched bits are in the first byte of a register.
 */
static bool dvp_write_covers(const struct dvp_write *write, unsigned int reg)
{
	return reg >= write->pos && reg - write->pos < write->count;
}

/* Offset of PMCSR; PCI_COMMAND, which is watched anyway, if there is none. */
static unsigned int dvp_pmcsr(const struct pci_dev *pdev)
{
	return pdev->pm_cap ? pdev->pm_cap + PCI_PM_CTRL : PCI_COMMAND;
}

static bool dvp_write_is_watched(struct pci_dev *pdev,
				 const struct dvp_write *write)
{
	return dvp_write_covers(write, PCI_COMMAND) ||
	       dvp_write_covers(write, dvp_pmcsr(pdev));
}

static bool dvp_write_peek(const struct dvp_write *write, unsigned int reg,
			   u8 *byte)
{
	return dvp_write_covers(write, reg) &&
	       !get_user(*byte, write->user + (reg - write->pos));
}

/* The core ignores a power state that the device does not support. */
static bool dvp_state_sleeps(const struct pci_dev *pdev, u8 pmcsr)
{
	switch (pmcsr & PCI_PM_CTRL_STATE_MASK) {
	case (__force u8)PCI_D0:
		return false;
	case (__force u8)PCI_D1:
		return pdev->d1_support;
	case (__force u8)PCI_D2:
		return pdev->d2_support;
	default:
		return true;
	}
}

static bool dvp_write_disables(struct pci_dev *pdev,
			       const struct dvp_write *write)
{
	u8 byte;

	if (!pdev->no_command_memory &&
	    dvp_write_peek(write, PCI_COMMAND, &byte) &&
	    !(byte & PCI_COMMAND_MEMORY))
		return true;

	return pdev->pm_cap &&
	       dvp_write_peek(write, dvp_pmcsr(pdev), &byte) &&
	       dvp_state_sleeps(pdev, byte);
}

/*
 * userfaultfd or FUSE can delay the core's copy from userspace in the middle of
 * a write for as long as the user likes.  It must not be delayed between the write
 * of a watched register and dvp_revoke_end(), so end each call of the core behind
 * such a register.  The core acts on aligned pieces of at most four bytes and
 * copies each of them at once.
 */
static void dvp_write_cut(struct dvp_write *write, unsigned int reg)
{
	if (dvp_write_covers(write, reg))
		write->count = min_t(size_t, write->count, reg + 4 - write->pos);
}

/* Write a part of @write, as much as one call of the core may. */
static ssize_t dvp_write_piece(struct dvp_device *dvp, struct dvp_write write,
			       loff_t *ppos)
{
	struct pci_dev *pdev = dvp->core.pdev;
	bool watched = dvp_write_is_watched(pdev, &write);
	ssize_t ret = 0;

	if (watched) {
		dvp_write_cut(&write, PCI_COMMAND);
		dvp_write_cut(&write, dvp_pmcsr(pdev));
		ret = dvp_revoke_begin(dvp->access,
				       dvp_write_disables(pdev, &write));
	}
	if (!ret)
		ret = vfio_pci_core_write(&dvp->core.vdev, write.user,
					  write.count, ppos);
	if (watched)
		dvp_revoke_end(dvp->access, &dvp->core);
	return ret;
}

/**
 * dvp_config_write() - write to the config space; revoke if that disables memory
 * @dvp: device
 * @user: data
 * @count: length in bytes
 * @ppos: position in the device's file, in the config region; is advanced
 *
 * A write that covers no watched register takes no lock of this driver.
 *
 * Context: may sleep, for as long as importers need to unmap if the write makes
 * the device's memory unreachable.
 * Return: number of bytes written; -EINTR if the caller was killed while it waited
 * for importers; or the errno of vfio_pci_core_write().
 */
ssize_t dvp_config_write(struct dvp_device *dvp, const char __user *user,
			 size_t count, loff_t *ppos)
{
	struct dvp_write write = {
		.user	= user,
		.pos	= *ppos & VFIO_PCI_OFFSET_MASK,
		.count	= count,
	};
	ssize_t ret;

	/* The core refuses a write that ends beyond the config space. */
	if (write.pos + count > dvp->core.pdev->cfg_size)
		return vfio_pci_core_write(&dvp->core.vdev, user, count, ppos);
	for (; write.count; write.count -= ret) {
		ret = dvp_write_piece(dvp, write, ppos);
		if (ret < 0)
			return ret;
		write.user += ret;
		write.pos += ret;
	}
	return count;
}
