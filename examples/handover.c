// SPDX-License-Identifier: MIT
/* File descriptors on their way to another process. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "handover.h"

/**
 * struct message - one byte and a file descriptor
 * @header: header of the message
 * @part: points to @byte
 * @byte: a descriptor cannot be sent without data
 * @control: holds the descriptor
 */
struct message {
	struct msghdr header;
	struct iovec part;
	char byte;
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
};

static void init_message(struct message *message)
{
	*message = (struct message) {};
	message->part.iov_base = &message->byte;
	message->part.iov_len = 1;
	message->header.msg_iov = &message->part;
	message->header.msg_iovlen = 1;
	message->header.msg_control = &message->control;
	message->header.msg_controllen = sizeof(message->control);
}

int send_fd(int socket, int fd)
{
	struct message message;
	struct cmsghdr *control;

	init_message(&message);
	control = CMSG_FIRSTHDR(&message.header);
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	return sendmsg(socket, &message.header, 0) == 1 ? 0 : -1;
}

int receive_fd(int socket)
{
	struct message message;
	struct cmsghdr *control;
	int fd;

	init_message(&message);
	if (recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	control = CMSG_FIRSTHDR(&message.header);
	if (!control || control->cmsg_type != SCM_RIGHTS) {
		errno = EBADMSG;
		return -1;
	}
	memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}
