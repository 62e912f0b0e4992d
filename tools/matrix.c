// SPDX-License-Identifier: GPL-2.0-only
/*
 * The paths as text.  Devices below a common bridge are an island: each has a matrix of
 * its own, and another one has the paths between islands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../compat/pci_p2pdma_texts.h"
#include "topo.h"
#include "util.h"

/* The column of an island in which paths differ. */
#define MIXED "mix"

/**
 * struct island - devices below a common bridge, or a single one
 * @members: indices of its devices among the ends
 * @count: number of @members
 */
struct island {
	size_t *members;
	size_t count;
};

static const char *cell(const struct path *path)
{
	switch (path->type) {
	case MAP_BUS_ADDR:
		return "BUS";
	case MAP_THRU_HOST_BRIDGE:
		return path_is_detour(path) ? "ACS" : "HOST";
	case MAP_NOT_SUPPORTED:
		return path_is_detour(path) ? "ACS-" : "-";
	default:
		return "?";
	}
}

/* The root of the island that an end belongs to: ends point to earlier ends. */
static size_t root_of(const size_t *above, size_t end)
{
	while (above[end] != end)
		end = above[end];
	return end;
}

static size_t *join(const struct topo *topo)
{
	size_t *above = allocate(topo->nr_ends, sizeof(*above));
	size_t a, b, one, other;

	for (a = 0; a < topo->nr_ends; a++) {
		above[a] = a;
		for (b = 0; b < a; b++) {
			if (!topo_path(topo, a, b)->common)
				continue;
			one = root_of(above, a);
			other = root_of(above, b);
			above[one > other ? one : other] = one < other ? one : other;
		}
	}
	return above;
}

static struct island *find_islands(const struct topo *topo, size_t *count)
{
	struct island *islands = allocate(topo->nr_ends, sizeof(*islands));
	size_t *above = join(topo), i, j;

	*count = 0;
	for (i = 0; i < topo->nr_ends; i++) {
		struct island *island = &islands[*count];

		if (above[i] != i)
			continue;
		island->members = allocate(topo->nr_ends, sizeof(*island->members));
		for (j = i; j < topo->nr_ends; j++)
			if (root_of(above, j) == i)
				island->members[island->count++] = j;
		++*count;
	}
	free(above);
	return islands;
}

static void print_heading(const char *first)
{
	printf("%4s %-14s %4s %5s ", "", first, "node", "group");
}

/* Its number, name, NUMA node and IOMMU group. */
static void print_device(const struct topo *topo, size_t end)
{
	const char *bdf = topo->ends[end]->bdf;
	int node = (int)device_number(bdf, "numa_node");
	int group = device_group(bdf);
	char words[2][16] = { "-", "-" };

	if (node >= 0)
		snprintf(words[0], sizeof(words[0]), "%d", node);
	if (group >= 0)
		snprintf(words[1], sizeof(words[1]), "%d", group);
	printf("%4zu %-14s %4s %5s ", end + 1, bdf, words[0], words[1]);
}

static void print_name(const struct topo *topo, size_t end)
{
	printf("  %s", topo->ends[end]->what);
	if (topo->folded && topo->folded[end])
		printf(" (and %u VFs)", topo->folded[end]);
	putchar('\n');
}

static void print_island(const struct topo *topo, const struct island *island)
{
	size_t i, j;

	print_heading("from \\ to");
	for (j = 0; j < island->count; j++)
		printf("%5zu", island->members[j] + 1);
	putchar('\n');
	for (i = 0; i < island->count; i++) {
		print_device(topo, island->members[i]);
		for (j = 0; j < island->count; j++)
			printf("%5s", i == j ? "." :
			       cell(topo_path(topo, island->members[i],
					      island->members[j])));
		print_name(topo, island->members[i]);
	}
}

static const char *cell_between(const struct topo *topo,
				const struct island *from,
				const struct island *to)
{
	const char *found = NULL, *other;
	size_t i, j;

	for (i = 0; i < from->count; i++)
		for (j = 0; j < to->count; j++) {
			other = cell(topo_path(topo, from->members[i],
					       to->members[j]));
			if (found && strcmp(found, other))
				return MIXED;
			found = other;
		}
	return found;
}

/* An island is called after its first device. */
static void print_between(const struct topo *topo, const struct island *islands,
			  size_t count)
{
	size_t i, j;

	print_heading("from \\ to");
	for (j = 0; j < count; j++)
		printf("%4zu%s", islands[j].members[0] + 1,
		       islands[j].count > 1 ? "+" : " ");
	putchar('\n');
	for (i = 0; i < count; i++) {
		print_device(topo, islands[i].members[0]);
		for (j = 0; j < count; j++)
			printf("%5s", i == j ? "." :
			       cell_between(topo, &islands[i], &islands[j]));
		if (islands[i].count > 1)
			printf("  and the other %zu of its island\n",
			       islands[i].count - 1);
		else
			print_name(topo, islands[i].members[0]);
	}
}

/* Whether a name is in a list whose separators are semicolons. */
static bool is_listed(const char *list, const char *name)
{
	const char *found = list ? strstr(list, name) : NULL;

	return found && (!found[strlen(name)] || found[strlen(name)] == ';');
}

static void add_ports(char **all, const char *ports)
{
	char *copy = text("%s", ports), *rest = copy, *port;

	while ((port = strsep(&rest, ";")))
		if (!is_listed(*all, port))
			append(all, "%s%s", *all ? ";" : "", port);
	free(copy);
}

/* What keeps devices below a common bridge from the short path. */
static char *redirecting_ports(const struct topo *topo)
{
	const struct path *path;
	char *ports = NULL;
	size_t a, b;

	for (a = 0; a < topo->nr_ends; a++)
		for (b = 0; b < topo->nr_ends; b++) {
			path = topo_path(topo, a, b);
			if (a != b && path_is_detour(path))
				add_ports(&ports, path->redirecting);
		}
	return ports;
}

static void print_legend(const struct topo *topo)
{
	char *ports = redirecting_ports(topo);

	puts("\n"
	     "BUS   by bus addresses, below a common bridge, unseen by the IOMMU\n"
	     "HOST  through the host bridge\n"
	     "ACS   through the host bridge, because ACS redirects: slow\n"
	     "ACS-  no path, because ACS redirects to a host bridge that is not known to\n"
	     "      forward reads and writes\n"
	     "-     no path\n"
	     "?     only root can tell\n"
	     "\"" NAME " check TO FROM\" says why.");
	if (ports)
		printf("\nTo make ACS and ACS- into BUS:\n"
		       COMPAT_P2PDMA_BOOT "%s" COMPAT_P2PDMA_ISOLATION "\n", ports);
	free(ports);
}

static void print_islands(const struct topo *topo)
{
	size_t count, i, shown = 0;
	struct island *islands = find_islands(topo, &count);

	for (i = 0; i < count; i++) {
		if (islands[i].count < 2)
			continue;
		printf("%sIsland %zu, below a common bridge:\n", shown ? "\n" : "",
		       shown + 1);
		print_island(topo, &islands[i]);
		shown++;
	}
	if (count > 1) {
		puts(shown ? "\nBetween the islands and the other devices:" :
		     "Between the devices:");
		print_between(topo, islands, count);
	}
	for (i = 0; i < count; i++)
		free(islands[i].members);
	free(islands);
}

void topo_print_matrix(const struct topo *topo)
{
	struct island all = { .count = topo->nr_ends };
	size_t i;

	if (!topo->nr_ends) {
		puts("no device can export or import; --all shows those that cannot");
		return;
	}
	if (topo->named || topo->nr_ends == 1) {
		all.members = allocate(all.count, sizeof(*all.members));
		for (i = 0; i < all.count; i++)
			all.members[i] = i;
		print_island(topo, &all);
		free(all.members);
	} else {
		print_islands(topo);
	}
	print_legend(topo);
}
