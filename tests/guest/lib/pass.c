// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "pass.h"

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(PASS_MAX * sizeof(int))];
};

int pass_send(int socket, const void *data, size_t size, const int *fds,
	      unsigned int count)
{
	struct iovec part = { (void *)data, size };
	union control control = { 0 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};

	if (!count || count > PASS_MAX)
		return -EINVAL;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int pass_receive(int socket, void *data, size_t size, int *fds)
{
	struct iovec part = { data, size };
	union control control = { 0 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	ssize_t done;

	done = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (done < 0)
		return -errno;
	if (!done)
		return -EPIPE;
	header = CMSG_FIRSTHDR(&message);
	if (done != (ssize_t)size || !header)
		return -EBADMSG;
	memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	return (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}
