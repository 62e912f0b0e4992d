/* SPDX-License-Identifier: GPL-2.0-only */
/* Sentences, allocated text and small files. */
#ifndef TOOLS_UTIL_H
#define TOOLS_UTIL_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#define NAME "dmabuf-vfio-pci"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

#define PRINTF(words, first) __attribute__((format(printf, words, first)))

/* What the program ends with when it fails; "export" has a status of its own. */
#define STATUS_FAILED	2
extern int fail_status;

/* One sentence on stderr, the second one and the program ends. */
void complain(const char *format, ...) PRINTF(1, 2);
_Noreturn void fail(const char *format, ...) PRINTF(1, 2);

/* For what goes wrong in the command line. */
_Noreturn void fail_usage(const char *command);

/* Allocated, and never NULL: without memory the program ends. */
void *allocate(size_t number, size_t size);
char *text(const char *format, ...) PRINTF(1, 2);
/* Appends to allocated text; *@to may be NULL. */
void append(char **to, const char *format, ...) PRINTF(2, 3);

/* "4.0 MiB" */
char *size_text(unsigned long long bytes);

/* For scandir(): "." and ".." are no names. */
int is_name(const struct dirent *entry);

/* All of a file, allocated; NULL and errno. */
char *read_all(const char *path);

#endif /* TOOLS_UTIL_H */
