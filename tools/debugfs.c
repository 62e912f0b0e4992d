// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugfs.h"
#include "flavour.h"
#include "util.h"
#include "values.h"

char *debugfs_read(const char *bdf, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s/%s", DRIVER, bdf,
		 file);
	return read_all(path);
}

/* Take the next word off a line; NULL at its end. */
static char *next_word(char **rest)
{
	char *word;

	do {
		word = strsep(rest, " \t");
	} while (word && !*word);
	return word;
}

/* "KEY VALUE KEY VALUE..."; the name of a process is the rest of the line. */
static void parse_pairs(json_t *object, char *rest)
{
	char *key, *value;

	while ((key = next_word(&rest))) {
		if (!strcmp(key, "comm")) {
			json_object_set_new(object, key,
					    value_string(rest ? rest : ""));
			return;
		}
		value = next_word(&rest);
		json_object_set_new(object, key, value_parse(value ? value : ""));
	}
}

static json_t *parse_reasons(const char *words)
{
	json_t *reasons = json_array();
	char *copy, *rest, *reason;

	if (!strcmp(words, "-"))
		return reasons;
	copy = text("%s", words);
	rest = copy;
	while ((reason = strsep(&rest, ",")))
		if (*reason)
			json_array_append_new(reasons, value_string(reason));
	free(copy);
	return reasons;
}

/* "REASONS MICROSECONDS" */
static json_t *parse_revoke(char *rest)
{
	const char *reasons = next_word(&rest);
	const char *time = next_word(&rest);
	json_t *revoke = json_object();

	json_object_set_new(revoke, "reasons",
			    parse_reasons(reasons ? reasons : "-"));
	json_object_set_new(revoke, "microseconds",
			    time ? value_parse(time) : json_null());
	return revoke;
}

static void parse_state(json_t *state, char *line)
{
	char *key = next_word(&line);

	if (!key)
		return;
	if (!line)
		line = key + strlen(key);
	if (!strcmp(key, "blocked"))
		json_object_set_new(state, key, parse_reasons(line));
	else if (!strcmp(key, "last_revoke"))
		json_object_set_new(state, key, parse_revoke(line));
	else if (!strcmp(key, "last_refusal"))
		json_object_set_new(state, key, value_string(line));
	else
		json_object_set_new(state, key, value_parse(line));
}

json_t *state_parse(const char *lines)
{
	char *copy = text("%s", lines), *rest = copy, *line;
	json_t *state = json_object();

	while ((line = strsep(&rest, "\n")))
		parse_state(state, line);
	free(copy);
	return state;
}

/* "range OFFSET LENGTH" */
static json_t *parse_range(char *rest)
{
	const char *offset = next_word(&rest), *length = next_word(&rest);
	json_t *range = json_object();

	json_object_set_new(range, "offset", value_parse(offset ? offset : ""));
	json_object_set_new(range, "length", value_parse(length ? length : ""));
	return range;
}

/* "importer NAME KEY VALUE..." */
static json_t *parse_importer(char *rest)
{
	const char *name = next_word(&rest);
	json_t *importer = json_object();

	json_object_set_new(importer, "device", value_string(name ? name : ""));
	parse_pairs(importer, rest);
	return importer;
}

/* "mmap KEY VALUE..."; most buffers have none. */
static void add_mmap(json_t *buffer, char *rest)
{
	json_t *mmaps = json_object_get(buffer, "mmaps"), *mmap = json_object();

	if (!mmaps) {
		mmaps = json_array();
		json_object_set_new(buffer, "mmaps", mmaps);
	}
	parse_pairs(mmap, rest);
	json_array_append_new(mmaps, mmap);
}

/* A line that belongs to a buffer. */
static void parse_part(json_t *buffer, char *line)
{
	char *kind = next_word(&line);

	if (!kind)
		return;
	if (!strcmp(kind, "range"))
		json_array_append_new(json_object_get(buffer, "range_list"),
				      parse_range(line));
	else if (!strcmp(kind, "more"))
		json_object_set_new(buffer, "more_ranges",
				    value_parse(line ? line : ""));
	else if (!strcmp(kind, "importer"))
		json_array_append_new(json_object_get(buffer, "importers"),
				      parse_importer(line));
	else if (!strcmp(kind, "mmap"))
		add_mmap(buffer, line);
}

/* "buffer INODE KEY VALUE..." */
static json_t *parse_buffer(char *line)
{
	const char *inode;
	json_t *buffer;

	next_word(&line);
	inode = next_word(&line);
	buffer = json_object();
	json_object_set_new(buffer, "inode", value_parse(inode ? inode : ""));
	parse_pairs(buffer, line);
	json_object_set_new(buffer, "range_list", json_array());
	json_object_set_new(buffer, "importers", json_array());
	return buffer;
}

json_t *buffers_parse(const char *lines)
{
	char *copy = text("%s", lines), *rest = copy, *line;
	json_t *buffers = json_array(), *buffer = NULL;

	while ((line = strsep(&rest, "\n"))) {
		if (*line == '\t' && buffer) {
			parse_part(buffer, line);
		} else if (!strncmp(line, "buffer ", strlen("buffer "))) {
			buffer = parse_buffer(line);
			json_array_append_new(buffers, buffer);
		}
	}
	free(copy);
	return buffers;
}
