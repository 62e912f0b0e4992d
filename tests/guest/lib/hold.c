// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hold.h"
#include "pass.h"

static int or_errno(long ret)
{
	return ret < 0 ? -errno : (int)ret;
}

static int hold_path(struct hold *hold, int buffer)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", buffer);
	hold->fds[0] = or_errno(open(path, O_PATH | O_CLOEXEC));
	return hold->fds[0];
}

/* The queue of the second socket holds the buffer, and the socket itself. */
static int hold_flight(struct hold *hold, int buffer)
{
	int ret = or_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
				      0, hold->fds));

	if (ret)
		return ret;
	return pass_send(hold->fds[0], "", 1, (int[]){ buffer, hold->fds[1] }, 2);
}

static int hold_copy(struct hold *hold, int buffer)
{
	int pidfd = or_errno(syscall(SYS_pidfd_open, getpid(), 0));

	if (pidfd < 0)
		return pidfd;
	hold->fds[0] = or_errno(syscall(SYS_pidfd_getfd, pidfd, buffer, 0));
	close(pidfd);
	return hold->fds[0];
}

static int hold_epoll(struct hold *hold, int buffer)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };

	hold->fds[0] = or_errno(epoll_create1(EPOLL_CLOEXEC));
	if (hold->fds[0] < 0)
		return hold->fds[0];
	return or_errno(epoll_ctl(hold->fds[0], EPOLL_CTL_ADD, buffer, &event));
}

static int hold_table(struct hold *hold, int buffer)
{
	int copy = or_errno(fcntl(buffer, F_DUPFD_CLOEXEC, 0));

	if (copy < 0)
		return copy;
	hold->child = or_errno(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0,
				       0, 0));
	if (!hold->child) {
		/* Not by way of libc, whose locks others may have held. */
		syscall(SYS_close, copy);
		syscall(SYS_exit_group, 0);
	}
	if (hold->child > 0)
		return 0;
	close(copy);
	return hold->child;
}

int hold_begin(struct hold *hold, enum hold_kind kind, int buffer)
{
	static int (*const begin[])(struct hold *hold, int buffer) = {
		[HOLD_PATH] = hold_path,
		[HOLD_FLIGHT] = hold_flight,
		[HOLD_COPY] = hold_copy,
		[HOLD_EPOLL] = hold_epoll,
		[HOLD_TABLE] = hold_table,
	};
	int ret;

	*hold = (struct hold)NO_HOLD;
	ret = begin[kind](hold, buffer);
	if (ret >= 0)
		return 0;
	hold_end(hold);
	return ret;
}

void hold_end(struct hold *hold)
{
	unsigned int i;

	if (hold->child > 0)
		waitpid(hold->child, NULL, 0);
	for (i = 2; i--;)
		if (hold->fds[i] >= 0)
			close(hold->fds[i]);
	*hold = (struct hold)NO_HOLD;
}

void hold_synchronize(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}
