// SPDX-License-Identifier: GPL-2.0-only
/* Buffers that the CPU maps, and that are revoked for good. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "fuzz.h"

#define VIEWS 4

/**
 * struct view - a part of a buffer that is mapped
 * @memory: there, or NULL
 * @size: in bytes
 * @buffer: which, although its descriptor may have been closed
 */
struct view {
	uint8_t *memory;
	size_t size;
	struct fuzz_buffer buffer;
};

static struct view views[VIEWS];

/* By the buffers' numbers: each call of a sequence makes at most one. */
static bool ended[FUZZ_OPS];

bool fuzz_is_dead(const struct fuzz_buffer *buffer)
{
	const struct fuzz_device *device = buffer->device;

	return ended[buffer->number] || device->vfio.device < 0 ||
	       buffer->life != device->life;
}

static void unmap(struct view *view)
{
	if (view->memory)
		munmap(view->memory, view->size);
	view->memory = NULL;
}

void fuzz_close_views(void)
{
	unsigned int i;

	for (i = 0; i < VIEWS; i++)
		unmap(&views[i]);
	memset(ended, 0, sizeof(ended));
}

/* Whether it can only succeed, if the descriptor allows it. */
static bool is_good(const struct view *view, int prot, int flags, uint64_t offset)
{
	const struct fuzz_buffer *buffer = &view->buffer;

	return fuzz_exporter->delegates && !(prot & PROT_EXEC) &&
	       (flags & MAP_SHARED) && offset < buffer->size &&
	       view->size <= buffer->size - offset && !fuzz_is_dead(buffer);
}

int fuzz_do_view(const uint8_t *args)
{
	const struct fuzz_buffer *buffer = fuzz_buffer(args[0]);
	struct view *view = &views[args[1] % VIEWS];
	int flags = (args[3] & 16 ? MAP_PRIVATE : MAP_SHARED) |
		    (args[3] & 128 ? MAP_POPULATE : 0);
	int prot = PROT_READ | (args[3] & 32 ? 0 : PROT_WRITE) |
		   (args[3] & 64 ? PROT_EXEC : 0);
	uint64_t offset;
	void *memory;
	bool good;

	if (!buffer)
		return -EBADFD;
	unmap(view);
	offset = fuzz_number(args[2], buffer->size) & ~(PAGE - 1);
	view->size = ((args[3] & 15) + 1) * PAGE;
	view->buffer = *buffer;
	good = is_good(view, prot, flags, offset);
	memory = mmap(NULL, view->size, prot, flags, buffer->fd, offset);
	if (memory == MAP_FAILED) {
		fuzz_expect("mmap of a buffer", -errno, EINVAL, EPERM, ENODEV,
			    EACCES, EOVERFLOW, 0);
		/* Other BARs may be those that no CPU can map. */
		if (good && errno != EACCES && buffer->bar == buffer->device->bar)
			fuzz_wrong("an mmap that is good: %s", strerror(errno));
		return -EINVAL;
	}
	view->memory = memory;
	if (!good)
		fuzz_wrong("an mmap that is bad: success");
	return 0;
}

int fuzz_do_see(const uint8_t *args)
{
	const struct view *view = &views[args[0] % VIEWS];

	if (!view->memory)
		return -EBADFD;
	return fuzz_look_at(view->memory + args[1] % (view->size / PAGE) * PAGE,
			    fuzz_presence(&view->buffer));
}

/* What is asked about buffer @which of @device: @ret is the answer. */
static void expect_answer(const char *what, int ret, const struct fuzz_device *device,
			  const struct fuzz_buffer *buffer)
{
	if (!fuzz_exporter->delegates)
		fuzz_expect(what, ret == -ENOTTY ? 0 : -EIO, 0);
	else if (buffer->device != device)
		fuzz_expect(what, ret == -ENODEV ? 0 : -EIO, 0);
	else if (fuzz_is_dead(buffer))
		fuzz_expect(what, ret ? ret : -EIO, EBADFD, ENODEV, 0);
	else
		fuzz_expect(what, ret, EOPNOTSUPP, 0);
}

int fuzz_do_end(const uint8_t *args)
{
	const struct fuzz_device *device = fuzz_open_device(args[1]);
	struct fuzz_buffer *buffer = fuzz_buffer(args[0]);
	struct dmabuf_vfio_pci_feature_revoke revoke = { 0 };
	int ret;

	if (!device)
		return -EIO;
	if (!buffer)
		return -EBADFD;
	revoke.dmabuf_fd = buffer->fd;
	ret = vfio_feature(&device->vfio, VFIO_DEVICE_FEATURE_SET |
					  DMABUF_VFIO_PCI_FEATURE_REVOKE,
			   &revoke, sizeof(revoke));
	expect_answer("revoking a buffer for good", ret, device, buffer);
	if (!ret)
		ended[buffer->number] = true;
	return ret;
}

int fuzz_do_type(const uint8_t *args)
{
	const struct fuzz_device *device = fuzz_open_device(args[1]);
	const struct fuzz_buffer *buffer = fuzz_buffer(args[0]);
	struct dmabuf_vfio_pci_feature_memattr set = { .memattr = args[2] % 3 };
	int ret;

	if (!device)
		return -EIO;
	if (!buffer)
		return -EBADFD;
	set.dmabuf_fd = buffer->fd;
	ret = vfio_feature(&device->vfio, VFIO_DEVICE_FEATURE_SET |
					  DMABUF_VFIO_PCI_FEATURE_MEMATTR,
			   &set, sizeof(set));
	if (set.memattr == 2 && fuzz_exporter->delegates)
		fuzz_expect("a memory type that there is not",
			    ret == -ENOENT ? 0 : -EIO, 0);
	else
		expect_answer("choosing a memory type", ret, device, buffer);
	return ret;
}
