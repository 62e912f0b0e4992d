// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for /dev/udmabuf, by LD_PRELOAD, for a QEMU whose virtio-gpu has blob
 * resources: such a resource is a list of pieces of memfds, and QEMU wants to see
 * them as one piece of memory.  The kernel's udmabuf makes a dma-buf of them, which
 * QEMU maps; here the pieces are mapped one behind the other.
 *
 * Not every machine has the device, and QEMU keeps the picture of a resource on its
 * display after it has unmapped what that consists of.  Here it then sees zeros.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_VIEWS	1024

/* A descriptor that QEMU is about to map, and what of. */
static struct udmabuf_create_list *pending;
static int pending_fd = -1;

/* Where such pieces have been mapped. */
static void *views[MAX_VIEWS];

#define real(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (!strcmp(path, "/dev/udmabuf"))
		path = "/dev/null";
	return real(open64)(path, flags, mode);
}

static int create(const struct udmabuf_create_list *list)
{
	size_t size = sizeof(*list) + list->count * sizeof(*list->list);

	free(pending);
	pending = malloc(size);
	if (!pending)
		return -1;
	memcpy(pending, list, size);
	pending_fd = memfd_create("udmabuf", MFD_CLOEXEC);
	return pending_fd;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (request == UDMABUF_CREATE_LIST)
		return create(arg);
	return real(ioctl)(fd, request, arg);
}

static void *map_pieces(size_t size, int protection)
{
	unsigned int i;
	char *view, *at;

	for (i = 0; i < MAX_VIEWS && views[i]; i++)
		;
	if (i == MAX_VIEWS)
		return MAP_FAILED;
	view = real(mmap64)(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (view == MAP_FAILED)
		return view;
	views[i] = view;
	at = view;
	for (i = 0; i < pending->count; i++) {
		const struct udmabuf_create_item *piece = &pending->list[i];

		if (piece->size > (size_t)(view + size - at) ||
		    real(mmap64)(at, piece->size, protection,
				 MAP_SHARED | MAP_FIXED, piece->memfd,
				 piece->offset) == MAP_FAILED)
			return MAP_FAILED;
		at += piece->size;
	}
	return view;
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
	if (fd < 0 || fd != pending_fd)
		return real(mmap64)(address, size, protection, flags, fd, offset);
	pending_fd = -1;
	return map_pieces(size, protection);
}

int munmap(void *address, size_t size)
{
	unsigned int i;

	for (i = 0; i < MAX_VIEWS && views[i]; i++)
		if (views[i] == address)
			return real(mmap64)(address, size, PROT_READ,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
					    -1, 0) == MAP_FAILED ? -1 : 0;
	return real(munmap)(address, size);
}
