// SPDX-License-Identifier: GPL-2.0-only
/*
 * The picture: a box for each host bridge with the tree below it, bridges coloured by
 * their ACS; and the paths between the devices, coloured by their type, one line for
 * both directions where they are alike.
 */
#include <stdio.h>
#include <string.h>

#include "topo.h"
#include "util.h"

#define GREEN	"#2e8b57"
#define BLUE	"#1f77b4"
#define ORANGE	"#e69f00"
#define RED	"#c0392b"
#define GREY	"#888888"

static const struct {
	const char *colour;
	const char *style;
} looks[MAP_TYPES] = {
	[MAP_UNKNOWN] = { GREY, "dashed" },
	[MAP_NOT_SUPPORTED] = { RED, "dotted" },
	[MAP_BUS_ADDR] = { GREEN, "bold" },
	[MAP_THRU_HOST_BRIDGE] = { BLUE, "bold" },
};

/* A longer name would make the picture wide. */
#define NAME_LENGTH	44

/* Within quotes, which a name of the list of ids can have, too. */
static void print_quoted(const char *words)
{
	const char *end = words + NAME_LENGTH;

	for (; *words && words < end; words++) {
		if (*words == '"' || *words == '\\')
			putchar('\\');
		putchar(*words);
	}
}

static const char *acs_colour(const struct function *function)
{
	if (function->redirects == UNKNOWN)
		return GREY;
	return function->redirects == YES ? ORANGE : GREEN;
}

static const char *acs_words(const struct function *function)
{
	switch (function->has_acs) {
	case NO:
		return "no ACS";
	case UNKNOWN:
		return "ACS unknown";
	default:
		return function->redirects == YES ? "ACS redirects" :
						    "ACS does not redirect";
	}
}

static bool is_end(const struct topo *topo, const struct function *function)
{
	size_t i;

	for (i = 0; i < topo->nr_ends; i++)
		if (topo->ends[i] == function)
			return true;
	return false;
}

/* The ends, and the bridges above them. */
static bool is_shown(const struct topo *topo, const struct function *function)
{
	const struct function *end;
	size_t i;

	for (i = 0; i < topo->nr_ends; i++)
		for (end = topo->ends[i]; end; end = end->parent)
			if (end == function)
				return true;
	return false;
}

static bool has_shown(const struct topo *topo, const struct host *host)
{
	const struct machine *machine = topo->machine;
	size_t i;

	for (i = 0; i < machine->nr_functions; i++)
		if (machine->functions[i].host == host &&
		    is_shown(topo, &machine->functions[i]))
			return true;
	return false;
}

static void print_vfs(const struct topo *topo, const struct function *function)
{
	size_t i;

	for (i = 0; topo->folded && i < topo->nr_ends; i++)
		if (topo->ends[i] == function && topo->folded[i])
			printf(" (and %u VFs)", topo->folded[i]);
}

static void print_function(const struct topo *topo,
			   const struct function *function)
{
	printf("    \"%s\" [label=\"%s%s%s\\n", function->bdf, function->bdf,
	       function->is_bridge ? ", " : "",
	       function->is_bridge ? acs_words(function) : "");
	print_quoted(function->what);
	print_vfs(topo, function);
	if (function->is_bridge)
		printf("\", shape=box, style=filled, fillcolor=\"%s\", fontcolor=white",
		       acs_colour(function));
	else
		printf("\", shape=ellipse%s", is_end(topo, function) ?
		       ", style=bold" : ", color=\"" GREY "\"");
	puts("];");
}

static const char *host_words(const struct topo *topo, const struct host *host)
{
	if (topo->machine->cpu_forwards)
		return "forwards (AMD, Zen or later)";
	if (host->tells == UNKNOWN)
		return "only root can tell whether it forwards";
	if (!host->entry)
		return "not known to forward";
	return host->entry->same_only ? "forwards, only below itself" :
					"forwards";
}

static void print_host(const struct topo *topo, const struct host *host)
{
	const struct machine *machine = topo->machine;
	size_t i;

	printf("  subgraph \"cluster_%s\" {\n", host->name);
	printf("    label=\"host bridge %s: %s\"; color=\"%s\"; fontcolor=\"%s\";\n",
	       host->name, host_words(topo, host),
	       machine->cpu_forwards || host->entry ? BLUE : RED,
	       machine->cpu_forwards || host->entry ? BLUE : RED);
	for (i = 0; i < machine->nr_functions; i++)
		if (machine->functions[i].host == host &&
		    is_shown(topo, &machine->functions[i]))
			print_function(topo, &machine->functions[i]);
	puts("  }");
}

static void print_tree(const struct topo *topo)
{
	const struct machine *machine = topo->machine;
	const struct function *function;

	for (function = machine->functions;
	     function < machine->functions + machine->nr_functions; function++)
		if (function->parent && is_shown(topo, function))
			printf("  \"%s\" -> \"%s\" [dir=none];\n",
			       function->parent->bdf, function->bdf);
}

/* Paths do not shape the tree. */
static void print_path(const struct topo *topo, size_t from, size_t to,
		      bool both)
{
	const struct path *path = topo_path(topo, from, to);

	printf("  \"%s\" -> \"%s\" [constraint=false, color=\"%s\", style=%s, dir=%s];\n",
	       topo->ends[from]->bdf, topo->ends[to]->bdf,
	       looks[path->type].colour, looks[path->type].style,
	       both ? "both" : "forward");
}

/*
 * Without names, only those paths are drawn that the colours of the host bridges do not
 * imply.
 */
static bool is_drawn(const struct topo *topo, size_t from, size_t to)
{
	enum map_type type = topo_path(topo, from, to)->type;

	return topo->named || type == MAP_BUS_ADDR || type == MAP_UNKNOWN;
}

static void print_pair(const struct topo *topo, size_t a, size_t b)
{
	bool alike = topo_path(topo, a, b)->type == topo_path(topo, b, a)->type;

	if (!is_drawn(topo, a, b) && !is_drawn(topo, b, a))
		return;
	print_path(topo, a, b, alike);
	if (!alike)
		print_path(topo, b, a, false);
}

static void print_legend(void)
{
	enum map_type type;

	puts("  subgraph cluster_legend {\n"
	     "    label=\"paths\"; color=\"" GREY "\"; node [shape=plaintext];");
	for (type = 0; type < MAP_TYPES; type++)
		printf("    \"%s\" [fontcolor=\"%s\"];\n",
		       map_type_names[type], looks[type].colour);
	puts("  }");
}

void topo_print_dot(const struct topo *topo)
{
	size_t a, b;

	puts("digraph pci {\n"
	     "  graph [fontname=\"sans-serif\", rankdir=LR, ranksep=0.4, nodesep=0.1];\n"
	     "  node [fontname=\"sans-serif\", fontsize=10];");
	for (a = 0; a < topo->machine->nr_hosts; a++)
		if (has_shown(topo, &topo->machine->hosts[a]))
			print_host(topo, &topo->machine->hosts[a]);
	print_tree(topo);
	for (a = 0; a < topo->nr_ends; a++)
		for (b = a + 1; b < topo->nr_ends; b++)
			print_pair(topo, a, b);
	print_legend();
	puts("}");
}
