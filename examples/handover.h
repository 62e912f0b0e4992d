/* SPDX-License-Identifier: MIT */
/* File descriptors on their way to another process. */
#ifndef EXAMPLES_HANDOVER_H
#define EXAMPLES_HANDOVER_H

/* Send a descriptor over a Unix socket: 0, or -1 with errno. */
int send_fd(int socket, int fd);

/* Receive one: it, or -1 with errno; EBADMSG for a message without one. */
int receive_fd(int socket);

#endif /* EXAMPLES_HANDOVER_H */
