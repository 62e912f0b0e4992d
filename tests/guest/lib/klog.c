// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "klog.h"
#include "sysfs.h"

#define RECORD_SIZE 8192

/* Lines of the kernel's log with which no run is a good one. */
#define OFFENDING "BUG:|kernel BUG|WARNING:|Oops|Kernel panic|protection fault|" \
	"possible recursive locking|circular locking|inconsistent lock state|" \
	"suspicious RCU usage|held lock|KASAN|KCSAN|KFENCE:|UBSAN:|DMA-API:|" \
	"refcount_t:|list_(add|del) corruption|Call Trace:|" \
	"blocked for more than|detected stall|DMAR:.*fault|arm-smmu-v3.*: event 0x|" \
	"AMD-Vi: Event logged|virtio_iommu.*fault from"

/*
 * What looks like one of them, and only says what is looked for, or not any more, or is
 * a line more to a warning.
 */
#define ANNOUNCEMENT "DMA-API: (preallocated|debugging enabled|exceeded 7 overl|" \
	"debugging disabled|Mapped at:|.*: device driver )"

int klog_say(const char *text)
{
	return write_file("/dev/kmsg", text);
}

int klog_open_start(void)
{
	return open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

int klog_open_end(void)
{
	int klog = klog_open_start();

	if (klog >= 0)
		lseek(klog, 0, SEEK_END);
	return klog;
}

/* A record is "priority,sequence,time,flags;text", then lines of properties. */
bool klog_next(int klog, char *text, size_t size)
{
	char record[RECORD_SIZE], *start;
	ssize_t length;

	do {
		/* EPIPE: the oldest records were overwritten in the meantime. */
		length = read(klog, record, sizeof(record) - 1);
	} while (length < 0 && (errno == EPIPE || errno == EINTR));
	if (length <= 0)
		return false;

	record[length] = '\0';
	start = strchr(record, ';');
	start = start ? start + 1 : record;
	start[strcspn(start, "\n")] = '\0';
	snprintf(text, size, "%s", start);
	return true;
}

static bool has_words(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strstr(text, *words))
			return false;
	return true;
}

unsigned int klog_count(int klog, const char *const *words)
{
	char text[RECORD_SIZE];
	unsigned int count = 0;

	while (klog_next(klog, text, sizeof(text)))
		count += has_words(text, words);
	return count;
}

bool klog_offends(const char *text)
{
	static regex_t offending, announcement;
	static bool compiled;

	if (!compiled) {
		compiled = !regcomp(&offending, OFFENDING, REG_EXTENDED) &&
			   !regcomp(&announcement, ANNOUNCEMENT, REG_EXTENDED);
		if (!compiled)
			return true;
	}
	return !regexec(&offending, text, 0, NULL, 0) &&
	       regexec(&announcement, text, 0, NULL, 0);
}
