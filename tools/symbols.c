// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "symbols.h"
#include "util.h"

static struct {
	char **names;
	size_t count;
	size_t room;
	bool is_read;
} symbols;

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add(const char *name)
{
	if (symbols.count == symbols.room) {
		symbols.room = symbols.room ? 2 * symbols.room : 1 << 16;
		symbols.names = realloc(symbols.names,
					symbols.room * sizeof(*symbols.names));
		if (!symbols.names)
			fail("there is no memory left");
	}
	symbols.names[symbols.count++] = text("%s", name);
}

/* "ADDRESS TYPE NAME [MODULE]"; everybody sees the names. */
static void read_running(void)
{
	char line[1024], name[512];
	FILE *file;

	file = fopen("/proc/kallsyms", "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %511s", name) == 1)
			add(name);
	fclose(file);
}

/* "alias symbol:NAME MODULE": what modules export that need not be loaded. */
static void read_modules(void)
{
	char path[256], line[1024], name[512];
	struct utsname kernel;
	FILE *file;

	uname(&kernel);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.symbols",
		 kernel.release);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "alias symbol:%511s", name) == 1)
			add(name);
	fclose(file);
}

static void read_all_symbols(void)
{
	if (symbols.is_read)
		return;
	symbols.is_read = true;
	read_running();
	/* Alone those of the modules tell nothing. */
	if (!symbols.count)
		return;
	read_modules();
	qsort(symbols.names, symbols.count, sizeof(*symbols.names), by_name);
}

bool symbols_are_known(void)
{
	read_all_symbols();
	return symbols.count;
}

bool symbols_have(const char *symbol)
{
	read_all_symbols();
	return symbols.count &&
	       bsearch(&symbol, symbols.names, symbols.count,
		       sizeof(*symbols.names), by_name);
}
