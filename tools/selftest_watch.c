// SPDX-License-Identifier: GPL-2.0-only
/* What the driver says of the device under test, in debugfs and by its tracepoints. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugfs.h"
#include "module.h"
#include "selftest.h"
#include "trace.h"
#include "values.h"

#define DEBUGFS	"/sys/kernel/debug"

static const char *const event_names[] = {
	[TRIAL_EXPORT] = "export",
	[TRIAL_REVOKE] = "revoke",
	[TRIAL_RESTORE] = "restore",
};

/* The driver sees nothing of what the kernel's exporter does. */
static void skip_intree(struct trial *trial)
{
	fact_add(trial->facts, SKIPPED, trial->bdf, "debugfs.intree",
		 text("vfio-pci-core exports, so revoke and restore cannot be seen"),
		 text("load the module with exporter=own"));
}

static void skip_debugfs(struct trial *trial)
{
	if (geteuid())
		fact_add(trial->facts, SKIPPED, trial->bdf, "debugfs.root",
			 text("only root can read debugfs"), NULL);
	else
		fact_add(trial->facts, SKIPPED, trial->bdf, "debugfs.missing",
			 text("debugfs has no entry for it: not mounted, or not in this kernel"),
			 text("mount -t debugfs none " DEBUGFS));
}

static void find_debugfs(struct trial *trial, bool *is_intree)
{
	char *lines = debugfs_read(trial->bdf, "state");
	json_t *state = lines ? state_parse(lines) : NULL;

	*is_intree = state ? !strcmp(member_string(state, "exporter"), "intree") :
			     module_is_intree();
	trial->lists = state && !*is_intree;
	if (*is_intree)
		skip_intree(trial);
	else if (!state)
		skip_debugfs(trial);
	json_decref(state);
	free(lines);
}

void trial_watch(struct trial *trial)
{
	bool is_intree;
	char *why;

	trial->seen = 0;
	trial->trace = -1;
	find_debugfs(trial, &is_intree);
	if (is_intree)
		return;
	trial->trace = trace_start(&why);
	if (trial->trace < 0)
		fact_add(trial->facts, SKIPPED, trial->bdf, "trace.missing", why, NULL);
}

static void see(struct trial *trial, const char *line)
{
	struct trace_event event;
	unsigned int i;

	if (!trace_parse(&event, line))
		return;
	for (i = 0; i < TRIAL_EVENTS; i++)
		if (!strcmp(event.name, event_names[i]) &&
		    trace_is_about(&event, trial->bdf))
			trial->seen |= 1 << i;
	trace_free(&event);
}

/* Those of other devices, too; an event is there when its call returns. */
static void read_events(struct trial *trial)
{
	char *lines = NULL, *rest, *line;
	char some[4096];
	ssize_t done;

	while ((done = read(trial->trace, some, sizeof(some))) > 0)
		append(&lines, "%.*s", (int)done, some);
	rest = lines;
	while ((line = strsep(&rest, "\n")))
		see(trial, line);
	free(lines);
}

enum known trial_saw(struct trial *trial, enum trial_event event)
{
	if (trial->trace < 0)
		return UNKNOWN;
	read_events(trial);
	return trial->seen & 1 << event ? YES : NO;
}

void trial_unwatch(struct trial *trial)
{
	char *missing = NULL;
	unsigned int i;

	for (i = 0; trial->trace >= 0 && i < TRIAL_EVENTS; i++)
		if (trial_saw(trial, i) == NO)
			append(&missing, "%s%s", missing ? ", " : "", event_names[i]);
	trace_stop();
	if (trial->trace < 0 || !trial->nr_buffers)
		;
	else if (missing)
		fact_add(trial->facts, NOT_OK, trial->bdf, "trace.silent",
			 text("missing trace events: %s", missing), NULL);
	else
		fact_add(trial->facts, OK, trial->bdf, "trace.answers",
			 text("trace events seen: export, revoke, restore"),
			 NULL);
	free(missing);
}

static json_t *find_buffer(const json_t *buffers, ino_t inode)
{
	json_t *buffer;
	size_t i;

	json_array_foreach(buffers, i, buffer)
		if ((ino_t)member_number(buffer, "inode") == inode)
			return buffer;
	return NULL;
}

static bool is_mapped(const json_t *buffer)
{
	const json_t *importer;
	size_t i;

	json_array_foreach(json_object_get(buffer, "importers"), i, importer)
		if (member_number(importer, "mappings") ||
		    member_number(importer, "lists"))
			return true;
	return false;
}

static bool is_listed(const json_t *buffers, ino_t inode, const char *state)
{
	const json_t *buffer = find_buffer(buffers, inode);

	if (!state || !buffer)
		return !state && !buffer;
	return !strcmp(member_string(buffer, "state"), state) &&
	       !(!strcmp(state, "revoked") && is_mapped(buffer));
}

static json_t *read_buffers(const struct trial *trial)
{
	char *lines = debugfs_read(trial->bdf, "buffers");
	json_t *buffers = lines ? buffers_parse(lines) : NULL;

	free(lines);
	return buffers;
}

enum known trial_lists(const struct trial *trial, const char *state)
{
	enum known known = YES;
	json_t *buffers;
	unsigned int i;

	if (!trial->lists)
		return UNKNOWN;
	buffers = read_buffers(trial);
	if (!buffers)
		return NO;
	for (i = 0; i < trial->nr_buffers; i++)
		if (!is_listed(buffers, trial->inodes[i], state))
			known = NO;
	json_decref(buffers);
	return known;
}

char *trial_importer(const struct trial *trial, const char *name)
{
	json_t *buffers = trial->lists ? read_buffers(trial) : NULL;
	const json_t *buffer = find_buffer(buffers, trial->inodes[0]), *importer;
	char *map = NULL;
	size_t i;

	json_array_foreach(json_object_get(buffer, "importers"), i, importer)
		if (!map && !strcmp(member_string(importer, "device"), name))
			map = text("%s", member_string(importer, "map"));
	json_decref(buffers);
	return map;
}
