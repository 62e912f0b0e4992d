/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs the operator's command. */
#ifndef GUEST_TOOL_H
#define GUEST_TOOL_H

#include <jansson.h>
#include <sys/types.h>

#include "bench.h"

#define TOOL "dmabuf-vfio-pci"

/**
 * enum tool_user - who runs it, and where
 * @TOOL_ROOT: root
 * @TOOL_NOBODY: an unprivileged user
 * @TOOL_WITHOUT_DEBUGFS: root, but debugfs is not mounted
 * @TOOL_IN_SYSTEM: root of the system on the machine's disk (system.h)
 */
enum tool_user {
	TOOL_ROOT,
	TOOL_NOBODY,
	TOOL_WITHOUT_DEBUGFS,
	TOOL_IN_SYSTEM,
};

/**
 * struct tool_run - a command that has ended
 * @status: its exit status, or 128 and the signal that has ended it
 * @output: of the command; valid until the next command is run
 */
struct tool_run {
	int status;
	const char *output;
};

struct tool_run tool_run_all(enum tool_user user, char *const *argv);
/* The same with a list of arguments that ends with NULL: the command, or another program. */
#define tool_run(...)		tool_run_as(TOOL_ROOT, __VA_ARGS__)
#define tool_run_as(user, ...)	tool_run_all(user, TOOL_ARGV(TOOL, __VA_ARGS__))
#define tool_run_other(...)	tool_run_all(TOOL_ROOT, TOOL_ARGV(__VA_ARGS__))
#define TOOL_ARGV(...)		((char *const *)(const char *const []) { __VA_ARGS__ })

/* Starts the command, with its output in a pipe; returns its process id. */
#define tool_start(from, ...)	tool_start_argv(from, TOOL_ARGV(TOOL, __VA_ARGS__))
pid_t tool_start_argv(int *from, char *const *argv);
/* Another program, with its input in a pipe as well. */
pid_t tool_start_all(enum tool_user user, char *const *argv, int *input,
		     int *output);

/* They fail the test if the status is another one, or words are missing. */
#define assert_tool(run, status_, words) \
	tool_check(run, status_, words, __FILE__, __LINE__)
struct tool_run tool_check(struct tool_run run, int status, const char *words,
			   const char *file, int line);

/* What driver_override says, until the next call. */
const char *tool_override(const char *bdf);
/* The name of the only one of a kind below the device. */
void tool_only_name(const char *bdf, const char *kind, char *name, size_t size);
/* Unbinds it, and clears its driver_override. */
void tool_free_device(const char *bdf);
/* Two that are one IOMMU group; without a driver. */
void tool_group(char one[BDF_SIZE], char other[BDF_SIZE]);
/* Such a device that can be exported: the shared memory of ivshmem. */
const char *tool_memory(void);

/* The output as JSON, to be given back; fails the test if it is none. */
json_t *tool_json(struct tool_run run);

#endif /* GUEST_TOOL_H */
