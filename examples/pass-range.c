// SPDX-License-Identifier: MIT
/*
 * A userspace driver that maps a range of a device's BAR for itself, and passes the same
 * range as a dma-buf to another process, here a child.
 *
 *	pass-range 0000:03:00.0 2 0 0x200000
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "handover.h"
#include "range.h"

_Noreturn static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The process itself needs no dma-buf to reach the memory. */
static unsigned int *map_range(int device, unsigned int bar,
			       unsigned long long offset,
			       unsigned long long length)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_BAR0_REGION_INDEX + bar,
	};
	void *memory;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info))
		die("VFIO_DEVICE_GET_REGION_INFO");
	memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, device,
		      info.offset + offset);
	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

/* A real consumer imports the buffer here. */
static void consume(int socket)
{
	int fd = receive_fd(socket);

	if (fd < 0)
		die("receive_fd");
	printf("received a dma-buf of %lld bytes\n",
	       (long long)lseek(fd, 0, SEEK_END));
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned long long offset, length;
	unsigned int *memory;
	struct device device;
	int sockets[2], fd;
	unsigned int bar;
	const char *step;

	if (argc != 5) {
		fprintf(stderr, "usage: pass-range DEVICE BAR OFFSET LENGTH\n");
		return 2;
	}
	bar = strtoul(argv[2], NULL, 0);
	offset = strtoull(argv[3], NULL, 0);
	length = strtoull(argv[4], NULL, 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets))
		die("socketpair");
	switch (fork()) {
	case -1:
		die("fork");
	case 0:
		consume(sockets[1]);
		return 0;
	}
	if (open_device(&device, argv[1], &step))
		die(step);
	memory = map_range(device.fd, bar, offset, length);
	fd = export_range(device.fd, bar, offset, length);
	if (fd < 0)
		die("VFIO_DEVICE_FEATURE_DMA_BUF");
	if (send_fd(sockets[0], fd))
		die("sendmsg");
	close(fd);
	printf("the first word is %#x\n", *memory);
	wait(NULL);
	return 0;
}
