// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM that knows nothing of this driver: QEMU, which is started by the command of
 * the documents and has a device passed on to its own machine.  tests/host/docs says what
 * stands between: that machine has little memory, and no KVM.
 */
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "bench.h"
#include "block.h"
#include "suites.h"
#include "tool.h"

/* What the documents pass on: nvme, with memory in its BAR 2. */
#define DEVICE	"0000:03:00.0"
#define IDS	"PCI device 1b36:0010"

#define PROMPT	"(qemu) "

/* A machine that emulates a machine that emulates one is slow. */
#define PATIENCE_MS 120000

static pid_t shell;
static int monitor_fd;

/* All that its monitor says until it waits for a command, or has ended. */
static const char *hear(void)
{
	static char said[65536];
	struct pollfd ready = { .fd = monitor_fd, .events = POLLIN };
	size_t length = 0;
	ssize_t done;

	do {
		said[length] = '\0';
		if (strstr(said, PROMPT))
			break;
		if (!poll(&ready, 1, PATIENCE_MS))
			fail_msg("QEMU has said no more than: %.400s", said);
		done = read(monitor_fd, said + length, sizeof(said) - 1 - length);
		if (done > 0)
			length += done;
	} while (done > 0);
	return said;
}

static void say(const char *command)
{
	assert_int_equal(send(monitor_fd, command, strlen(command),
			      MSG_NOSIGNAL), strlen(command));
}

/* The only block of its kind. */
static int start_qemu(void **state)
{
	int sockets[2];
	glob_t found;

	(void)state;
	tool_free_device(DEVICE);
	assert_ok(device_bind(DEVICE, bench_driver()));
	assert_int_equal(glob(BLOCKS "/*.vmm", 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	assert_sys(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	shell = fork();
	assert_sys(shell);
	if (!shell)
		block_exec(*found.gl_pathv, sockets[1], sockets[1]);
	globfree(&found);
	close(sockets[1]);
	monitor_fd = sockets[0];
	return 0;
}

static int stop_qemu(void **state)
{
	(void)state;
	if (shell) {
		kill(-shell, SIGKILL);
		waitpid(shell, NULL, 0);
	}
	close(monitor_fd);
	tool_free_device(DEVICE);
	return 0;
}

/* Its monitor is there before its devices are. */
static void passed_on(void **state)
{
	const char *said;

	(void)state;
	hear();
	say("info pci\n");
	said = hear();
	if (!strstr(said, IDS))
		fail_msg("QEMU's machine has: %.400s", said);
}

/* The process is the one that keeps it from being unbound. */
static void memory_mapped(void **state)
{
	static const char held[] = "not unbound: qemu-system-x86 (pid ";
	struct tool_run run = tool_run("unbind", DEVICE, NULL);
	char path[32], maps[65536];

	(void)state;
	assert_tool(run, 2, held);
	snprintf(path, sizeof(path), "/proc/%d/maps",
		 atoi(strstr(run.output, held) + strlen(held)));
	assert_ok(read_file(path, maps, sizeof(maps)));
	if (!strstr(maps, "[vfio-device]"))
		fail_msg("QEMU has mapped no memory of the device");
}

static void assert_open(const char *line)
{
	char text[1024];

	assert_ok(bench_debugfs(DEVICE, "state", text, sizeof(text)));
	if (!strstr(text, line))
		fail_msg("no \"%s\" in: %.400s", line, text);
}

static void given_back(void **state)
{
	int status;

	(void)state;
	assert_open("open yes\n");
	say("quit\n");
	assert_int_equal(waitpid(shell, &status, 0), shell);
	shell = 0;
	assert_int_equal(status, 0);
	assert_open("open no\n");
	assert_tool(tool_run("unbind", DEVICE, NULL), 0, "unbound");
}

#define VMM(name, function) TEST("vmm", name, function)

int suite_vmm(void)
{
	const struct CMUnitTest tests[] = {
		VMM("QEMU takes a bound device by the documents' command",
		    passed_on),
		VMM("QEMU holds the device and maps its memory",
		    memory_mapped),
		VMM("the device is closed when QEMU quits", given_back),
	};

	return bench_is_ours() ? cmocka_run_group_tests_name("vmm", tests,
						start_qemu, stop_qemu) : 0;
}
