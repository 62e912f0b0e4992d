// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command "export": run a command with a dma-buf.  This program keeps the device open
 * meanwhile, because closing it ends the buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "options.h"
#include "ranges.h"
#include "util.h"
#include "vfio.h"

/* As in env(1). */
#define STATUS_NO_BUFFER	125
#define STATUS_NOT_RUN		126
#define STATUS_NOT_FOUND	127

/* The first one that systemd passes on. */
#define PASSED_FD		3

/**
 * struct request - what to export
 * @bdf: device
 * @bar: number of its BAR; -1 if none was given
 * @ranges: parts of the BAR
 * @count: number of @ranges
 * @mmap: whether the buffer has to be one that a process can map
 */
struct request {
	char bdf[BDF_SIZE];
	int bar;
	struct vfio_region_dma_range *ranges;
	size_t count;
	bool mmap;
};

static pid_t child;

static void add_range(struct request *request, const char *words)
{
	struct vfio_region_dma_range *range;
	uint64_t offset, length;

	if (!range_parse(words, &offset, &length))
		fail("--range %s: write it as OFFSET:LENGTH, in bytes or with K, M or G",
		     words);
	range = &request->ranges[request->count++];
	range->offset = offset;
	range->length = length;
}

static void set_bar(struct request *request, const char *words)
{
	if (strlen(words) != 1 || *words < '0' || *words >= '0' + NR_BARS)
		fail("--bar %s: a device has BARs 0 to %d", words, NR_BARS - 1);
	request->bar = *words - '0';
}

static void check_range(const struct request *request, uint64_t size,
			const struct vfio_region_dma_range *range)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	if (!range->length || range->offset % page || range->length % page)
		fail("%s: the range 0x%llx:0x%llx is not aligned to pages of %llu bytes",
		     request->bdf, (long long)range->offset,
		     (long long)range->length, (long long)page);
	if (range->offset > size || range->length > size - range->offset)
		fail("%s: the range 0x%llx:0x%llx is not inside BAR %d, which has 0x%llx bytes",
		     request->bdf, (long long)range->offset,
		     (long long)range->length, request->bar, (long long)size);
}

/* Nothing is read: that may have effects.  The buffer is mapped as far as it can be. */
static void check_mmap(const struct request *request, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		fail("%s: a process cannot map the dma-buf: %s%s", request->bdf,
		     strerror(errno), errno == EINVAL ?
		     "; that takes exporter=own, and a BAR that VFIO lets processes map" : "");
	munmap(memory, size);
}

/* The device stays open until the program ends. */
static int export_ranges(struct request *request)
{
	uint64_t page = sysconf(_SC_PAGESIZE), size;
	struct vfio vfio;
	char *why;
	size_t i;
	int fd;

	if (!vfio_open(&vfio, request->bdf, &why))
		fail("%s: %s", request->bdf, why);
	size = vfio_bar_size(&vfio, request->bar);
	if (!size)
		fail("%s: it has no BAR %d", request->bdf, request->bar);
	if (size < page)
		fail("%s: BAR %d has %llu bytes, less than a page of %llu, and cannot be exported",
		     request->bdf, request->bar, (long long)size, (long long)page);
	if (!request->count)
		request->ranges[request->count++].length = size;
	for (i = 0; i < request->count; i++)
		check_range(request, size, &request->ranges[i]);
	fd = vfio_export(&vfio, request->bar, request->ranges, request->count,
			 &why);
	if (fd < 0)
		fail("%s: %s", request->bdf, why);
	if (request->mmap)
		check_mmap(request, fd);
	return fd;
}

static void set_number(const char *name, long long number)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%lld", number);
	setenv(name, digits, 1);
}

/* It must not outlive this program, with which the buffer ends. */
_Noreturn static void run(char **argv, int dma_buf)
{
	long long size = lseek(dma_buf, 0, SEEK_END);
	int error;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	lseek(dma_buf, 0, SEEK_SET);
	set_number("LISTEN_FDS", 1);
	set_number("LISTEN_PID", getpid());
	setenv("LISTEN_FDNAMES", "dma-buf", 1);
	set_number("DMABUF_FD", PASSED_FD);
	set_number("DMABUF_SIZE", size);
	/* dup2() of itself would keep the close-on-exec flag. */
	if (dma_buf == PASSED_FD)
		fcntl(dma_buf, F_SETFD, 0);
	else
		dup2(dma_buf, PASSED_FD);
	execvp(*argv, argv);
	error = errno;
	complain("cannot run %s: %s", *argv, strerror(error));
	_exit(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

static void pass_on(int signal)
{
	kill(child, signal);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("cannot wait for the command: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/* A terminal sends interrupts to the command, too. */
static int run_with(char **argv, int dma_buf)
{
	const struct sigaction pass = { .sa_handler = pass_on };
	sigset_t terms, old;

	sigemptyset(&terms);
	sigaddset(&terms, SIGTERM);
	sigaddset(&terms, SIGHUP);
	sigprocmask(SIG_BLOCK, &terms, &old);
	child = fork();
	if (child < 0)
		fail("cannot run the command: %s", strerror(errno));
	if (!child) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		run(argv, dma_buf);
	}
	close(dma_buf);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	sigaction(SIGTERM, &pass, NULL);
	sigaction(SIGHUP, &pass, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return wait_for(child);
}

/* Returns the arguments from the command on. */
static char **parse(struct request *request, int argc, char **argv)
{
	static const struct option options[] = {
		{ "bar", required_argument, NULL, 'b' },
		{ "range", required_argument, NULL, 'r' },
		{ "mmap", no_argument, NULL, 'm' },
		OPTION_HELP,
		{}
	};
	bool named = false;
	int option;

	/* "-": the device can stand among the options; those of the command are its own. */
	while ((option = options_next(argc, argv, "-b:r:mh", options)) >= 0) {
		if (option == 'b') {
			set_bar(request, optarg);
		} else if (option == 'r') {
			add_range(request, optarg);
		} else if (option == 'm') {
			request->mmap = true;
		} else if (!named) {
			device_name(optarg, request->bdf);
			named = true;
		} else {
			optind--;
			break;
		}
	}
	if (!named || request->bar < 0 || !argv[optind])
		fail_usage(argv[0]);
	return argv + optind;
}

int command_export(int argc, char **argv)
{
	struct request request = { .bar = -1 };
	char **command;

	fail_status = STATUS_NO_BUFFER;
	request.ranges = allocate(argc, sizeof(*request.ranges));
	command = parse(&request, argc, argv);
	return run_with(command, export_ranges(&request));
}
