// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that does not get anywhere must not end in a machine that hangs
 * without a word: say where everybody is, and switch off.
 */
#include <glob.h>
#include <stdio.h>

#include "stress.h"

/*
 * A step takes some seconds; but where many guests share a processor, each second
 * can become ten.
 */
#define LIMIT_MS 300000

static struct {
	struct worker *workers;
	unsigned int count;
	pthread_t thread;
	atomic_bool over;
} watch;

/* A file of a directory in /proc; the task may have ended. */
static FILE *open_of_task(const char *task, const char *name)
{
	FILE *file = NULL;
	char *path;

	if (asprintf(&path, "%s/%s", task, name) >= 0) {
		file = fopen(path, "re");
		free(path);
	}
	return file;
}

/* With number, name and state in the first line. */
static void print_file(const char *task, const char *name)
{
	FILE *file = open_of_task(task, name);
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		printf("# %s: %.100s%s", name, line,
		       strchr(line, '\n') ? "" : "\n");
	if (file)
		fclose(file);
}

static void print_task(const char *task)
{
	print_file(task, "stat");
	print_file(task, "stack");
}

/* In an uninterruptible sleep, or one of our children. */
static void print_if_stuck(const char *task)
{
	FILE *file = open_of_task(task, "stat");
	char line[256] = "", *state;

	if (file) {
		if (!fgets(line, sizeof(line), file))
			*line = '\0';
		fclose(file);
	}
	state = strrchr(line, ')');
	if (state && (!strncmp(state, ") D", 3) || strstr(line, "(suites)")))
		print_task(task);
}

static void visit_tasks(const char *pattern, void (*call)(const char *task))
{
	glob_t tasks;
	size_t i;

	if (glob(pattern, 0, NULL, &tasks))
		return;
	for (i = 0; i < tasks.gl_pathc; i++)
		call(tasks.gl_pathv[i]);
	globfree(&tasks);
}

static _Noreturn void give_up(const struct worker *worker)
{
	unsigned int i;

	printf("not ok - stress: every thread gets somewhere\n");
	printf("# %s %u (thread %d) did not within %u s, after %u steps\n",
	       worker->name, worker->nth, worker->tid, LIMIT_MS / 1000,
	       worker->steps);
	for (i = 0; i < watch.count; i++)
		printf("# %s %u is thread %d\n", watch.workers[i].name,
		       watch.workers[i].nth, watch.workers[i].tid);
	visit_tasks("/proc/[0-9]*/task/*", print_if_stuck);
	fflush(stdout);
	/* The rest goes to the kernel's log, and needs a while. */
	write_file("/proc/sysrq-trigger", "w");
	write_file("/proc/sysrq-trigger", "l");
	sleep(5);
	/* Switching off in good order could wait for those who hang. */
	write_file("/proc/sysrq-trigger", "b");
	for (;;)
		pause();
}

static void *watch_all(void *unused)
{
	long long since[64];
	unsigned int seen[64] = { 0 }, i;

	(void)unused;
	for (i = 0; i < watch.count; i++)
		since[i] = bench_now_ms();
	for (; !watch.over; usleep(500000)) {
		for (i = 0; i < watch.count; i++) {
			if (watch.workers[i].tid < 0 ||
			    watch.workers[i].steps != seen[i]) {
				seen[i] = watch.workers[i].steps;
				since[i] = bench_now_ms();
			} else if (bench_now_ms() - since[i] > LIMIT_MS) {
				give_up(&watch.workers[i]);
			}
		}
	}
	return NULL;
}

void stress_watch(struct worker *workers, unsigned int count)
{
	assert_true(count <= 64);
	watch.workers = workers;
	watch.count = count;
	watch.over = false;
	assert_int_equal(pthread_create(&watch.thread, NULL, watch_all, NULL),
			 0);
}

void stress_unwatch(void)
{
	watch.over = true;
	assert_int_equal(pthread_join(watch.thread, NULL), 0);
}
