// SPDX-License-Identifier: GPL-2.0-only
/* A reserved region that no firmware has asked for. */
#include <linux/iommu.h>
#include <linux/kprobes.h>
#include <linux/sched.h>

#include "compat/slab.h"
#include "importer.h"

#ifdef CONFIG_KRETPROBES
/**
 * struct dvp_reserve - a region that is added to those of every group
 * @kretprobe: on the function that tells them
 * @region: what of it does not change
 * @tgid: of the process in whose calls it is there
 */
struct dvp_reserve {
	struct kretprobe kretprobe;
	struct iommu_resv_region region;
	pid_t tgid;
};

static struct dvp_reserve *of_instance(struct kretprobe_instance *instance)
{
	return container_of(get_kretprobe(instance), struct dvp_reserve,
			    kretprobe);
}

/* Remembers the list that is about to be filled. */
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

	region = kmemdup(&reserve->region, sizeof(*region), GFP_ATOMIC);
	if (region)
		list_add_tail(&region->list, *list);
	return 0;
}

struct dvp_reserve *dvp_reserve_start(const struct dvp_importer_reserve *arg)
{
	struct dvp_reserve *reserve;
	int ret;

	reserve = kzalloc_obj(*reserve);
	if (!reserve)
		return ERR_PTR(-ENOMEM);
	reserve->region.start = arg->start;
	reserve->region.length = arg->length;
	reserve->region.type = arg->type;
	reserve->tgid = current->tgid;
	reserve->kretprobe.kp.symbol_name = "iommu_get_group_resv_regions";
	reserve->kretprobe.entry_handler = reserve_entry;
	reserve->kretprobe.handler = reserve_return;
	reserve->kretprobe.data_size = sizeof(struct list_head *);
	ret = register_kretprobe(&reserve->kretprobe);
	if (ret) {
		kfree(reserve);
		return ERR_PTR(ret);
	}
	return reserve;
}

void dvp_reserve_stop(struct dvp_reserve *reserve)
{
	unregister_kretprobe(&reserve->kretprobe);
	kfree(reserve);
}
#else
struct dvp_reserve *dvp_reserve_start(const struct dvp_importer_reserve *arg)
{
	return ERR_PTR(-EOPNOTSUPP);
}

void dvp_reserve_stop(struct dvp_reserve *reserve)
{
}
#endif
