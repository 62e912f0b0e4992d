/* SPDX-License-Identifier: GPL-2.0-only */
/* How a process can hold a dma-buf other than by an ordinary descriptor. */
#ifndef GUEST_HOLD_H
#define GUEST_HOLD_H

#include <sys/types.h>

/**
 * enum hold_kind - how a dma-buf is held
 * @HOLD_PATH: by an O_PATH descriptor, which keeps the dma-buf and not its file
 * @HOLD_FLIGHT: in flight in a socket to which only its own queue refers; released
 *	by the kernel's garbage collector
 * @HOLD_COPY: by a descriptor that pidfd_getfd() has copied
 * @HOLD_EPOLL: by an epoll that watches it, which does not keep it
 * @HOLD_TABLE: by a process that shares our descriptors (CLONE_FILES), closes this
 *	one and ends
 * @HOLD_KINDS: how many of these there are
 */
enum hold_kind {
	HOLD_PATH,
	HOLD_FLIGHT,
	HOLD_COPY,
	HOLD_EPOLL,
	HOLD_TABLE,
	HOLD_KINDS,
};

/**
 * struct hold - a hold on a dma-buf
 * @fds: descriptors to close, in this order, or -1
 * @child: process to wait for, or 0
 */
struct hold {
	int fds[2];
	pid_t child;
};

#define NO_HOLD { { -1, -1 }, 0 }

/* Leaves @buffer open.  0 or a negative errno. */
int hold_begin(struct hold *hold, enum hold_kind kind, int buffer);
void hold_end(struct hold *hold);

/* Waits until objects that are freed after an RCU grace period are freed. */
void hold_synchronize(void);

#endif /* GUEST_HOLD_H */
