// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <sys/stat.h>

#include "bench.h"
#include "tracing.h"

#define INSTANCE TRACING "/instances/suites"

void tracing_start(void)
{
	if (mkdir(INSTANCE, 0700))
		assert_int_equal(errno, EEXIST);
	assert_ok(write_file(INSTANCE "/events/dmabuf_vfio_pci/enable", "1"));
}

void tracing_stop(void)
{
	rmdir(INSTANCE);
}

/* Goes through the lines that have the event; returns the last one's rest. */
static const char *look(const char *event, unsigned int *count)
{
	static char text[1 << 18];
	const char *found = "";
	char *line, *rest = text, name[64];

	assert_ok(read_file(INSTANCE "/trace", text, sizeof(text)));
	snprintf(name, sizeof(name), ": %s: ", event);
	*count = 0;
	while ((line = strsep(&rest, "\n"))) {
		line = strstr(line, name);
		if (!line)
			continue;
		found = line + strlen(name);
		++*count;
	}
	return found;
}

unsigned int tracing_count(const char *event)
{
	unsigned int count;

	look(event, &count);
	return count;
}

const char *tracing_last(const char *event)
{
	unsigned int count;

	return look(event, &count);
}
