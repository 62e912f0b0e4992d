// SPDX-License-Identifier: GPL-2.0-only
/* What is made of the lines of trace_pipe. */
#include "trace.h"
#include "units.h"

static void expect(const char *line, const char *words)
{
	struct trace_event event;

	assert_true(trace_parse(&event, line));
	equals(trace_value(&event), words);
	trace_free(&event);
}

static void fields(void **state)
{
	(void)state;
	expect("          suites-123     [001] .....    12.500000: dvp_revoke: device=0000:01:00.0 reasons=disabled,reset buffers=2 microseconds=15",
	       "{\"version\": 1, \"time_us\": 12500000, \"event\": \"revoke\", \"comm\": \"suites\", \"pid\": 123,"
	       " \"cpu\": 1, \"device\": \"0000:01:00.0\", \"reasons\": \"disabled,reset\","
	       " \"buffers\": 2, \"microseconds\": 15}");
}

/* Hours after the boot a floating-point number would not be exact. */
static void exact_time(void **state)
{
	struct trace_event event;

	(void)state;
	assert_true(trace_parse(&event, "  a-1  [000] d..2.    19.006749: dvp_map: bar=2"));
	assert_int_equal(event.microseconds, 19006749);
	trace_free(&event);
	assert_true(trace_parse(&event, "  a-1  [000] d..2. 9999999.000001: dvp_map: bar=2"));
	assert_int_equal(event.microseconds, 9999999000001);
	trace_free(&event);
}

static void about_device(void **state)
{
	static const char line[] =
		"  a-1  [000] d..2.  1.250000: dvp_map: "
		"device=0000:01:00.0 importer=0000:02:00.0 why=0000:03:00.0";
	struct trace_event event;

	(void)state;
	assert_true(trace_parse(&event, line));
	assert_true(trace_is_about(&event, "0000:01:00.0"));
	assert_true(trace_is_about(&event, "0000:02:00.0"));
	assert_false(trace_is_about(&event, "0000:03:00.0"));
	trace_free(&event);
}

static void values_with_blanks(void **state)
{
	(void)state;
	expect("  a-1  [000] d..2.     1.250000: dvp_test: device=0000:01:00.0 words=no way: it is = what it is, a=b size=0x1000",
	       "{\"version\": 1, \"time_us\": 1250000, \"event\": \"test\", \"comm\": \"a\", \"pid\": 1, \"cpu\": 0,"
	       " \"device\": \"0000:01:00.0\", \"words\": \"no way: it is = what it is,\","
	       " \"a\": \"b\", \"size\": 4096}");
}

static void reasons_with_assignments(void **state)
{
	(void)state;
	expect("  a-1  [000] d..2.     1.250000: dvp_refuse: device=0000:01:00.0 importer=- why=no way; boot with pci=disable_acs_redir=A",
	       "{\"version\": 1, \"time_us\": 1250000, \"event\": \"refuse\", \"comm\": \"a\", \"pid\": 1, \"cpu\": 0,"
	       " \"device\": \"0000:01:00.0\", \"importer\": \"-\","
	       " \"why\": \"no way; boot with pci=disable_acs_redir=A\"}");
}

static void words_without_name(void **state)
{
	(void)state;
	expect("  a-1  [000] .....     1.250000: dvp_map: 0000:01:00.0 to nowhere bar=2 empty=",
	       "{\"version\": 1, \"time_us\": 1250000, \"event\": \"map\", \"comm\": \"a\", \"pid\": 1, \"cpu\": 0,"
	       " \"text\": \"0000:01:00.0 to nowhere\", \"bar\": 2, \"empty\": \"\"}");
	expect("  a-1  [000] .....     1.250000: dvp_map:",
	       "{\"version\": 1, \"time_us\": 1250000, \"event\": \"map\", \"comm\": \"a\", \"pid\": 1, \"cpu\": 0}");
}

static void odd_names(void **state)
{
	(void)state;
	expect(" a-2 [0] x: y-7-77 [003] .....     1.250000: dvp_map: bar=2",
	       "{\"version\": 1, \"time_us\": 1250000, \"event\": \"map\", \"comm\": \"a-2 [0] x: y-7\", \"pid\": 77,"
	       " \"cpu\": 3, \"bar\": 2}");
	expect(" kworker/u4:1-mm-9 [003] .....     1.250000: other: bar=2",
	       "{\"version\": 1, \"time_us\": 1250000, \"event\": \"other\", \"comm\": \"kworker/u4:1-mm\", \"pid\": 9,"
	       " \"cpu\": 3, \"bar\": 2}");
}

static void not_events(void **state)
{
	static const char *const lines[] = {
		"", "CPU:1 [LOST 12 EVENTS]", "# tracer: nop", " [001]", "a-1 [001]",
		"a-1 [001] ..... x: dvp_map: bar=1", "a-x [001] ..... 1.0: dvp_map: a",
	};
	struct trace_event event;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		if (trace_parse(&event, lines[i]))
			fail_msg("\"%s\" is taken for an event", lines[i]);
}

int test_trace(void)
{
	const struct CMUnitTest tests[] = {
		TEST("trace: fields", fields),
		TEST("trace: times are exact", exact_time),
		TEST("trace: which devices an event is about", about_device),
		TEST("trace: values with blanks", values_with_blanks),
		TEST("trace: why something was refused", reasons_with_assignments),
		TEST("trace: words without a name", words_without_name),
		TEST("trace: odd names of processes", odd_names),
		TEST("trace: lines that are no events", not_events),
	};

	return run_group("trace", tests);
}
