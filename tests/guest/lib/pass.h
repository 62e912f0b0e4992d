/* SPDX-License-Identifier: GPL-2.0-only */
/* File descriptors on their way to another process. */
#ifndef GUEST_PASS_H
#define GUEST_PASS_H

#include <stddef.h>

/* So many at once. */
#define PASS_MAX 2

/* @socket is one end of a pair of SOCK_SEQPACKET.  0 or a negative errno. */
int pass_send(int socket, const void *data, size_t size, const int *fds,
	      unsigned int count);
/*
 * How many descriptors came along, PASS_MAX at most, or a negative errno: EPIPE
 * when the other end has been closed, EBADMSG for a message of another size.
 */
int pass_receive(int socket, void *data, size_t size, int *fds);

#endif /* GUEST_PASS_H */
