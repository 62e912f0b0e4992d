// SPDX-License-Identifier: GPL-2.0-only
/* What is made of the driver's files, and of what a newer one may say. */
#include "debugfs.h"
#include "units.h"
#include "values.h"

static void state_(void **state)
{
	(void)state;
	equals(state_parse("exporter own\nopen yes\nblocked closed,pf_reset\n"
			   "exports 3\nrevokes 18446744073709551615\nrestores 0\n"
			   "refusals 2\nlast_revoke disabled 120\n"
			   "last_refusal no way from 0000:01:00.0: it leads away\n"),
	       "{\"exporter\": \"own\", \"open\": true,"
	       " \"blocked\": [\"closed\", \"pf_reset\"], \"exports\": 3,"
	       " \"revokes\": \"18446744073709551615\", \"restores\": 0,"
	       " \"refusals\": 2,"
	       " \"last_revoke\": {\"reasons\": [\"disabled\"], \"microseconds\": 120},"
	       " \"last_refusal\": \"no way from 0000:01:00.0: it leads away\"}");
}

static void newer_state(void **state)
{
	(void)state;
	equals(state_parse("open no\nblocked -\nlast_revoke\nweather fine today\n\nempty\n"),
	       "{\"open\": false, \"blocked\": [],"
	       " \"last_revoke\": {\"reasons\": [], \"microseconds\": null},"
	       " \"weather\": \"fine today\", \"empty\": \"\"}");
	equals(state_parse(""), "{}");
}

static void buffers(void **state)
{
	(void)state;
	equals(buffers_parse("buffer 17 bar 2 size 8192 ranges 2 state live pid 12 comm a b  c\n"
			     "\trange 0x0 0x1000\n"
			     "\trange 0x2000 0x1000\n"
			     "\tmore 7\n"
			     "\timporter 0000:02:00.0 map THRU_HOST_BRIDGE mappings 1 lists 0 pins 3\n"
			     "\tmmap areas 2 pid 14 comm d\n"
			     "buffer 18 bar 0 size 4096 ranges 1 state revoked pid 13 comm yes\n"
			     "\trange 0x0 0x1000\n"),
	       "[{\"inode\": 17, \"bar\": 2, \"size\": 8192, \"ranges\": 2,"
	       " \"state\": \"live\", \"pid\": 12, \"comm\": \"a b  c\","
	       " \"range_list\": [{\"offset\": 0, \"length\": 4096},"
	       " {\"offset\": 8192, \"length\": 4096}], \"more_ranges\": 7,"
	       " \"importers\": [{\"device\": \"0000:02:00.0\","
	       " \"map\": \"THRU_HOST_BRIDGE\", \"mappings\": 1, \"lists\": 0,"
	       " \"pins\": 3}],"
	       " \"mmaps\": [{\"areas\": 2, \"pid\": 14, \"comm\": \"d\"}]},"
	       " {\"inode\": 18, \"bar\": 0, \"size\": 4096, \"ranges\": 1,"
	       " \"state\": \"revoked\", \"pid\": 13, \"comm\": \"yes\","
	       " \"range_list\": [{\"offset\": 0, \"length\": 4096}],"
	       " \"importers\": []}]");
}

static void newer_buffers(void **state)
{
	(void)state;
	equals(buffers_parse("\trange 0x0 0x1000\nheading\n"
			     "buffer 17 bar 2 colour red comm x\n"
			     "\tfriend 3\n\trange\n\timporter dev new 7\n\t\n"),
	       "[{\"inode\": 17, \"bar\": 2, \"colour\": \"red\", \"comm\": \"x\","
	       " \"range_list\": [{\"offset\": \"\", \"length\": \"\"}],"
	       " \"importers\": [{\"device\": \"dev\", \"new\": 7}]}]");
	equals(buffers_parse("buffer \n"),
	       "[{\"inode\": \"\", \"range_list\": [], \"importers\": []}]");
	equals(buffers_parse(""), "[]");
}

/* Processes can be called anything. */
static void not_utf8(void **state)
{
	(void)state;
	equals(buffers_parse("buffer 1 comm \xff\xfe!\n"),
	       "[{\"inode\": 1, \"comm\": \"\?\?!\", \"range_list\": [],"
	       " \"importers\": []}]");
}

int test_debugfs(void)
{
	const struct CMUnitTest tests[] = {
		TEST("debugfs: state", state_),
		TEST("debugfs: state of a newer driver", newer_state),
		TEST("debugfs: buffers", buffers),
		TEST("debugfs: buffers of a newer driver", newer_buffers),
		TEST("debugfs: names that are no text", not_utf8),
	};

	return run_group("debugfs", tests);
}
