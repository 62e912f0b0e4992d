// SPDX-License-Identifier: GPL-2.0-only
/*
 * units: run the tests.
 * units dot: print the picture of a made-up machine, for graphviz to judge.
 * units event: print the trace event on stdin as JSON.
 * units valid SCHEMA NAME: whether stdin is JSON as a definition of the schema demands.
 */
#include "commands.h"
#include "made.h"
#include "trace.h"
#include "units.h"
#include "values.h"

/* In place of the one in main.c. */
void command_help(const char *command)
{
	printf("%s\n", command);
	exit(0);
}

void equals(json_t *value, const char *words)
{
	json_t *expected = json_loads(words, JSON_DECODE_ANY, NULL);
	char *found;

	assert_non_null(expected);
	if (!json_equal(value, expected)) {
		found = json_dumps(value, JSON_INDENT(1));
		print_error("%s\n", found);
		free(found);
		fail_msg("is not %s", words);
	}
	json_decref(expected);
	json_decref(value);
}

static int print_event(void)
{
	struct trace_event event;
	char line[1024];
	json_t *value;

	if (!fgets(line, sizeof(line), stdin))
		return 1;
	line[strcspn(line, "\n")] = '\0';
	if (!trace_parse(&event, line))
		return 1;
	value = trace_value(&event);
	value_print(value, JSON_COMPACT);
	json_decref(value);
	trace_free(&event);
	return 0;
}

int main(int argc, char **argv)
{
	json_t *value;
	int failed = 0;

	if (argc == 2 && !strcmp(argv[1], "dot")) {
		made_print_dot();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "event"))
		return print_event();
	if (argc == 4 && !strcmp(argv[1], "valid")) {
		value = json_loadf(stdin, 0, NULL);
		failed = !schema_holds(argv[2], argv[3], value);
		json_decref(value);
		return failed;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed += test_debugfs();
	failed += test_imports();
	failed += test_net();
	failed += test_path_rules();
	failed += test_ranges();
	failed += test_trace();
	return failed ? 1 : 0;
}
