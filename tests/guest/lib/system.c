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

struct tool_run system_run(const char *format, ...)
{
	char *argv[] = { "sh", "-c", NULL, NULL };
	struct tool_run run;
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&argv[2], format, args) >= 0);
	va_end(args);
	run = tool_run_all(TOOL_IN_SYSTEM, argv);
	free(argv[2]);
	return run;
}

pid_t system_start(int *input, int *output, const char *format, ...)
{
	char *argv[] = { "sh", "-c", NULL, NULL };
	va_list args;
	pid_t child;

	va_start(args, format);
	assert_true(vasprintf(&argv[2], format, args) >= 0);
	va_end(args);
	child = tool_start_all(TOOL_IN_SYSTEM, argv, input, output);
	free(argv[2]);
	return child;
}
