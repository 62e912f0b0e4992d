/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON, and text of the kernel as JSON. */
#ifndef TOOLS_VALUES_H
#define TOOLS_VALUES_H

#include <jansson.h>

/*
 * The version of what this program prints as JSON: members may be added to a version,
 * but not change or go.
 */
#define VALUES_VERSION 1

/* An object that starts with the version. */
json_t *value_document(void);

/* A string; what is not UTF-8 becomes question marks. */
json_t *value_string(const char *words);
/* A number (decimal, or hexadecimal with 0x), yes or no, or a string. */
json_t *value_parse(const char *word);

/* "" and 0 if there is no such member. */
const char *member_string(const json_t *object, const char *key);
long long member_number(const json_t *object, const char *key);

/* Print to stdout, with a newline at the end. */
void value_print(json_t *value, size_t flags);

#endif /* TOOLS_VALUES_H */
