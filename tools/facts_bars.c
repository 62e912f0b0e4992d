// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"

/* A bit for each size that the BAR can have, from 1 MiB up; 0 if it cannot change. */
static unsigned long long sizes_of(const char *bdf, unsigned int index)
{
	char attr[32], line[WORD_SIZE];

	snprintf(attr, sizeof(attr), "resource%u_resize", index);
	return device_attr(bdf, attr, line, sizeof(line)) ? 0 :
	       strtoull(line, NULL, 16);
}

static void check_unset(struct facts *facts, const char *bdf, unsigned int index,
			const char *size)
{
	char *advice = text("enable \"Above 4G decoding\" in the firmware, or boot with pci=realloc");

	if (sizes_of(bdf, index))
		append(&advice, ", or write a smaller size to its resource%u_resize",
		       index);
	fact_add(facts, WARNING, bdf, "bar.unassigned",
		 text("BAR %u, %s, has no address", index, size), advice);
}

/* Returns whether it can be exported. */
static bool check_bar(struct facts *facts, const char *bdf, unsigned int index,
		      const struct bar *bar)
{
	char *size = size_text(bar->size);
	bool is_usable = bar_is_exportable(bar);

	if (!(bar->flags & BAR_MEM))
		fact_add(facts, OK, bdf, "bar.io",
			 text("BAR %u has %s of I/O ports, which cannot be exported",
			      index, size), NULL);
	else if (bar->flags & BAR_UNSET)
		check_unset(facts, bdf, index, size);
	else if (!is_usable)
		fact_add(facts, OK, bdf, "bar.small",
			 text("BAR %u has %s, less than a page, which cannot be exported",
			      index, size), NULL);
	else
		fact_add(facts, OK, bdf, "bar.usable",
			 text("BAR %u has %s of %d-bit%s memory, which can be exported",
			      index, size, bar->flags & BAR_MEM_64 ? 64 : 32,
			      bar->flags & BAR_PREFETCH ? " prefetchable" : ""),
			 NULL);
	free(size);
	return is_usable;
}

static void check_resize(struct facts *facts, const char *bdf,
			 unsigned int index, const struct bar *bar)
{
	unsigned long long sizes = sizes_of(bdf, index), most;
	char *size, *now;

	if (!sizes || bar->flags & BAR_UNSET)
		return;
	most = 63 - __builtin_clzll(sizes);
	size = size_text(1ULL << 20 << most);
	now = size_text(bar->size);
	if (1ULL << 20 << most > bar->size)
		fact_add(facts, WARNING, bdf, "bar.resizable",
			 text("BAR %u has %s, and could have up to %s", index,
			      now, size),
			 text("unbind it and write %llu to its resource%u_resize; on ENOSPC the bridge above has no room: write less, unbind what else is below that bridge, or boot with pci=realloc",
			      most, index));
	else
		fact_add(facts, OK, bdf, "bar.largest",
			 text("BAR %u has the largest size that it can have, %s",
			      index, now), NULL);
	free(size);
	free(now);
}

void facts_bars(struct facts *facts, const char *bdf)
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
		fact_add(facts, NOT_OK, bdf, "bar.none",
			 text("it has no BAR that can be exported"), NULL);
}
