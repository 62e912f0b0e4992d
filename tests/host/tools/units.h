/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_TOOLS_UNITS_H
#define TESTS_TOOLS_UNITS_H

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both have a fail(): this one comes first. */
#include "util.h"

#include <cmocka.h>

/* Runs an array of tests; returns how many failed. */
#define run_group(name, tests) \
	cmocka_run_group_tests_name(name, tests, NULL, NULL)

#define TEST(name, function) { name, function, NULL, NULL, NULL }

/* The value, which is freed, equals the JSON text. */
void equals(json_t *value, const char *words);

/*
 * Whether the value is as a definition of a JSON Schema demands; says on stderr what
 * is not.
 */
bool schema_holds(const char *file, const char *name, json_t *value);

int test_debugfs(void);
int test_imports(void);
int test_net(void);
int test_path_rules(void);
int test_ranges(void);
int test_trace(void);

#endif /* TESTS_TOOLS_UNITS_H */
