// SPDX-License-Identifier: GPL-2.0-only
/* What the fuzzer has found before, and what it begins with: tests/guest/fuzz/cases. */
#include "bench.h"
#include "fuzz.h"
#include "suites.h"

#define MAX_CASES 64

static const char cases[] =
#include "cases.h"
;

static struct fuzz_case sequences[MAX_CASES];

static int begin(void **state)
{
	(void)state;
	fuzz_begin();
	return 0;
}

static void replay(void **state)
{
	const char *wrong = fuzz_run(*state);

	if (wrong)
		fail_msg("%s", wrong);
	wrong = fuzz_still_works();
	if (wrong)
		fail_msg("afterwards: %s", wrong);
}

static void all_understood(void **state)
{
	/* Of what follows those that are. */
	assert_string_equal(*state, "");
}

int suite_fuzz(void)
{
	struct CMUnitTest tests[MAX_CASES + 1] = { 0 };
	char names[MAX_CASES][96] = { "fuzz: " };
	const char *text = cases;
	size_t prefix = strlen(names[0]), count;
	const char *next;

	for (count = 0; count < MAX_CASES; count++, text = next) {
		memcpy(names[count], names[0], prefix);
		next = fuzz_parse(&sequences[count], text,
				  names[count] + prefix,
				  sizeof(names[count]) - prefix);
		if (!next)
			break;
		tests[count].name = names[count];
		tests[count].test_func = replay;
		tests[count].initial_state = &sequences[count];
	}
	tests[count].name = "fuzz: every case is understood";
	tests[count].test_func = all_understood;
	tests[count].initial_state = (void *)text;
	return _cmocka_run_group_tests("fuzz", tests, count + 1, begin, NULL);
}
