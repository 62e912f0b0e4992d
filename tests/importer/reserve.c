// SPDX-License-Identifier: GPL-2.0-only
/* Adds a reserved region to every IOMMU group. */
#include <linux/iommu.h>
#include <linux/kprobes.h>
#include <linux/sched.h>

#include "compat/slab.h"
#include "importer.h"

#ifdef CONFIG_KRETPROBES
/* More than any test reads. */
#define TIMES 64

/**
 * struct dvp_reserve - a region that is added to those of every group, as if another
 * device of the group needed it
 * @others: on the function that looks at the devices of a group
 * @dev: the importing device, which is taken to look for others
 * @kretprobe: on the function that tells the regions
 * @tgid: of the process in whose calls it is there
 * @lock: protects @regions
 * @regions: one for each time that it is told.  Whoever asks for regions frees
 *	them, and a probe must not allocate memory.
 */
struct dvp_reserve {
	struct kprobe others;
	struct device *dev;
	struct kretprobe kretprobe;
	pid_t tgid;
	raw_spinlock_t lock;
	struct list_head regions;
};

static struct dvp_reserve *of_instance(struct kretprobe_instance *instance)
{
	return container_of(get_kretprobe(instance), struct dvp_reserve,
			    kretprobe);
}

/* Records the list that is about to be filled. */
static int reserve_entry(struct kretprobe_instance *instance,
			 struct pt_regs *regs)
{
	struct list_head **list = (void *)instance->data;

	if (current->tgid != of_instance(instance)->tgid)
		return 1;
	*list = (struct list_head *)regs_get_kernel_argument(regs, 1);
	return 0;
}

static int reserve_return(struct kretprobe_instance *instance,
			  struct pt_regs *regs)
{
	struct dvp_reserve *reserve = of_instance(instance);
	struct list_head **list = (void *)instance->data;
	struct iommu_resv_region *region;
	unsigned long flags;

	raw_spin_lock_irqsave(&reserve->lock, flags);
	region = list_first_entry_or_null(&reserve->regions,
					  struct iommu_resv_region, list);
	if (!WARN_ON_ONCE(!region))
		list_move_tail(&region->list, *list);
	raw_spin_unlock_irqrestore(&reserve->lock, flags);
	return 0;
}

/* The second argument of a function at its entry. */
static unsigned long *second_argument(struct pt_regs *regs)
{
#ifdef CONFIG_X86
	return &regs->si;
#else
	return (unsigned long *)&regs->regs[1];
#endif
}

/* The search for another device in the group finds the device itself. */
static int others_handler(struct kprobe *kprobe, struct pt_regs *regs)
{
	struct dvp_reserve *reserve = container_of(kprobe, struct dvp_reserve,
						   others);

	if (current->tgid == reserve->tgid &&
	    *second_argument(regs) == (unsigned long)reserve->dev)
		*second_argument(regs) = 0;
	return 0;
}

static void free_regions(struct dvp_reserve *reserve)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, &reserve->regions, list)
		kfree(region);
}

static int alloc_regions(struct dvp_reserve *reserve,
			 const struct dvp_importer_reserve *arg)
{
	struct iommu_resv_region *region;
	unsigned int i;

	for (i = 0; i < TIMES; i++) {
		region = kzalloc_obj(*region);
		if (!region)
			return -ENOMEM;
		region->start = arg->start;
		region->length = arg->length;
		region->type = arg->type;
		list_add_tail(&region->list, &reserve->regions);
	}
	return 0;
}

static int register_probes(struct dvp_reserve *reserve)
{
	int ret = register_kretprobe(&reserve->kretprobe);

	if (ret)
		return ret;
	ret = register_kprobe(&reserve->others);
	if (ret)
		unregister_kretprobe(&reserve->kretprobe);
	return ret;
}

struct dvp_reserve *dvp_reserve_start(const struct dvp_importer_reserve *arg,
				      struct device *dev)
{
	struct dvp_reserve *reserve;
	int ret;

	reserve = kzalloc_obj(*reserve);
	if (!reserve)
		return ERR_PTR(-ENOMEM);
	raw_spin_lock_init(&reserve->lock);
	INIT_LIST_HEAD(&reserve->regions);
	reserve->tgid = current->tgid;
	reserve->dev = dev;
	reserve->kretprobe.kp.symbol_name = "iommu_get_group_resv_regions";
	reserve->kretprobe.entry_handler = reserve_entry;
	reserve->kretprobe.handler = reserve_return;
	reserve->kretprobe.data_size = sizeof(struct list_head *);
	reserve->others.symbol_name = "iommu_group_for_each_dev";
	reserve->others.pre_handler = others_handler;
	ret = alloc_regions(reserve, arg);
	if (!ret)
		ret = register_probes(reserve);
	if (ret) {
		free_regions(reserve);
		kfree(reserve);
		return ERR_PTR(ret);
	}
	return reserve;
}

void dvp_reserve_stop(struct dvp_reserve *reserve)
{
	unregister_kprobe(&reserve->others);
	unregister_kretprobe(&reserve->kretprobe);
	free_regions(reserve);
	kfree(reserve);
}
#else
struct dvp_reserve *dvp_reserve_start(const struct dvp_importer_reserve *arg,
				      struct device *dev)
{
	return ERR_PTR(-EOPNOTSUPP);
}

void dvp_reserve_stop(struct dvp_reserve *reserve)
{
}
#endif
