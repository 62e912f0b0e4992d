/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages, allocated text and files. */
#ifndef TOOLS_UTIL_H
#define TOOLS_UTIL_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#define NAME "dmabuf-vfio-pci"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

#define PRINTF(words, first) __attribute__((format(printf, words, first)))

/* Exit status for failures; "export" has its own. */
#define STATUS_FAILED	2
extern int fail_status;

/* Print a sentence to stderr; fail() then ends the program. */
void complain(const char *format, ...) PRINTF(1, 2);
_Noreturn void fail(const char *format, ...) PRINTF(1, 2);

/* For wrong arguments. */
_Noreturn void fail_usage(const char *command);

/* Allocated and never NULL: out of memory is fatal. */
void *allocate(size_t number, size_t size);
char *text(const char *format, ...) PRINTF(1, 2);
/* Appends to allocated text; *@to may be NULL. */
void append(char **to, const char *format, ...) PRINTF(2, 3);

/* "4.0 MiB" */
char *size_text(unsigned long long bytes);

/* For scandir(): hidden entries are no names. */
int is_name(const struct dirent *entry);

/* The content of a file, allocated; NULL and errno if it cannot be read. */
char *read_all(const char *path);

#endif /* TOOLS_UTIL_H */
