// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first process of the guest:
 *
 *	/init [driver=NAME] [flavour=NAME] [exporter=NAME] PROGRAM [ARGUMENT...]
 *
 * It loads the modules, runs the program, whose results are TAP lines on the
 * first serial port, unloads the modules, looks through the kernel's log, sums
 * up and switches the machine off.
 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "klog.h"
#include "modules.h"
#include "sysfs.h"

#define CONSOLE "/dev/ttyS0"

/*
 * Who has leaked what is not ours: the export of vfio-pci-core loses the scatterlist
 * of each mapping when it is unmapped (6.19 to 7.3).
 */
#define KNOWN_LEAK "dma_buf_phys_vec_to_sgt"

/* With one more than it takes, for what still changes. */
#define LEAK_SCANS 6

static unsigned int passed, failed;
static const char *driver = "dmabuf-vfio-pci";
static const char *flavour = "variant";
static const char *exporter = "";

static void begin_result(bool ok)
{
	*(ok ? &passed : &failed) += 1;
	printf("%s - guest: ", ok ? "ok" : "not ok");
}

/* A TAP line, with what it is about as for printf(). */
#define result(ok, ...) \
	(begin_result(ok), printf(__VA_ARGS__), putchar('\n'))

static void mount_all(void)
{
	static const struct {
		const char *type;
		const char *where;
	} mounts[] = {
		{ "devtmpfs", "/dev" },
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "tmpfs", "/tmp" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
	};
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0,
			  NULL) && errno != EBUSY)
			result(false, "%s is mounted: %s", mounts[i].where,
			       strerror(errno));
	}
}

/* DMA_API_DEBUG falls silent after its first error, which may be a known one. */
static void hear_all_mapping_errors(void)
{
	int fd = open("/sys/kernel/debug/dma-api/all_errors", O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		result(false, "all DMA errors are told: %s", strerror(errno));
	close(fd);
}

/* Results go to a port of their own, byte by byte as they are written. */
static void open_console(void)
{
	struct termios termios;
	int fd;

	fd = open(CONSOLE, O_RDWR | O_NOCTTY);
	if (fd < 0)
		return;
	if (!tcgetattr(fd, &termios)) {
		cfmakeraw(&termios);
		tcsetattr(fd, TCSANOW, &termios);
	}
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static bool is_dropin(void)
{
	return !strcmp(flavour, "dropin");
}

static bool is_variant(void)
{
	return !strcmp(driver, "dmabuf-vfio-pci");
}

static void load(const char *name, const char *options)
{
	int ret = module_load(name, options);

	if (ret)
		result(false, "%s loads: %s", name, strerror(-ret));
}

/* What the machine needs before all else: the driver of its IOMMU. */
static void load_machine(void)
{
	char *names = getenv("DVP_MODULES"), *name;

	if (!names)
		return;
	for (name = strtok(names, ","); name; name = strtok(NULL, ","))
		load(name, NULL);
}

static void load_modules(void)
{
	char options[64] = "";

	load_machine();
	if ((is_variant() || is_dropin()) && *exporter)
		snprintf(options, sizeof(options), "exporter=%s", exporter);
	load("vfio_iommu_type1", NULL);
	load("vfio-pci", is_dropin() ? options : NULL);
	if (is_variant())
		load("dmabuf-vfio-pci", options);
	load("dvp-importer", NULL);
}

/* A file that has just been closed may be put by a kernel worker: wait. */
static void unload(const char *name)
{
	int tries = 200, ret;

	do {
		ret = module_unload(name);
		if (!ret || !--tries)
			break;
		usleep(10000);
	} while (true);
	result(!ret, "%s unloads%s%s", name, ret ? ": " : "",
	       ret ? strerror(-ret) : "");
}

/*
 * Where the kernel has DMA_API_DEBUG: what importers have left mapped.  On 6.1 and 6.12
 * what could not be mapped counts as well, at an address of all ones; it is what the
 * kernel then warns of when the importer goes.
 */
static void check_mappings(void)
{
	/* What the driver says when it cannot even give back addresses. */
	static const char *const words[] = { "DMA addresses: lost", NULL };
	unsigned int left = 0, lost;
	char line[512];
	FILE *mappings;
	int klog;

	/* Switched off, it has no list to read, and oopses on the way to it. */
	if (read_line("/sys/kernel/debug/dma-api/disabled", line, sizeof(line)) ||
	    line[0] == 'Y')
		return;
	mappings = fopen("/sys/kernel/debug/dma-api/dump", "r");
	if (!mappings)
		return;
	while (fgets(line, sizeof(line), mappings)) {
		if ((strncmp(line, "dvp_importer ", strlen("dvp_importer ")) &&
		     strncmp(line, "dvp_rdma ", strlen("dvp_rdma "))) ||
		    strstr(line, " coherent ") ||
		    strstr(line, " D=ffffffffffffffff "))
			continue;
		printf("# kernel: %s", line);
		left++;
	}
	fclose(mappings);
	klog = klog_open_start();
	lost = klog_count(klog, words);
	close(klog);
	result(left == lost, "importers have left %u mappings, %u of which the log calls lost",
	       left, lost);
}

static void unload_modules(void)
{
	unload("dvp-importer");
	if (is_variant())
		unload("dmabuf-vfio-pci");
	unload("vfio-pci");
}

static void count_line(const char *line)
{
	if (!strncmp(line, "ok ", 3))
		passed++;
	else if (!strncmp(line, "not ok ", 7))
		failed++;
}

static int exec_program(char **argv)
{
	setenv("PATH", "/bin", 1);
	setenv("DVP_DRIVER", driver, 1);
	setenv("DVP_FLAVOUR", flavour, 1);
	setenv("DVP_EXPORTER", exporter, 1);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	return 127;
}

static void run_program(char **argv)
{
	char *line = NULL;
	size_t size = 0;
	int fds[2], status;
	FILE *output;
	pid_t child;

	if (pipe(fds)) {
		result(false, "a pipe for the program: %s", strerror(errno));
		return;
	}
	child = fork();
	if (!child) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		_exit(exec_program(argv));
	}
	close(fds[1]);
	output = fdopen(fds[0], "r");
	while (getline(&line, &size, output) >= 0) {
		count_line(line);
		fputs(line, stdout);
	}
	free(line);
	fclose(output);

	waitpid(child, &status, 0);
	result(WIFEXITED(status) && !WEXITSTATUS(status),
	       "%s ended with status %#x", argv[0], status);
}

/* Returns whether it is an object, and one that must not have leaked. */
static bool is_leak(char *object)
{
	char *line;

	if (!*object || strstr(object, KNOWN_LEAK))
		return false;
	for (line = strtok(object, "\n"); line; line = strtok(NULL, "\n"))
		printf("# kernel: %s\n", line);
	return true;
}

/* Each object that kmemleak has found takes several lines. */
static unsigned int count_leaks(FILE *found)
{
	static const char start[] = "unreferenced object";
	char object[8192] = "", line[256];
	unsigned int leaks = 0;
	size_t length = 0;

	while (fgets(line, sizeof(line), found)) {
		if (!strncmp(line, start, strlen(start))) {
			leaks += is_leak(object);
			length = 0;
		}
		if (length + strlen(line) < sizeof(object))
			length += sprintf(object + length, "%s", line);
	}
	return leaks + is_leak(object);
}

/*
 * Where the kernel has kmemleak.  An object must be some seconds old before it is
 * called a leak; a scan must find it as the last one did, and that several times
 * in 7.3.
 */
static void check_leaks(void)
{
	unsigned int leaks;
	FILE *found;
	int i, fd;

	fd = open("/sys/kernel/debug/kmemleak", O_RDWR);
	if (fd < 0)
		return;
	sleep(6);
	for (i = 0; i < LEAK_SCANS; i++)
		if (write(fd, "scan", 4) != 4)
			result(false, "kmemleak scans: %s", strerror(errno));
	found = fdopen(fd, "r");
	leaks = count_leaks(found);
	result(!leaks, "%u objects have leaked", leaks);
	fclose(found);
}

/*
 * Whether a line belongs to a warning of one of the functions in DVP_KNOWN, which the
 * machine expects to warn.  What such a warning begins with does not offend.
 */
static bool belongs_to_known(const char *text)
{
	const char *known = getenv("DVP_KNOWN");
	static bool inside;
	static regex_t regex;
	char warning[512];

	if (!known)
		return false;
	if (!regex.re_nsub) {
		snprintf(warning, sizeof(warning), "WARNING:.* (%s)\\+", known);
		if (regcomp(&regex, warning, REG_EXTENDED))
			return false;
	}
	if (!regexec(&regex, text, 0, NULL, 0))
		inside = true;
	else if (strstr(text, "[ end trace "))
		inside = false;
	return inside;
}

static void check_log(void)
{
	unsigned int offending = 0;
	bool expected = false;
	char text[1024];
	int klog;

	klog = klog_open_start();
	if (klog < 0) {
		result(false, "the kernel's log can be read");
		return;
	}
	while (klog_next(klog, text, sizeof(text))) {
		if (!strcmp(text, KLOG_FAULTS_FROM))
			expected = true;
		else if (!strcmp(text, KLOG_FAULTS_UNTIL))
			expected = false;
		if (belongs_to_known(text) || !klog_offends(text) ||
		    (expected && !strncmp(text, "DMAR:", strlen("DMAR:"))))
			continue;
		printf("# kernel: %s\n", text);
		offending++;
	}
	result(!offending, "the kernel's log has %u lines of trouble",
	       offending);
	close(klog);
}

/* Where the kernel has gcov: what has run in the driver. */
static void save_coverage(void)
{
	int status;

	if (access("/sys/kernel/debug/gcov", F_OK))
		return;
	status = system("save-coverage");
	result(!status, "the coverage is saved: %#x", status);
}

static void power_off(void)
{
	printf("guest: %u passed, %u failed\n", passed, failed);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/*
 * The first process waits for what has lost its parent, or that would stay a zombie, and
 * libvirt would not believe that its QEMU has ended.  A child does all else.
 */
static void leave_orphans_behind(void)
{
	pid_t child = fork();

	if (child <= 0)
		return;
	while (wait(NULL) != child)
		;
	_exit(1);
}

int main(int argc, char **argv)
{
	int i;

	leave_orphans_behind();
	mount_all();
	open_console();
	/* UEFI on arm64 tells the kernel by its command line where our files are. */
	if (argc > 1 && !strncmp(argv[argc - 1], "initrd=", 7))
		argv[--argc] = NULL;
	hear_all_mapping_errors();
	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "driver=", 7))
			driver = argv[i] + 7;
		else if (!strncmp(argv[i], "flavour=", 8))
			flavour = argv[i] + 8;
		else if (!strncmp(argv[i], "exporter=", 9))
			exporter = argv[i] + 9;
		else
			break;
	}
	if (i < argc) {
		load_modules();
		run_program(argv + i);
		check_mappings();
		unload_modules();
		check_leaks();
		save_coverage();
		check_log();
	} else {
		result(false, "the command line names a program");
	}
	power_off();
}
