// SPDX-License-Identifier: GPL-2.0-only
/*
 * show-dma-buf [STATUS]: says what "dmabuf-vfio-pci export" has passed on, and ends
 * with that status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "(none)";
}

int main(int argc, char **argv)
{
	int fd = atoi(variable("DMABUF_FD"));
	char link[64], name[64] = "nothing";
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, name, sizeof(name) - 1);
	if (length >= 0)
		name[length] = '\0';
	printf("fd %d is %s of %lld bytes, size %s\n", fd, name,
	       (long long)lseek(fd, 0, SEEK_END), variable("DMABUF_SIZE"));
	printf("listen %s %s %s\n", variable("LISTEN_FDS"),
	       atoi(variable("LISTEN_PID")) == getpid() ? "me" : "another",
	       variable("LISTEN_FDNAMES"));
	return argc > 1 ? atoi(argv[1]) : 0;
}
