// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "faults.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int fail_nth, make_it_fail;

/*
 * Whoever is marked by make-it-fail gets nothing.  What may fail is everything
 * that may at all, and the log has no word of it.
 */
static const char *const settings[][2] = {
	{ "task-filter", "Y" },
	{ "probability", "100" },
	{ "times", "-1" },
	{ "verbose", "0" },
	{ "ignore-gfp-wait", "N" },
};

static const char *const page_settings[][2] = {
	{ "ignore-gfp-highmem", "N" },
};

/* No cache has the flag that the filter looks for, no allocation that order. */
static const char *const no_slab[][2] = { { "cache-filter", "Y" } };
static const char *const any_slab[][2] = { { "cache-filter", "N" } };
static const char *const no_pages[][2] = { { "min-order", "100" } };
static const char *const any_pages[][2] = { { "min-order", "0" } };

static int set_up(const char *where, const char *const (*what)[2],
		  size_t count)
{
	char path[128];
	size_t i;
	int ret = 0;

	for (i = 0; i < count && !ret; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", where,
			 what[i][0]);
		ret = write_file(path, what[i][1]);
	}
	return ret;
}

static int open_own(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/thread-self/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int faults_prepare(void)
{
	int ret;

	ret = set_up("failslab", settings, COUNT(settings));
	if (!ret)
		ret = set_up("fail_page_alloc", settings, COUNT(settings));
	if (!ret)
		ret = set_up("fail_page_alloc", page_settings,
			     COUNT(page_settings));
	if (ret)
		return ret;
	/* The memory of this program is there: no page of it can fail to be. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return -errno;
	fail_nth = open_own("fail-nth");
	make_it_fail = open_own("make-it-fail");
	return fail_nth < 0 ? fail_nth : make_it_fail < 0 ? make_it_fail : 0;
}

int faults_choose(enum faults_kind kind)
{
	int ret;

	ret = set_up("failslab", kind == FAULTS_PAGES ? no_slab : any_slab, 1);
	if (!ret)
		ret = set_up("fail_page_alloc",
			     kind == FAULTS_SLAB ? no_pages : any_pages, 1);
	return ret;
}

void faults_finish(void)
{
	close(fail_nth);
	close(make_it_fail);
	munlockall();
}

/* None of these allocates anything. */
static void set(int fd, unsigned int value)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", value);

	if (pwrite(fd, text, length, 0) != length)
		abort();
}

void faults_arm(unsigned int nth)
{
	set(fail_nth, nth);
}

void faults_arm_all(void)
{
	set(make_it_fail, 1);
}

unsigned int faults_disarm(void)
{
	char text[16];
	ssize_t length;

	set(make_it_fail, 0);
	length = pread(fail_nth, text, sizeof(text) - 1, 0);
	if (length < 0)
		abort();
	text[length] = '\0';
	set(fail_nth, 0);
	return strtoul(text, NULL, 10);
}
