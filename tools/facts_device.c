// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"

static void check_driver(struct facts *facts, const char *bdf)
{
	const char *driver = device_driver(bdf);

	if (!strcmp(driver, DRIVER))
		fact_add(facts, OK, bdf, text("it is bound to " DRIVER), NULL);
	else if (*driver)
		fact_add(facts, WARNING, bdf,
			 text("it is bound to %s", driver),
			 text(NAME " bind %s", bdf));
	else
		fact_add(facts, WARNING, bdf, text("no driver has it"),
			 text(NAME " bind %s", bdf));
}

/* Those of the group that keep it from userspace, separated by commas. */
static char *unviable_of(const struct group *group, const char *bdf)
{
	char *names = NULL;
	size_t i;

	for (i = 0; i < group->count; i++)
		if (strcmp(group->members[i], bdf) &&
		    !device_is_viable(group->members[i]))
			append(&names, "%s%s (%s)", names ? ", " : "",
			       group->members[i],
			       device_driver(group->members[i]));
	return names;
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
	char *names = unviable_of(group, bdf);

	if (names) {
		fact_add(facts, NOT_OK, bdf,
			 text("IOMMU group %d is not free, because of %s",
			      group->number, names),
			 text(NAME " bind --group %s, or another slot", bdf));
	} else {
		free(names);
		names = others_of(group, bdf);
		fact_add(facts, OK, bdf,
			 text("IOMMU group %d is free, and has in it %s",
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
		fact_add(facts, WARNING, bdf,
			 text("the firmware wants 0x%llx to 0x%llx for itself, which can forbid it",
			      start, end),
			 text("look for an option of the firmware (RMRR)"));
	else
		fact_add(facts, OK, bdf,
			 text("0x%llx to 0x%llx are reserved in its group (%s)",
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

static void check_access(struct facts *facts, const char *bdf, int group)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	if (!access(path, R_OK | W_OK))
		fact_add(facts, OK, bdf, text("%s is there for this user", path),
			 NULL);
	else if (errno == ENOENT)
		fact_add(facts, WARNING, bdf,
			 text("%s is not there until the device is bound", path),
			 NULL);
	else
		fact_add(facts, WARNING, bdf,
			 text("%s is not for this user: %s", path,
			      strerror(errno)),
			 text("a rule for udev can give it to a group"));
}

static void check_iommu(struct facts *facts, const char *bdf)
{
	int number = device_group(bdf);
	char type[WORD_SIZE];
	struct group *group;

	if (number < 0) {
		fact_add(facts, NOT_OK, bdf,
			 text("it is in no IOMMU group, because no IOMMU is on"),
			 text("switch VT-d or AMD-Vi on, and boot with intel_iommu=on on Intel"));
		return;
	}
	group_type(number, type, sizeof(type));
	fact_add(facts, OK, bdf,
		 text("the IOMMU is on (%s)", *type ? type : "of unknown type"),
		 NULL);
	group = group_load(number);
	check_group(facts, bdf, group);
	check_regions(facts, bdf, number);
	check_access(facts, bdf, number);
}

/* Returns whether it can be exported. */
static bool check_bar(struct facts *facts, const char *bdf, unsigned int index,
		      const struct bar *bar)
{
	char *size = size_text(bar->size);
	bool is_memory = bar->flags & BAR_MEM;
	bool has_page = bar->size >= (uint64_t)sysconf(_SC_PAGESIZE);

	if (!is_memory)
		fact_add(facts, OK, bdf,
			 text("BAR %u has %s of I/O ports, which cannot be exported",
			      index, size), NULL);
	else if (bar->flags & BAR_UNSET)
		fact_add(facts, WARNING, bdf,
			 text("BAR %u, %s, has got no addresses", index, size),
			 text("switch on \"Above 4G decoding\", or boot with pci=realloc"));
	else if (!has_page)
		fact_add(facts, OK, bdf,
			 text("BAR %u has %s, less than a page, which cannot be exported",
			      index, size), NULL);
	else
		fact_add(facts, OK, bdf,
			 text("BAR %u has %s of %d-bit%s memory, which can be exported",
			      index, size, bar->flags & BAR_MEM_64 ? 64 : 32,
			      bar->flags & BAR_PREFETCH ? " prefetchable" : ""),
			 NULL);
	free(size);
	return is_memory && has_page && !(bar->flags & BAR_UNSET);
}

/* A bit for each size that it can have: 1 MiB and up. */
static void check_resize(struct facts *facts, const char *bdf,
			 unsigned int index, const struct bar *bar)
{
	char attr[32], line[WORD_SIZE], *size, *now;
	unsigned long long sizes, most;

	snprintf(attr, sizeof(attr), "resource%u_resize", index);
	if (device_attr(bdf, attr, line, sizeof(line)))
		return;
	sizes = strtoull(line, NULL, 16);
	if (!sizes)
		return;
	most = 63 - __builtin_clzll(sizes);
	size = size_text(1ULL << 20 << most);
	now = size_text(bar->size);
	if (1ULL << 20 << most > bar->size)
		fact_add(facts, WARNING, bdf,
			 text("BAR %u has %s, and could have up to %s", index,
			      now, size),
			 text("write %llu to its %s while it has no driver",
			      most, attr));
	else
		fact_add(facts, OK, bdf,
			 text("BAR %u is as large as it can be made, %s", index,
			      now), NULL);
	free(size);
	free(now);
}

static void check_bars(struct facts *facts, const char *bdf)
{
	bool any = false;
	struct bar bar;
	unsigned int i;

	for (i = 0; i < NR_BARS; i++) {
		if (device_bar(bdf, i, &bar) || !bar.size)
			continue;
		any |= check_bar(facts, bdf, i, &bar);
		check_resize(facts, bdf, i, &bar);
	}
	if (!any)
		fact_add(facts, NOT_OK, bdf,
			 text("it has no BAR that can be exported"), NULL);
}

void facts_device(struct facts *facts, const struct function *device)
{
	fact_add(facts, OK, device->bdf, text("%s", device->what), NULL);
	if (device->is_bridge) {
		fact_add(facts, NOT_OK, device->bdf,
			 text("it is a bridge, which VFIO cannot have"), NULL);
		return;
	}
	check_driver(facts, device->bdf);
	check_iommu(facts, device->bdf);
	check_bars(facts, device->bdf);
}
