// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

int fail_status = STATUS_FAILED;

static void say(const char *format, va_list args)
{
	fflush(stdout);
	fputs(NAME ": ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(fail_status);
}

void fail_usage(const char *command)
{
	fail("%s: wrong arguments; see \"" NAME " %s --help\"", command,
	     command);
}

static void *must(void *memory)
{
	if (!memory)
		fail("out of memory");
	return memory;
}

void *allocate(size_t number, size_t size)
{
	return must(calloc(number ? number : 1, size));
}

static char *vtext(const char *format, va_list args)
{
	char *words;

	return must(vasprintf(&words, format, args) < 0 ? NULL : words);
}

char *text(const char *format, ...)
{
	va_list args;
	char *words;

	va_start(args, format);
	words = vtext(format, args);
	va_end(args);
	return words;
}

void append(char **to, const char *format, ...)
{
	char *words, *all;
	va_list args;

	va_start(args, format);
	words = vtext(format, args);
	va_end(args);
	all = text("%s%s", *to ? *to : "", words);
	free(words);
	free(*to);
	*to = all;
}

char *size_text(unsigned long long bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	unsigned long long unit = 1;
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(units) && bytes / unit >= 1024) {
		unit *= 1024;
		i++;
	}
	if (bytes % unit)
		return text("%.1f %s", (double)bytes / unit, units[i]);
	return text("%llu %s", bytes / unit, units[i]);
}

int is_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

char *read_all(const char *path)
{
	char *words = NULL;
	size_t size = 0;
	ssize_t length;
	FILE *file;

	file = fopen(path, "re");
	if (!file)
		return NULL;
	length = getdelim(&words, &size, '\0', file);
	if (length < 0 && !ferror(file)) {
		/* An empty file. */
		free(words);
		words = text("%s", "");
	} else if (length < 0) {
		free(words);
		words = NULL;
	}
	fclose(file);
	return words;
}
