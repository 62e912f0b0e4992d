// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is held of the kernel's memory.  The allocators' tracepoints tell what a
 * call of ours allocates, and what of that it frees again.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"

#define TRACING		"/sys/kernel/debug/tracing"
#define MAX_OBJECTS	4096

/* One that has to begin a new slab has to pay for what goes with it. */
#define TRIES		8

/**
 * struct object - what is allocated
 * @address: as the trace has it
 * @size: in bytes, as allocated
 */
struct object {
	char address[24];
	unsigned long size;
};

static struct object objects[MAX_OBJECTS];
static size_t nr_objects;

/* What a trace holds of which nothing happens. */
static long long idle;

/* Allocations and what frees them, by whatever names the kernel has for them. */
static void switch_events(const char *value)
{
	static const char *const patterns[] = {
		TRACING "/events/kmem/kmalloc*/enable",
		TRACING "/events/kmem/kmem_cache_alloc*/enable",
		TRACING "/events/kmem/kfree/enable",
		TRACING "/events/kmem/kmem_cache_free/enable",
		TRACING "/events/kmem/mm_page_alloc/enable",
		TRACING "/events/kmem/mm_page_free/enable",
	};
	size_t i, j;
	glob_t found;

	for (i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		if (glob(patterns[i], 0, NULL, &found))
			measure_must("looking for tracepoints", -ENOENT);
		for (j = 0; j < found.gl_pathc; j++)
			measure_must("switching tracepoints",
				     write_file(found.gl_pathv[j], value));
		globfree(&found);
	}
}

static void start_trace(void)
{
	char pid[16];
	FILE *trace;

	snprintf(pid, sizeof(pid), "%d", getpid());
	measure_must("tracing", write_file(TRACING "/set_event_pid", pid));
	/* To open it for writing is to empty it. */
	trace = fopen(TRACING "/trace", "w");
	measure_must("emptying the trace", trace ? 0 : -errno);
	fclose(trace);
	switch_events("1");
}

/* The word after @key, or "". */
static const char *value_of(const char *line, const char *key)
{
	static char word[24];
	const char *at = strstr(line, key);

	word[0] = '\0';
	if (at)
		sscanf(at + strlen(key), "%23s", word);
	return word;
}

static void add_object(const char *address, unsigned long size)
{
	if (nr_objects == MAX_OBJECTS)
		measure_must("counting objects", -ENOSPC);
	snprintf(objects[nr_objects].address, sizeof(objects->address), "%s",
		 address);
	objects[nr_objects++].size = size;
}

static void drop_object(const char *address)
{
	size_t i;

	for (i = 0; i < nr_objects; i++)
		if (!strcmp(objects[i].address, address)) {
			objects[i] = objects[--nr_objects];
			return;
		}
}

/*
 * Compound pages are those of which the allocator of objects makes its own, and
 * the IOMMU its tables, which hold the same for whoever maps.
 */
static void read_page(const char *line)
{
	char address[24];

	snprintf(address, sizeof(address), "%s", value_of(line, " pfn="));
	if (strstr(line, "mm_page_free:"))
		drop_object(address);
	else if (!strstr(line, "__GFP_COMP"))
		add_object(address, PAGE << strtoul(value_of(line, " order="),
						    NULL, 10));
}

/* What the importer itself allocates is nobody's cost. */
static void read_event(const char *line)
{
	char address[24];
	unsigned long size;

	if (strstr(line, " pfn=")) {
		read_page(line);
		return;
	}
	snprintf(address, sizeof(address), "%s", value_of(line, " ptr="));
	if (!address[0] || strstr(line, "[dvp_importer]"))
		return;
	size = strtoul(value_of(line, " bytes_alloc="), NULL, 10);
	if (size)
		add_object(address, size);
	else
		drop_object(address);
}

/* Returns what is still there of what was allocated meanwhile, in bytes. */
static long long end_trace(void)
{
	long long sum = 0;
	char line[512];
	FILE *trace;

	switch_events("0");
	nr_objects = 0;
	trace = fopen(TRACING "/trace", "r");
	if (!trace)
		measure_must("reading the trace", -errno);
	while (fgets(line, sizeof(line), trace))
		if (line[0] != '#')
			read_event(line);
	fclose(trace);
	while (nr_objects)
		sum += objects[--nr_objects].size;
	return sum;
}

static long long min(long long a, long long b)
{
	return a < b ? a : b;
}

static int measure_buffer(const struct measure_side *side, unsigned int count)
{
	long long least = LLONG_MAX;
	int buffer = -1, i;

	for (i = 0; i < TRIES; i++) {
		if (buffer >= 0)
			close(buffer);
		start_trace();
		buffer = measure_export(side, count, PAGE);
		least = min(least, end_trace());
		measure_must("exporting", buffer);
	}
	measure_row(side, least - idle, "mem-buffer-%u", count);
	return buffer;
}

static void measure_mapping(const struct measure_side *side, int buffer,
			    enum measure_way way, unsigned int count)
{
	int import = measure_importers.fds[way], ret, i;
	long long least = LLONG_MAX;

	/* The first mapping, as memory may be kept for the next one. */
	for (i = 0; i < TRIES; i++) {
		measure_must("attaching", importer_attach(import, buffer));
		start_trace();
		ret = importer_map(import);
		least = min(least, end_trace());
		if (!ret)
			importer_unmap(import);
		measure_must("detaching", importer_detach(import));
	}
	measure_row(side, ret ?: least - idle, "mem-map-%s-%u", measure_ways[way],
		    count);
}

static void measure_attachment(const struct measure_side *side, int buffer)
{
	int import = measure_importers.fds[IOMMU], i;
	long long least = LLONG_MAX;

	for (i = 0; i < TRIES; i++) {
		start_trace();
		measure_must("attaching", importer_attach(import, buffer));
		least = min(least, end_trace());
		measure_must("detaching", importer_detach(import));
	}
	measure_row(side, least - idle, "mem-attach");
}

/* What it takes to trace, with nothing in between. */
static void look_at_idle(void)
{
	int i;

	idle = LLONG_MAX;
	for (i = 0; i < TRIES; i++) {
		start_trace();
		idle = min(idle, end_trace());
	}
}

void measure_memory(struct measure_side *side)
{
	static const unsigned int counts[] = { 1, 4096 };
	int buffer;
	size_t i;

	look_at_idle();
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		buffer = measure_buffer(side, counts[i]);
		if (counts[i] == 1)
			measure_attachment(side, buffer);
		measure_mapping(side, buffer, BUS, counts[i]);
		measure_mapping(side, buffer, IOMMU, counts[i]);
		close(buffer);
	}
}
