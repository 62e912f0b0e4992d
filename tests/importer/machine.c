// SPDX-License-Identifier: GPL-2.0-only
/* The calls about the machine, which need no importer. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "importer.h"

static int do_disguise(void __user *arg)
{
	struct dvp_importer_disguise disguise;
	struct pci_dev *pdev;

	if (copy_from_user(&disguise, arg, sizeof(disguise)))
		return -EFAULT;
	pdev = pci_get_domain_bus_and_slot(disguise.domain, disguise.bus,
					   disguise.devfn);
	if (!pdev)
		return -ENODEV;
	device_lock(&pdev->dev);
	pdev->vendor = disguise.vendor;
	pdev->device = disguise.device;
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
	return 0;
}

static int do_acs(void __user *arg)
{
	struct dvp_importer_acs acs;
	struct pci_dev *pdev;

	if (copy_from_user(&acs, arg, sizeof(acs)))
		return -EFAULT;
	pdev = pci_get_domain_bus_and_slot(acs.domain, acs.bus, acs.devfn);
	if (!pdev)
		return -ENODEV;
	device_lock(&pdev->dev);
	pdev->acs_cap = acs.position;
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
	return 0;
}

static int do_pretend(void __user *arg)
{
	struct dvp_importer_pretend pretend;

	if (copy_from_user(&pretend, arg, sizeof(pretend)))
		return -EFAULT;
	return dvp_pretend(&pretend);
}

static int do_routes(void __user *arg)
{
	struct dvp_importer_routes ask;
	struct dvp_importer_route *routes;
	int ret;

	if (copy_from_user(&ask, arg, sizeof(ask)))
		return -EFAULT;
	ask.capacity = min_t(u32, ask.capacity, DVP_MAX_ENTRIES);
	routes = kvcalloc(max(ask.capacity, 1U), sizeof(*routes), GFP_KERNEL);
	if (!routes)
		return -ENOMEM;
	ret = dvp_route_ask(&ask, routes);
	if (!ret && (copy_to_user(u64_to_user_ptr(ask.routes), routes,
				  min(ask.capacity, ask.count) *
				  sizeof(*routes)) ||
		     copy_to_user(arg, &ask, sizeof(ask))))
		ret = -EFAULT;
	kvfree(routes);
	return ret;
}

static int do_window(void __user *arg)
{
	struct dvp_importer_window window;

	if (copy_from_user(&window, arg, sizeof(window)))
		return -EFAULT;
	return dvp_route_move_window(&window);
}

static int do_peek(void __user *arg)
{
	struct dvp_importer_peek peek;
	void *data;
	int ret;

	if (copy_from_user(&peek, arg, sizeof(peek)))
		return -EFAULT;
	if (peek.length > PAGE_SIZE)
		return -EINVAL;
	data = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	ret = dvp_peek(peek.address, data, peek.length);
	if (!ret && copy_to_user(u64_to_user_ptr(peek.data), data, peek.length))
		ret = -EFAULT;
	kfree(data);
	return ret;
}

int dvp_machine_ioctl(unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case DVP_IMPORTER_DISGUISE:
		return do_disguise(arg);
	case DVP_IMPORTER_ACS:
		return do_acs(arg);
	case DVP_IMPORTER_PRETEND:
		return do_pretend(arg);
	case DVP_IMPORTER_ROUTES:
		return do_routes(arg);
	case DVP_IMPORTER_WINDOW:
		return do_window(arg);
	case DVP_IMPORTER_PEEK:
		return do_peek(arg);
	default:
		return -ENOTTY;
	}
}
