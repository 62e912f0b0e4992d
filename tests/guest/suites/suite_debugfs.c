// SPDX-License-Identifier: GPL-2.0-only
/* What operators can look at below /sys/kernel/debug/dmabuf-vfio-pci. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "bench.h"
#include "suites.h"

#define DIRECTORY "/sys/kernel/debug/dmabuf-vfio-pci"

#define P2P_SIZE 32768

static void read_p2p(const char *bdf, char *text)
{
	assert_ok(device_bind(bdf, bench_driver()));
	assert_ok(bench_debugfs(bdf, "p2p", text, P2P_SIZE));
}

/* How many lines of the text start with the word. */
static unsigned int count_lines(const char *text, const char *word)
{
	unsigned int count = 0;

	for (; *text; text += strcspn(text, "\n") + 1)
		if (!strncmp(text, word, strlen(word)) &&
		    text[strlen(word)] == ' ')
			count++;
	return count;
}

static void all_listed(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	struct dirent **entries;
	char text[P2P_SIZE];
	int count, i;

	(void)state;
	read_p2p(bdf, text);
	count = scandir("/sys/bus/pci/devices", &entries, NULL, alphasort);
	for (i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			assert_int_equal(count_lines(text, entries[i]->d_name),
					 !!strcmp(entries[i]->d_name, bdf));
		free(entries[i]);
	}
	assert_true(count > 2);
	free(entries);
}

/* On x86 the machine's CPU is AMD's, elsewhere p2p_host_bridges= names its bridge. */
#ifdef __x86_64__
#define BRIDGE		"the host bridge"
#define FORWARDS	BRIDGE ", which forwards peer-to-peer (AMD, Zen or later)\n"
#else
#define BRIDGE		"host bridge 1b36:0008"
#define FORWARDS	BRIDGE " at 0000:00:00.0 ("
#endif

/* Each is below a root port of its own. */
static void host_bridge_listed(void **state)
{
	char text[P2P_SIZE], line[256];

	(void)state;
	read_p2p(bench_find(IVSHMEM, 0), text);
	snprintf(line, sizeof(line),
		 "\n%s 4 THRU_HOST_BRIDGE the path leads through " FORWARDS,
		 bench_find(EDU, 0));
	assert_non_null(strstr(text, line));
}

static void port_listed(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	char text[P2P_SIZE], line[256], port[BDF_SIZE];

	(void)state;
	assert_true(device_parent(bdf, port));
	read_p2p(bdf, text);
	/* Linux lets root ports redirect where there is an IOMMU. */
	snprintf(line, sizeof(line),
		 "\n%s 1 THRU_HOST_BRIDGE ACS of %s redirects requests to " BRIDGE, port,
		 port);
	assert_non_null(strstr(text, line));
}

static void gone_when_unbound(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	char text[P2P_SIZE];
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		read_p2p(bdf, text);
		assert_ok(device_unbind(bdf));
		assert_error(bench_debugfs(bdf, "p2p", text, sizeof(text)),
			     ENOENT);
	}
}

static void kept_open(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	char path[128], text[16];
	int fd;

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	snprintf(path, sizeof(path), DIRECTORY "/%s/p2p", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_sys(fd);
	bench_keep(fd);
	assert_ok(device_unbind(bdf));
	assert_sys_error(read(fd, text, sizeof(text)), EIO);
}

static void gone_when_unloaded(void **state)
{
	(void)state;
	assert_ok(module_unload(bench_driver()));
	assert_sys_error(access(DIRECTORY, F_OK), ENOENT);
	assert_ok(bench_reload(""));
	assert_sys(access(DIRECTORY, F_OK));
}

static void only_root(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	char path[128];
	pid_t child;
	int status;

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	snprintf(path, sizeof(path), DIRECTORY "/%s/p2p", bdf);
	child = fork();
	if (!child) {
		if (setuid(65534))
			_exit(1);
		_exit(open(path, O_RDONLY) < 0 && errno == EACCES ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Reads the file until it is killed; what is gone meanwhile does not count. */
static pid_t start_reader(const char *bdf)
{
	static char text[P2P_SIZE];
	pid_t child;
	int ret;

	child = fork();
	if (child)
		return child;
	do {
		ret = bench_debugfs(bdf, "p2p", text, sizeof(text));
	} while (!ret || ret == -ENOENT || ret == -EIO);
	_exit(1);
}

static void unplugged(void **state)
{
	char bdf[BDF_SIZE], peer[BDF_SIZE], text[P2P_SIZE];
	pid_t reader;
	int status, i;

	(void)state;
	snprintf(bdf, sizeof(bdf), "%s", bench_find(IVSHMEM, 0));
	snprintf(peer, sizeof(peer), "%s", bench_find(EDU, 1));
	read_p2p(bdf, text);
	assert_int_equal(count_lines(text, peer), 1);
	reader = start_reader(bdf);
	for (i = 0; i < 10; i++) {
		/* In turn the one that is listed and the one that is asked. */
		assert_ok(device_write_attr(i % 2 ? bdf : peer, "remove", "1"));
		if (i % 2 == 0) {
			assert_ok(bench_debugfs(bdf, "p2p", text,
						sizeof(text)));
			assert_int_equal(count_lines(text, peer), 0);
		}
		assert_ok(write_file("/sys/bus/pci/rescan", "1"));
		read_p2p(bdf, text);
		assert_int_equal(count_lines(text, peer), 1);
	}
	assert_int_equal(waitpid(reader, &status, WNOHANG), 0);
	kill(reader, SIGKILL);
	assert_int_equal(waitpid(reader, &status, 0), reader);
}

#define DEBUGFS(name, function) TEST("debugfs", name, function)
#define DEBUGFS_RELOADS(name, function) \
	TEST_RELOADS("debugfs", name, function)

int suite_debugfs(void)
{
	const struct CMUnitTest tests[] = {
		DEBUGFS("p2p has a line for each other function", all_listed),
		DEBUGFS("p2p lists what goes through the host bridge",
			host_bridge_listed),
		DEBUGFS("p2p lists what ACS redirects", port_listed),
		DEBUGFS("a device's files are gone while it is unbound",
			gone_when_unbound),
		DEBUGFS("a file that is kept open reads as an error then",
			kept_open),
		DEBUGFS("only root can read", only_root),
		DEBUGFS("functions can be pulled out while p2p is read",
			unplugged),
		DEBUGFS_RELOADS("nothing is left without the module",
				gone_when_unloaded),
	};

	return bench_is_ours() ? run_group("debugfs", tests) : 0;
}
