// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"
#include "flavour.h"
#include "use.h"

/* driver_override binds it to this driver, unless somebody else has bound it. */
static void check_claim(struct facts *facts, const char *bdf,
			const char *driver)
{
	char override[WORD_SIZE];

	if (!device_is_claimed(bdf))
		return;
	device_attr(bdf, "driver_override", override, sizeof(override));
	fact_add(facts, WARNING, bdf, "device.claimed",
		 text("its driver_override names %s, but %s%s has it", override,
		      *driver ? driver : "no", *driver ? "" : " driver"),
		 text("something else rebinds it (a VM manager?); " NAME " bind %s takes it again, unbind gives up the claim",
		      bdf));
}

static void check_driver(struct facts *facts, const char *bdf)
{
	char *driver = text("%s", device_driver(bdf));

	if (device_is_ours(bdf)) {
		fact_add(facts, OK, bdf, "device.bound",
			 text("it is bound to %s", driver), NULL);
	} else if (*driver) {
		fact_add(facts, WARNING, bdf, "device.other-driver",
			 text("it is bound to %s", driver),
			 text(NAME " bind %s", bdf));
		check_claim(facts, bdf, driver);
	} else {
		fact_add(facts, WARNING, bdf, "device.no-driver",
			 text("it has no driver"), text(NAME " bind %s", bdf));
		check_claim(facts, bdf, driver);
	}
	free(driver);
}

/* A PF's user must agree to whoever opens its VFs. */
static void check_token(struct facts *facts, const char *bdf)
{
	char *path = text(DEVICES "/%s/physfn", bdf), pf[BDF_SIZE];

	if (!read_link_name(path, pf, sizeof(pf)) &&
	    device_is_vfio(device_driver(pf)))
		fact_add(facts, WARNING, bdf, "device.vf-token",
			 text("its PF %s is bound to %s, so opening it takes a VF token",
			      pf, device_driver(pf)),
			 text("QEMU: vf-token=UUID for both; DPDK: --vfio-vf-token=UUID"));
	free(path);
}

static void check_users(struct facts *facts, const char *bdf)
{
	bool is_bound = device_is_ours(bdf);
	char *use = use_by_process(bdf);

	if (use)
		fact_add(facts, is_bound ? OK : WARNING, bdf, "device.open", use,
			 is_bound ? NULL : text("close it there before it is bound"));
	use = is_bound ? NULL : use_by_machine(bdf);
	if (use)
		fact_add(facts, WARNING, bdf, "device.in-use",
			 text("this machine uses it: %s", use),
			 text("bind refuses it without --force"));
	if (!is_bound)
		free(use);
}

static char *others_of(const struct group *group, const char *bdf)
{
	char *names = NULL;
	size_t i;

	for (i = 0; i < group->count; i++)
		if (strcmp(group->members[i], bdf))
			append(&names, "%s%s", names ? ", " : "",
			       group->members[i]);
	return names ? names : text("nothing else");
}

static void check_group(struct facts *facts, const char *bdf,
			const struct group *group)
{
	char *names = group_blockers(group, bdf);

	if (names) {
		fact_add(facts, NOT_OK, bdf, "group.blocked",
			 text("IOMMU group %d cannot be opened because of %s",
			      group->number, names),
			 text(NAME " bind --group %s, or move it to another slot",
			      bdf));
	} else {
		names = others_of(group, bdf);
		fact_add(facts, OK, bdf, "group.free",
			 text("IOMMU group %d can be opened; beside it, it has %s",
			      group->number, names), NULL);
	}
	free(names);
}

/* "0xSTART 0xEND TYPE" */
static void check_region(struct facts *facts, const char *bdf,
			 const char *line)
{
	unsigned long long start, end;
	char type[32];

	if (sscanf(line, "%llx %llx %31s", &start, &end, type) != 3)
		return;
	if (!strcmp(type, "direct"))
		fact_add(facts, WARNING, bdf, "group.firmware-region",
			 text("the firmware claims 0x%llx to 0x%llx, and the kernel may refuse the group",
			      start, end),
			 text("look for an option of the firmware (RMRR)"));
	else
		fact_add(facts, OK, bdf, "group.reserved-region",
			 text("0x%llx to 0x%llx is reserved in its group (%s)",
			      start, end, type), NULL);
}

static void check_regions(struct facts *facts, const char *bdf, int group)
{
	char path[PATH_MAX], *lines, *rest, *line;

	snprintf(path, sizeof(path), GROUPS "/%d/reserved_regions", group);
	lines = read_all(path);
	rest = lines;
	while ((line = strsep(&rest, "\n")))
		check_region(facts, bdf, line);
	free(lines);
}

/* Kernels without VFIO_GROUP have only the device's own node. */
static void check_access(struct facts *facts, const char *bdf, int group)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	if (access(path, F_OK))
		device_node(bdf, path, sizeof(path));
	if (!access(path, R_OK | W_OK))
		fact_add(facts, OK, bdf, "node.usable",
			 text("this user may open %s", path), NULL);
	else if (errno == ENOENT)
		fact_add(facts, WARNING, bdf, "node.missing",
			 text("%s does not exist until the device is bound", path),
			 NULL);
	else
		fact_add(facts, WARNING, bdf, "node.forbidden",
			 text("this user may not open %s: %s", path,
			      strerror(errno)),
			 text("a udev rule can give it to a group"));
}

static void check_iommu(struct facts *facts, const char *bdf)
{
	int number = device_group(bdf);
	char type[WORD_SIZE];
	struct group *group;

	if (number < 0) {
		fact_add(facts, NOT_OK, bdf, "iommu.off",
			 text("it has no IOMMU group, because no IOMMU is enabled"),
			 text("enable VT-d or AMD-Vi in the firmware; a VM needs a vIOMMU"));
		return;
	}
	group_type(number, type, sizeof(type));
	fact_add(facts, OK, bdf, "iommu.on",
		 text("the IOMMU is enabled (%s)", *type ? type : "unknown type"),
		 NULL);
	group = group_load(number);
	check_group(facts, bdf, group);
	check_regions(facts, bdf, number);
	check_access(facts, bdf, number);
	group_free(group);
}

void facts_device(struct facts *facts, const struct function *device)
{
	char owner[BDF_SIZE];

	fact_add(facts, OK, device->bdf, "device.name", text("%s", device->what),
		 NULL);
	if (device->is_bridge) {
		fact_add(facts, NOT_OK, device->bdf, "device.bridge",
			 text("it is a bridge; VFIO cannot bind bridges"), NULL);
		return;
	}
	if (device_domain_owner(device->bdf, owner)) {
		fact_add(facts, NOT_OK, device->bdf, "device.behind-vmd",
			 text("it is behind VMD %s, which VFIO can only have as a whole",
			      owner),
			 text("turn VMD off in the firmware, or bind %s with all disks behind it",
			      owner));
		return;
	}
	check_driver(facts, device->bdf);
	check_token(facts, device->bdf);
	check_users(facts, device->bdf);
	check_iommu(facts, device->bdf);
	facts_bars(facts, device->bdf);
}
