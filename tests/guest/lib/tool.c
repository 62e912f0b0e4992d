// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "bench.h"
#include "system.h"
#include "tool.h"

#define NOBODY 65534

static char *output;
static size_t output_size;

/* In a mount namespace of its own, so that nobody else misses it. */
static void hide_debugfs(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    umount2("/sys/kernel/debug", MNT_DETACH))
		_exit(126);
}

/*
 * As its root, and not just as a folder: libvirt enters mount namespaces, of which the
 * root is where it then is.
 */
static void enter_system(void)
{
	if (unshare(CLONE_NEWNS) || chdir(SYSTEM) ||
	    mount(SYSTEM, "/", NULL, MS_MOVE, NULL) || chroot("."))
		_exit(126);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("HOME", "/root", 1);
}

static void become(enum tool_user user)
{
	switch (user) {
	case TOOL_ROOT:
		break;
	case TOOL_NOBODY:
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(126);
		break;
	case TOOL_WITHOUT_DEBUGFS:
		hide_debugfs();
		break;
	case TOOL_IN_SYSTEM:
		enter_system();
		break;
	}
}

static pid_t start(enum tool_user user, char *const *argv, int input, int *from)
{
	int fds[2];
	pid_t child;

	assert_sys(pipe2(fds, O_CLOEXEC));
	child = fork();
	assert_sys(child);
	if (!child) {
		dup2(input, STDIN_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		become(user);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	*from = fds[0];
	return child;
}

static void read_output(int from)
{
	size_t length = 0;
	ssize_t done;

	do {
		if (length + 1 >= output_size) {
			output_size = output_size ? 2 * output_size : 65536;
			output = realloc(output, output_size);
			assert_non_null(output);
		}
		done = read(from, output + length, output_size - 1 - length);
		if (done > 0)
			length += done;
	} while (done > 0);
	output[length] = '\0';
	close(from);
}

struct tool_run tool_run_all(enum tool_user user, char *const *argv)
{
	int from, status;
	pid_t child;

	child = start(user, argv, STDIN_FILENO, &from);
	read_output(from);
	assert_int_equal(waitpid(child, &status, 0), child);
	return (struct tool_run) {
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		output,
	};
}

pid_t tool_start_argv(int *from, char *const *argv)
{
	return start(TOOL_ROOT, argv, STDIN_FILENO, from);
}

pid_t tool_start_all(enum tool_user user, char *const *argv, int *input,
		     int *output)
{
	int fds[2];
	pid_t child;

	assert_sys(pipe2(fds, O_CLOEXEC));
	child = start(user, argv, fds[0], output);
	close(fds[0]);
	*input = fds[1];
	return child;
}

struct tool_run tool_check(struct tool_run run, int status, const char *words,
			   const char *file, int line)
{
	if (run.status == status && strstr(run.output, words))
		return run;
	/* print_error() ends after a thousand bytes, and not with a line. */
	fprintf(stderr, "expected %d and \"%s\", got %d and:\n%s\n", status, words,
		run.status, run.output);
	_fail(file, line);
	return run;
}

json_t *tool_json(struct tool_run run)
{
	json_error_t error;
	json_t *value;

	value = json_loads(run.output, 0, &error);
	if (!value)
		fail_msg("status %d, no JSON: %s: %.200s", run.status,
			 error.text, run.output);
	return value;
}

const char *tool_override(const char *bdf)
{
	static char text[64];

	assert_ok(device_read_attr(bdf, "driver_override", text, sizeof(text)));
	return text;
}

void tool_only_name(const char *bdf, const char *kind, char *name, size_t size)
{
	struct dirent *entry;
	char path[128];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, kind);
	dir = opendir(path);
	assert_non_null(dir);
	do {
		entry = readdir(dir);
		assert_non_null(entry);
	} while (entry->d_name[0] == '.');
	snprintf(name, size, "%.*s", (int)size - 1, entry->d_name);
	closedir(dir);
}

void tool_free_device(const char *bdf)
{
	assert_ok(device_unbind(bdf));
	assert_ok(device_write_attr(bdf, "driver_override", "\n"));
}

void tool_group(char one[BDF_SIZE], char other[BDF_SIZE])
{
	snprintf(one, BDF_SIZE, "%s", bench_find(IVSHMEM, 3));
	snprintf(other, BDF_SIZE, "%s", bench_find(IVSHMEM, 4));
	tool_free_device(one);
	tool_free_device(other);
}

const char *tool_memory(void)
{
	const char *bdf = bench_find(IVSHMEM, 0);

	tool_free_device(bdf);
	return bdf;
}
