// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "bench.h"
#include "system.h"

/* The kernel's file systems are those of the guest, whose modules it loads, too. */
static const struct {
	const char *what;
	const char *where;
	const char *type;
} mounts[] = {
	{ "/dev", SYSTEM "/dev", NULL },
	{ "devpts", SYSTEM "/dev/pts", "devpts" },
	{ "shm", SYSTEM "/dev/shm", "tmpfs" },
	{ "/proc", SYSTEM "/proc", NULL },
	{ "/sys", SYSTEM "/sys", NULL },
	{ "/sys/kernel/debug", SYSTEM "/sys/kernel/debug", NULL },
	{ "cgroup", SYSTEM "/sys/fs/cgroup", "cgroup2" },
	{ "run", SYSTEM "/run", "tmpfs" },
	{ "tmp", SYSTEM "/tmp", "tmpfs" },
	{ "/lib/modules", SYSTEM "/usr/lib/modules", NULL },
};

void system_mount(void)
{
	size_t i;

	if (!mkdir(SYSTEM, 0755)) {
		assert_ok(module_load("virtio_pci", NULL));
		assert_ok(module_load("virtio_blk", NULL));
		assert_ok(module_load("ext4", NULL));
		wait_until(!access("/dev/vda", F_OK));
		assert_sys(mount("/dev/vda", SYSTEM, "ext4", 0, NULL));
		for (i = 0; i < ARRAY_SIZE(mounts); i++) {
			mkdir(mounts[i].where, 0755);
			assert_sys(mount(mounts[i].what, mounts[i].where,
					 mounts[i].type,
					 mounts[i].type ? 0 : MS_BIND, NULL));
		}
	}
}

/* The arguments of a shell that runs one line. */
struct shell {
	char *argv[4];
};

static struct shell shell(const char *format, va_list args)
{
	struct shell shell = { { "sh", "-c" } };

	assert_true(vasprintf(&shell.argv[2], format, args) >= 0);
	return shell;
}

struct tool_run system_run(const char *format, ...)
{
	struct tool_run run;
	struct shell line;
	va_list args;

	va_start(args, format);
	line = shell(format, args);
	va_end(args);
	run = tool_run_all(TOOL_IN_SYSTEM, line.argv);
	free(line.argv[2]);
	return run;
}

pid_t system_start(int *input, int *output, const char *format, ...)
{
	struct shell line;
	va_list args;
	pid_t child;

	va_start(args, format);
	line = shell(format, args);
	va_end(args);
	child = tool_start_all(TOOL_IN_SYSTEM, line.argv, input, output);
	free(line.argv[2]);
	return child;
}
