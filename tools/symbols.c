// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "symbols.h"
#include "util.h"

/* There are some hundred thousand: the names stay in the text of the files. */
static struct {
	char **names;
	size_t count;
	bool is_read;
} symbols;

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Add the name up to a blank or the end of the line; return what follows. */
static char *add(char *name)
{
	char *end = name + strcspn(name, " \t\n");
	bool is_last = !*end;

	*end = '\0';
	symbols.names[symbols.count++] = name;
	return is_last ? end : end + 1;
}

static size_t count_lines(const char *lines)
{
	size_t count = 1;

	while ((lines = strchr(lines, '\n'))) {
		lines++;
		count++;
	}
	return count;
}

/* "ADDRESS TYPE NAME [MODULE]"; everybody sees the names. */
static void add_running(char *line)
{
	char *blank;

	while (line && (blank = strchr(line, ' ')) &&
	       (blank = strchr(blank + 1, ' '))) {
		line = add(blank + 1);
		/* The line of a module's symbol ends with the module's name. */
		if (*line == '[')
			line = strchr(line, '\n');
	}
}

/* "alias symbol:NAME MODULE": exports of modules, loaded or not. */
static void add_modules(char *line)
{
	static const char start[] = "alias symbol:";

	while ((line = strstr(line, start)))
		line = add(line + strlen(start));
}

static char *read_modules(void)
{
	struct utsname kernel;
	char *path, *lines;

	uname(&kernel);
	path = text("/lib/modules/%s/modules.symbols", kernel.release);
	lines = read_all(path);
	free(path);
	return lines;
}

static void read_symbols(void)
{
	char *running, *modules;
	size_t room;

	if (symbols.is_read)
		return;
	symbols.is_read = true;
	running = read_all("/proc/kallsyms");
	/* Those of the modules alone are not enough. */
	if (!running || !*running)
		return;
	modules = read_modules();
	room = count_lines(running);
	if (modules)
		room += count_lines(modules);
	symbols.names = allocate(room, sizeof(*symbols.names));
	add_running(running);
	if (modules)
		add_modules(modules);
	qsort(symbols.names, symbols.count, sizeof(*symbols.names), by_name);
}

bool symbols_are_known(void)
{
	read_symbols();
	return symbols.count;
}

bool symbols_have(const char *symbol)
{
	read_symbols();
	return symbols.count &&
	       bsearch(&symbol, symbols.names, symbols.count,
		       sizeof(*symbols.names), by_name);
}
