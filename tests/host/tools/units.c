// SPDX-License-Identifier: GPL-2.0-only
/*
 * units: runs the tests.  units dot: prints the picture of a machine that nobody
 * has, for graphviz to judge.
 */
#include "commands.h"
#include "made.h"
#include "units.h"

/* That of main.c, which is not among these. */
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

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc == 2 && !strcmp(argv[1], "dot")) {
		made_print_dot();
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed += test_debugfs();
	failed += test_ranges();
	failed += test_route();
	failed += test_trace();
	return failed ? 1 : 0;
}
