// SPDX-License-Identifier: MIT
/*
 * The owner of a device hands a slice of a BAR to an unprivileged process, takes it back,
 * and hands it to another one.
 *
 *	delegate 0000:03:00.0 2 0 0x1000
 */
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/dmabuf_vfio_pci.h>

#include "handover.h"
#include "range.h"

/* Whom tenants run as: nobody. */
#define TENANT 65534

/**
 * struct tenant - a process that is given slices
 * @name: for messages
 * @socket: the owner's end
 * @pid: itself
 */
struct tenant {
	const char *name;
	int socket;
	pid_t pid;
};

_Noreturn static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Whatever the tenant was doing, it ends here; a real one would clean up. */
static void on_sigbus(int signal)
{
	static const char text[] = "first tenant: SIGBUS: the slice is gone\n";

	(void)signal;
	_exit(write(STDOUT_FILENO, text, sizeof(text) - 1) < 0);
}

static char *map_slice(int socket)
{
	int fd = receive_fd(socket);
	char *slice;

	if (fd < 0)
		die("receive_fd");
	slice = mmap(NULL, lseek(fd, 0, SEEK_END), PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, 0);
	if (slice == MAP_FAILED)
		die("mmap");
	/* The mapping keeps the buffer. */
	close(fd);
	return slice;
}

/* Writes, says so, and goes on using the slice until that fails. */
static void first_tenant(int socket)
{
	static const char text[] = "written by the first tenant";
	struct sigaction action = { .sa_handler = on_sigbus };
	char *slice = map_slice(socket);

	sigaction(SIGBUS, &action, NULL);
	memcpy(slice, text, sizeof(text));
	if (write(socket, "", 1) != 1)
		die("write");
	for (;;)
		__atomic_load_n(slice, __ATOMIC_RELAXED);
}

static void second_tenant(int socket)
{
	printf("second tenant: found \"%.64s\"\n", map_slice(socket));
}

/*
 * Starts before the device is opened, so that it inherits nothing of it.  The owner's end
 * of an older tenant's socket, @other, is not for it either.
 */
static void start(struct tenant *tenant, const char *name,
		  void (*run)(int socket), int other)
{
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		die("socketpair");
	tenant->name = name;
	tenant->socket = sockets[0];
	tenant->pid = fork();
	if (tenant->pid < 0)
		die("fork");
	if (tenant->pid) {
		close(sockets[1]);
		return;
	}
	close(sockets[0]);
	if (other >= 0)
		close(other);
	if (setgroups(0, NULL) || setgid(TENANT) || setuid(TENANT))
		die("setuid");
	run(sockets[1]);
	exit(0);
}

static void wait_for(const struct tenant *tenant)
{
	int status;

	if (waitpid(tenant->pid, &status, 0) < 0)
		die("waitpid");
	if (status) {
		fprintf(stderr, "%s: ended with status %#x\n", tenant->name,
			status);
		exit(1);
	}
}

/* When this returns, nobody reaches the slice through this dma-buf any more. */
static int revoke_range(int device, int fd)
{
	struct {
		struct vfio_device_feature feature;
		struct dmabuf_vfio_pci_feature_revoke revoke;
	} request = {
		.feature.argsz = sizeof(request),
		.feature.flags = VFIO_DEVICE_FEATURE_SET |
				 DMABUF_VFIO_PCI_FEATURE_REVOKE,
		.revoke.dmabuf_fd = fd,
	};

	return ioctl(device, VFIO_DEVICE_FEATURE, &request);
}

static int hand_out(const struct device *device, char **arguments,
		    const struct tenant *tenant)
{
	int fd = export_range(device->fd, strtoul(arguments[0], NULL, 0),
			      strtoull(arguments[1], NULL, 0),
			      strtoull(arguments[2], NULL, 0));

	if (fd < 0)
		die("VFIO_DEVICE_FEATURE_DMA_BUF");
	if (send_fd(tenant->socket, fd))
		die("sendmsg");
	return fd;
}

int main(int argc, char **argv)
{
	struct tenant first, second;
	struct device device;
	const char *step;
	char byte;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: delegate DEVICE BAR OFFSET LENGTH\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	start(&first, "first tenant", first_tenant, -1);
	start(&second, "second tenant", second_tenant,
	      first.socket);
	if (open_device(&device, argv[1], &step))
		die(step);

	fd = hand_out(&device, argv + 2, &first);
	if (read(first.socket, &byte, 1) != 1)
		die("read");
	if (revoke_range(device.fd, fd))
		die("DMABUF_VFIO_PCI_FEATURE_REVOKE");
	printf("owner: took the slice back\n");
	close(fd);
	wait_for(&first);

	fd = hand_out(&device, argv + 2, &second);
	wait_for(&second);
	close(fd);
	close_device(&device);
	return 0;
}
