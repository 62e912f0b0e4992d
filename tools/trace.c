// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "sysfs.h"
#include "trace.h"
#include "util.h"
#include "values.h"

#define SYSTEM	"dmabuf_vfio_pci"
#define PREFIX	"dvp_"

/* The kernel prints this for a name that it does not know. */
#define NO_COMM	"<...>"

/* Prefix of our instances; the number of the process follows. */
#define INSTANCE "dmabuf-vfio-pci-"

static char *instance;
static int pipe_fd = -1;

/*
 * A value ends at the next "NAME=" or with the line.  "why" is a sentence, which can have
 * the like in it, and always comes last.
 */
static size_t value_length(const char *key, const char *value)
{
	const char *at = value, *name;

	if (!strcmp(key, "why"))
		return strlen(value);
	while ((at = strchr(at, ' '))) {
		name = ++at;
		while (isalnum((unsigned char)*name) || *name == '_')
			name++;
		if (name > at && *name == '=')
			return at - 1 - value;
	}
	return strlen(value);
}

static void add_fields(json_t *object, const char *fields)
{
	size_t name, length;
	char *key, *value;

	for (; *fields; fields += length, fields += strspn(fields, " ")) {
		name = strcspn(fields, "= ");
		if (fields[name] == '=') {
			key = text("%.*s", (int)name, fields);
			fields += name + 1;
		} else {
			key = text("text");
		}
		length = value_length(key, fields);
		value = text("%.*s", (int)length, fields);
		json_object_set_new(object, key, value_parse(value));
		free(key);
		free(value);
	}
}

json_t *trace_value(const struct trace_event *event)
{
	json_t *object = value_document();

	json_object_set_new(object, "time_us", json_integer(event->microseconds));
	json_object_set_new(object, "event", value_string(event->name));
	json_object_set_new(object, "comm", value_string(event->comm));
	json_object_set_new(object, "pid", json_integer(event->pid));
	json_object_set_new(object, "cpu", json_integer(event->cpu));
	add_fields(object, event->fields);
	return object;
}

bool trace_is_about(const struct trace_event *event, const char *bdf)
{
	static const char *const keys[] = { "device", "importer" };
	const char *value;
	json_t *object;
	bool is = false;
	size_t i;

	object = trace_value(event);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		value = member_string(object, keys[i]);
		is |= !strcmp(value, bdf);
	}
	json_decref(object);
	return is;
}

/* The kernel does not know every name by the time of the event. */
static void ask_comm(struct trace_event *event)
{
	char *path = text("/proc/%d/comm", event->pid), line[64];

	if (!read_line(path, line, sizeof(line))) {
		free(event->comm);
		event->comm = text("%s", line);
	}
	free(path);
}

/* "COMM-PID"; COMM can have blanks and dashes. */
static bool parse_task(struct trace_event *event, const char *task)
{
	const char *dash = strrchr(task, '-');
	char *end;

	if (!dash)
		return false;
	event->pid = strtol(dash + 1, &end, 10);
	if (end == dash + 1 || end[strspn(end, " ")])
		return false;
	task += strspn(task, " ");
	event->comm = text("%.*s", (int)(dash - task), task);
	if (!strcmp(event->comm, NO_COMM))
		ask_comm(event);
	return true;
}

/* "[001] .....    12.345678: dvp_map: FIELDS" */
static bool parse_rest(struct trace_event *event, const char *rest)
{
	size_t prefix = strlen(PREFIX);
	unsigned long long seconds;
	unsigned int fraction;
	char name[64];
	int fields = 0;

	if (sscanf(rest, "[%u] %*s %llu.%6u: %63[^:]:%n", &event->cpu, &seconds,
		   &fraction, name, &fields) != 4 || !fields)
		return false;
	event->microseconds = seconds * 1000000 + fraction;
	event->name = text("%s", strncmp(name, PREFIX, prefix) ? name :
			   name + prefix);
	event->fields = text("%s", rest + fields + strspn(rest + fields, " "));
	return true;
}

bool trace_parse(struct trace_event *event, const char *line)
{
	char *copy = text("%s", line), *bracket = copy;
	bool ok = false;

	*event = (struct trace_event) {};
	/* Names can have brackets: take the first that the rest of a line follows. */
	while (!ok && (bracket = strstr(bracket, " ["))) {
		trace_free(event);
		*bracket++ = '\0';
		ok = parse_task(event, copy) && parse_rest(event, bracket);
		bracket[-1] = ' ';
	}
	free(copy);
	if (!ok)
		trace_free(event);
	return ok;
}

void trace_free(struct trace_event *event)
{
	free(event->name);
	free(event->comm);
	free(event->fields);
	*event = (struct trace_event) {};
}

/* tracefs is mounted by itself or as a part of debugfs. */
static const char *find_tracefs(char **why)
{
	static const char *const places[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	char *path;
	size_t i;
	bool has;

	if (geteuid()) {
		*why = text("only root can trace");
		return NULL;
	}
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		path = text("%s/instances", places[i]);
		has = !access(path, W_OK);
		free(path);
		if (has)
			return places[i];
	}
	*why = text("%s is not mounted, or the kernel has no tracing", places[0]);
	return NULL;
}

/* Those of monitors that were killed. */
static void remove_stale(const char *instances)
{
	struct dirent *entry;
	char *path;
	pid_t pid;
	DIR *dir;

	dir = opendir(instances);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, INSTANCE, strlen(INSTANCE)))
			continue;
		pid = atoi(entry->d_name + strlen(INSTANCE));
		if (pid <= 0 || !kill(pid, 0) || errno != ESRCH)
			continue;
		path = text("%s/%s", instances, entry->d_name);
		rmdir(path);
		free(path);
	}
	closedir(dir);
}

static bool make_instance(const char *root, char **why)
{
	char *instances = text("%s/instances", root), *path;

	remove_stale(instances);
	path = text("%s/" INSTANCE "%d", instances, getpid());
	free(instances);
	if (mkdir(path, 0700)) {
		*why = text("cannot make %s: %s", path, strerror(errno));
		free(path);
		return false;
	}
	instance = path;
	atexit(trace_stop);
	return true;
}

static bool has_events(const char *root, char **why)
{
	char *path = text("%s/events/" SYSTEM, root);
	bool has = !access(path, F_OK);

	if (!has)
		*why = text("the driver has no tracepoints: it is not loaded or too old");
	free(path);
	return has;
}

static bool enable_events(char **why)
{
	char *path = text("%s/events/" SYSTEM "/enable", instance);
	int ret = write_file(path, "1");

	if (ret)
		*why = text("cannot write %s: %s", path, strerror(-ret));
	free(path);
	return !ret;
}

static void open_pipe(char **why)
{
	char *path = text("%s/trace_pipe", instance);

	pipe_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (pipe_fd < 0)
		*why = text("cannot open %s: %s", path, strerror(errno));
	free(path);
}

int trace_start(char **why)
{
	const char *root = find_tracefs(why);

	if (!root || !has_events(root, why) || !make_instance(root, why))
		return -1;
	if (enable_events(why))
		open_pipe(why);
	if (pipe_fd < 0)
		trace_stop();
	return pipe_fd;
}

/* An instance cannot be removed while its pipe is open. */
void trace_stop(void)
{
	if (pipe_fd >= 0)
		close(pipe_fd);
	pipe_fd = -1;
	if (instance)
		rmdir(instance);
	free(instance);
	instance = NULL;
}
