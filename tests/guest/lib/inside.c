// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <sys/stat.h>

#include "bench.h"
#include "inside.h"
#include "tracing.h"

const char *inside_memory, *inside_engine;

const char *inside_read(const char *file)
{
	static char text[INSIDE_SIZE];

	assert_ok(bench_debugfs(inside_memory, file, text, sizeof(text)));
	return text;
}

const char *inside_state(const char *key)
{
	static char value[1200];
	const char *line = inside_read("state");

	snprintf(value, sizeof(value), "\n%s ", key);
	line = strstr(line, value);
	if (line)
		line += strlen(value);
	snprintf(value, sizeof(value), "%.*s",
		 line ? (int)strcspn(line, "\n") : 0, line ? line : "");
	return value;
}

long long inside_number(const char *key)
{
	return atoll(inside_state(key));
}

unsigned long long inside_inode(int buffer)
{
	struct stat stat;

	assert_sys(fstat(buffer, &stat));
	return stat.st_ino;
}

int inside_setup(void **state)
{
	bench_setup(state);
	inside_memory = bench_find(IVSHMEM, 0);
	inside_engine = bench_find(EDU, 0);
	assert_ok(device_unbind(inside_memory));
	assert_ok(device_bind(inside_memory, bench_driver()));
	tracing_start();
	return 0;
}

int inside_teardown(void **state)
{
	bench_teardown(state);
	tracing_stop();
	return 0;
}
