// SPDX-License-Identifier: GPL-2.0-only
/* Whatever can be asked of the export, and whatever a dma-buf can be asked. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "fuzz.h"
#include "hold.h"

#define BUFFERS 6
#define HOLDS	4
#define RANGES	2

/**
 * struct request - what is asked for, as it lies in memory
 * @feature: header
 * @get: fixed part
 * @ranges: that go with it; what follows is zero
 */
struct request {
	struct {
		uint32_t argsz;
		uint32_t flags;
	} feature;
	struct {
		uint32_t region_index;
		uint32_t open_flags;
		uint32_t flags;
		uint32_t nr_ranges;
	} get;
	struct vfio_region_dma_range ranges[RANGES];
};

#define FIXED_PART offsetof(struct request, ranges)

static struct fuzz_buffer buffers[BUFFERS] = {
	{ .fd = -1 }, { .fd = -1 }, { .fd = -1 },
	{ .fd = -1 }, { .fd = -1 }, { .fd = -1 },
};

/* How many there were since nothing was open. */
static unsigned int count;

static struct hold holds[HOLDS] = { NO_HOLD, NO_HOLD, NO_HOLD, NO_HOLD };

struct fuzz_buffer *fuzz_buffer(uint8_t which)
{
	struct fuzz_buffer *buffer = &buffers[which % BUFFERS];

	return buffer->fd >= 0 ? buffer : NULL;
}

static void drop(struct fuzz_buffer *buffer)
{
	if (buffer->fd >= 0)
		close(buffer->fd);
	buffer->fd = -1;
}

void fuzz_close_buffers(void)
{
	unsigned int i;

	for (i = 0; i < BUFFERS; i++)
		drop(&buffers[i]);
	for (i = 0; i < HOLDS; i++)
		hold_end(&holds[i]);
	count = 0;
}

/* The size of a memory BAR, 0 for anything else. */
static uint64_t bar_size(const struct fuzz_device *device, uint32_t index)
{
	struct bar bar;

	if (index > 5 || device_bar(device->bdf, index, &bar) ||
	    !(bar.flags & BAR_MEM))
		return 0;
	return bar.size;
}

/* What the interface promises to refuse, and nothing else. */
static bool is_good(const struct fuzz_device *device,
		    const struct request *request, size_t readable)
{
	uint64_t size = bar_size(device, request->get.region_index);
	const struct vfio_region_dma_range *range = request->ranges;
	uint32_t i;

	if (readable < FIXED_PART || request->feature.argsz < FIXED_PART ||
	    request->feature.flags != (VFIO_DEVICE_FEATURE_GET |
				       VFIO_DEVICE_FEATURE_DMA_BUF))
		return false;
	if (!size || request->get.flags || !request->get.nr_ranges ||
	    request->get.nr_ranges > RANGES ||
	    (request->get.open_flags & ~(O_ACCMODE | O_CLOEXEC)))
		return false;
	for (i = 0; i < request->get.nr_ranges; i++, range++) {
		if (readable < FIXED_PART + (i + 1) * sizeof(*range) ||
		    !range->length || range->offset % PAGE ||
		    range->length % PAGE || range->offset > size ||
		    range->length > size - range->offset)
			return false;
	}
	return true;
}

/* The request ends, as far as it can be read, where the memory ends. */
static int ask(const struct fuzz_device *device, const struct request *request,
	       size_t readable)
{
	uint8_t *memory;
	int ret;

	memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	munmap(memory + PAGE, PAGE);
	memcpy(memory + PAGE - readable, request,
	       readable < sizeof(*request) ? readable : sizeof(*request));
	ret = ioctl(device->vfio.device, VFIO_DEVICE_FEATURE,
		    memory + PAGE - readable);
	if (ret < 0)
		ret = -errno;
	munmap(memory, PAGE);
	return ret;
}

static bool probes(const struct request *request)
{
	return request->feature.flags & VFIO_DEVICE_FEATURE_PROBE;
}

/* Into slot @which, if a buffer comes of it. */
static int ask_for_buffer(struct fuzz_device *device, const struct request *request,
			  size_t readable, uint8_t which)
{
	bool good = is_good(device, request, readable);
	struct fuzz_buffer *buffer = &buffers[which % BUFFERS];
	uint32_t i;
	int ret;

	ret = ask(device, request, readable);
	fuzz_expect("an export", ret, EINVAL, EOVERFLOW, ENODEV, EFAULT,
		    ENOMEM, ENOTTY, 0);
	if (probes(request))
		return ret;
	if (ret < 0 ? good : !good && fuzz_exporter->checks_open_flags)
		fuzz_wrong("an export that is %s: %s", good ? "good" : "bad",
			   ret >= 0 ? "success" : strerror(-ret));
	if (ret < 0)
		return ret;

	drop(buffer);
	*buffer = (struct fuzz_buffer) {
		.fd = ret,
		.device = device,
		.life = device->life,
		.ranges = request->get.nr_ranges,
		.bar = request->get.region_index,
		.number = count++,
	};
	for (i = 0; i < buffer->ranges; i++)
		buffer->size += request->ranges[i].length;
	return 0;
}

/* Most of it may be wrong. */
int fuzz_do_feature(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_open_device(args[0]);
	struct request request = { 0 };
	uint64_t size;

	if (!device)
		return -EIO;
	request.feature.argsz = fuzz_number(args[2], sizeof(request));
	request.feature.flags = (uint32_t)(args[1] >> 5) << 16 |
				(args[1] & 16 ? args[1] << 10 : 0) |
				VFIO_DEVICE_FEATURE_DMA_BUF;
	request.get.region_index = args[3] < 192 ? args[3] % 10 :
						   fuzz_number(args[3], 9);
	request.get.open_flags = fuzz_number(args[4], O_CLOEXEC);
	request.get.flags = fuzz_number(args[5], 0);
	request.get.nr_ranges = fuzz_number(args[6], RANGES + 1);
	/* Either what no machine has, or what does not take long. */
	if (request.get.nr_ranges < 1 << 28)
		request.get.nr_ranges %= 1 << 16;
	size = bar_size(device, request.get.region_index);
	request.ranges[0].offset = fuzz_number(args[8], size);
	request.ranges[0].length = fuzz_number(args[9], size);
	request.ranges[1].offset = fuzz_number(args[10], size);
	request.ranges[1].length = fuzz_number(args[11], size);
	return ask_for_buffer(device, &request,
			      args[7] % (sizeof(request) + 64), args[0] / 8);
}

/* All of it is good, for some BAR. */
int fuzz_do_export(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_open_device(args[1]);
	struct request request = {
		.feature.argsz = sizeof(request),
		.feature.flags = VFIO_DEVICE_FEATURE_GET |
				 VFIO_DEVICE_FEATURE_DMA_BUF,
		.get.nr_ranges = 1 + args[2] % RANGES,
		.get.open_flags = O_RDWR | O_CLOEXEC,
	};
	uint64_t pages;
	unsigned int i;

	if (!device)
		return -EIO;
	request.get.region_index = args[7] & 1 ? args[7] / 2 % 6 : device->bar;
	pages = bar_size(device, request.get.region_index) / PAGE;
	for (i = 0; i < request.get.nr_ranges && pages; i++) {
		uint64_t first = args[4 + 2 * i] * pages / 256;

		request.ranges[i].offset = first * PAGE;
		request.ranges[i].length = (1 + args[3 + 2 * i] *
					    (pages - first - 1) / 255) * PAGE;
	}
	return ask_for_buffer(device, &request, sizeof(request), args[0]);
}

int fuzz_do_drop(const uint8_t *args)
{
	struct fuzz_buffer *buffer = fuzz_buffer(args[0]);

	if (!buffer)
		return -EBADFD;
	drop(buffer);
	return 0;
}

/* In one of many ways; the buffer's descriptor may be closed with it. */
int fuzz_do_hold(const uint8_t *args)
{
	struct fuzz_buffer *buffer = fuzz_buffer(args[0]);
	struct hold *hold = &holds[args[0] / BUFFERS % HOLDS];
	enum hold_kind kind = args[1] / 2 % HOLD_KINDS;
	int ret;

	if (!buffer || (kind == HOLD_PATH && !fuzz_exporter->outlives_file))
		return -EBADFD;
	hold_end(hold);
	ret = hold_begin(hold, kind, buffer->fd);
	fuzz_expect("a hold", ret, 0);
	if (args[1] & 1) {
		drop(buffer);
		hold_synchronize();
	}
	return ret;
}

int fuzz_do_let_go(const uint8_t *args)
{
	hold_end(&holds[args[0] % HOLDS]);
	return 0;
}

static void check_size(const struct fuzz_buffer *buffer)
{
	if (lseek(buffer->fd, 0, SEEK_END) != (off_t)buffer->size)
		fuzz_wrong("a buffer of %#jx bytes has another size",
			   (uintmax_t)buffer->size);
}

/* There is nothing in it for a CPU. */
static void check_mmap(const struct fuzz_buffer *buffer)
{
	void *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, buffer->fd, 0);

	if (memory == MAP_FAILED)
		return;
	munmap(memory, PAGE);
	fuzz_wrong("a buffer can be mapped by a CPU");
}

static int synchronize(const struct fuzz_buffer *buffer, uint8_t how)
{
	struct dma_buf_sync sync = { .flags = how };

	return ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
}

static int get_fence(const struct fuzz_buffer *buffer, uint8_t how)
{
	struct dma_buf_export_sync_file get = { .flags = how, .fd = -1 };

	if (ioctl(buffer->fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &get))
		return -errno;
	close(get.fd);
	return 0;
}

int fuzz_do_poke(const uint8_t *args)
{
	const struct fuzz_buffer *buffer = fuzz_buffer(args[0]);
	int ret = 0;

	if (!buffer)
		return -EBADFD;
	switch (args[1] % 5) {
	case 0:
		check_size(buffer);
		break;
	case 1:
		if (!fuzz_exporter->delegates)
			check_mmap(buffer);
		break;
	case 2:
		ret = synchronize(buffer, args[1] / 5 % 8);
		break;
	case 3:
		ret = get_fence(buffer, args[1] / 5 % 4);
		break;
	default:
		if (ioctl(buffer->fd, DMA_BUF_SET_NAME, "fuzz"))
			ret = -errno;
	}
	fuzz_expect("what any dma-buf can do", ret, EINVAL, EBUSY, ENOTTY, 0);
	return ret;
}
