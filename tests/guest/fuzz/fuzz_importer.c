// SPDX-License-Identifier: GPL-2.0-only
/* What a fuzzer has importers do, and what they must be answered. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "fuzz.h"

#define CHUNK DVP_IMPORTER_TRANSFER_MAX

#define FULL_MASK 64

/**
 * struct fuzz_importer - an importer
 * @device: the edu device, or "platform"
 * @fd: file descriptor, or -1
 * @attached: a buffer is
 * @buffer: which, although its descriptor may have been closed
 * @way: what its device may do with the memory, if it is mapped
 */
struct fuzz_importer {
	const char *device;
	int fd;
	bool attached;
	struct fuzz_buffer buffer;
	enum importer_way way;
};

static struct fuzz_importer importers[4];

/* A device's address mask is as it should be unless this has been set. */
static bool masked;

static const struct expect_kernel *kernel;

void fuzz_importers_begin(void)
{
	unsigned int i;

	kernel = expect_kernel();
	importers[0].device = bench_find(EDU, 0);
	importers[1].device = importers[0].device;
	importers[2].device = bench_find(EDU, 1);
	importers[3].device = "platform";
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		importers[i].fd = -1;
}

static bool has_engine(const struct fuzz_importer *importer)
{
	return strcmp(importer->device, "platform");
}

/* The mask belongs to the device, and would stay. */
static void unmask(void)
{
	unsigned int i;
	int fd;

	for (i = 0; masked && i < ARRAY_SIZE(importers); i++) {
		fd = importer_open(importers[i].device);
		if (fd < 0 || importer_set_dma_mask(fd, FULL_MASK))
			fuzz_wrong("an importer does not get its mask back");
		close(fd);
	}
	masked = false;
}

void fuzz_close_importers(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(importers); i++) {
		if (importers[i].fd >= 0)
			close(importers[i].fd);
		importers[i].fd = -1;
		importers[i].attached = false;
	}
	unmask();
}

static struct fuzz_importer *open_importer(uint8_t which)
{
	struct fuzz_importer *importer =
		&importers[which % ARRAY_SIZE(importers)];

	if (importer->fd < 0)
		importer->fd = importer_open(importer->device);
	if (importer->fd < 0) {
		fuzz_wrong("an importer cannot be opened: %s",
			   strerror(-importer->fd));
		return NULL;
	}
	return importer;
}

static struct fuzz_importer *attached_importer(uint8_t which)
{
	struct fuzz_importer *importer = open_importer(which);

	return importer && importer->attached ? importer : NULL;
}

/* Whether the answer is right that depends on the memory being there. */
static void expect_presence(const char *what, int ret,
			    const struct fuzz_buffer *buffer)
{
	enum fuzz_presence presence = fuzz_presence(buffer);

	if (!fuzz_exporter->hears_of_resets || presence == FUZZ_UNKNOWN)
		return;
	if (ret != (presence == FUZZ_HERE ? 0 : -ENODEV))
		fuzz_wrong("%s of memory that is %s: %s", what,
			   presence == FUZZ_HERE ? "there" : "away",
			   ret ? strerror(-ret) : "success");
}

static void expect_attach(int ret, unsigned int kind,
			  const struct fuzz_importer *importer,
			  const struct fuzz_buffer *buffer)
{
	fuzz_expect("an attach", ret, EOPNOTSUPP, ENODEV, EINVAL, EBUSY,
		    EBADF, 0);
	if (importer->attached || !buffer) {
		if (!ret)
			fuzz_wrong("a second attach, or one to no buffer");
	} else if (kind != DVP_IMPORTER_REVOCABLE) {
		if (ret != -EOPNOTSUPP)
			fuzz_wrong("an attach of kind %u: %s", kind,
				   ret ? strerror(-ret) : "success");
	} else if (has_engine(importer)) {
		expect_presence("an attach", ret, buffer);
	} else if (fuzz_exporter->no_path_attach && !ret) {
		fuzz_wrong("an attach without a PCI device");
	}
}

/* Looks, too, whether the device still answers when it is told. */
static void watch_device(const struct fuzz_importer *importer)
{
	const struct fuzz_device *device = importer->buffer.device;

	if (device->plain && importer_watch(importer->fd, device->bdf,
					    device->bar, 0))
		fuzz_wrong("an importer cannot watch the device");
}

int fuzz_do_attach(const uint8_t *args)
{
	struct fuzz_importer *importer = open_importer(args[0]);
	const struct fuzz_buffer *buffer = fuzz_buffer(args[1]);
	unsigned int kind = args[2] < 192 ? DVP_IMPORTER_REVOCABLE :
					    args[2] % 4;
	int ret;

	if (!importer)
		return -EIO;
	if (kind == DVP_IMPORTER_NO_CALLBACK && !kernel->no_callback)
		kind = DVP_IMPORTER_STATIC;
	ret = importer_attach_as(importer->fd, buffer ? buffer->fd : importer->fd,
				 kind, args[3] % 8);
	expect_attach(ret, kind, importer, buffer);
	if (!ret && !fuzz_is_wrong()) {
		importer->attached = true;
		importer->buffer = *buffer;
		watch_device(importer);
	}
	return ret;
}

int fuzz_do_detach(const uint8_t *args)
{
	struct fuzz_importer *importer = attached_importer(args[0]);
	int ret;

	if (!importer)
		return -EBADFD;
	ret = importer_detach(importer->fd);
	fuzz_expect("a detach", ret, 0);
	importer->attached = false;
	return ret;
}

static struct dvp_importer_report
get_report(const struct fuzz_importer *importer)
{
	struct dvp_importer_report report;
	int ret;

	ret = importer_report(importer->fd, &report, NULL, 0);
	fuzz_expect("a report", ret, 0);
	return report;
}

/* An importer that has pinned is not allowed to map where the core pins, too. */
static void expect_map(int ret, const struct fuzz_importer *importer,
		       const struct dvp_importer_report *before)
{
	if (before->mapped) {
		fuzz_expect("a second mapping", ret, EBUSY, 0);
		return;
	}
	fuzz_expect("a mapping", ret, ENODEV, EOPNOTSUPP, EINVAL, EIO,
		    fuzz_exporter->several_translated ? EADDRINUSE : 0, 0);
	if (ret == -EIO ? !masked : !before->pins)
		expect_presence("a mapping", ret, &importer->buffer);
}

int fuzz_do_map(const uint8_t *args)
{
	struct fuzz_importer *importer = attached_importer(args[0]);
	struct dvp_importer_report before;
	int ret;

	if (!importer)
		return -EBADFD;
	before = get_report(importer);
	ret = importer_map_for(importer->fd, args[1] % 3);
	expect_map(ret, importer, &before);
	if (!ret)
		importer->way = args[1] % 3;
	return ret;
}

int fuzz_do_map_own(const uint8_t *args)
{
	struct fuzz_importer *importer = attached_importer(args[0]);
	int ret;

	if (!importer)
		return -EBADFD;
	ret = importer_map_own(importer->fd, args[1] < 192 ? 1 : args[1]);
	fuzz_expect("a mapping of one's own", ret, EBUSY, ENODEV, EOPNOTSUPP,
		    EINVAL, 0);
	if (!ret)
		importer->way = IMPORTER_BOTH;
	return ret;
}

int fuzz_do_unmap(const uint8_t *args)
{
	struct fuzz_importer *importer = attached_importer(args[0]);
	int ret;

	if (!importer)
		return -EBADFD;
	ret = importer_unmap(importer->fd);
	fuzz_expect("an unmap", ret, EINVAL, 0);
	return ret;
}

int fuzz_do_pin(const uint8_t *args)
{
	struct fuzz_importer *importer = attached_importer(args[0]);
	int ret;

	if (!importer)
		return -EBADFD;
	ret = importer_pin(importer->fd);
	if (kernel->pins == PINS_ALLOWED)
		fuzz_expect("a pin", ret, 0);
	else
		fuzz_expect("a pin", ret, EOPNOTSUPP, EINVAL, 0);
	if (kernel->pins == PINS_REFUSED && !ret)
		fuzz_wrong("a pin of one who need not obey a revoke");
	return ret;
}

int fuzz_do_unpin(const uint8_t *args)
{
	struct fuzz_importer *importer = attached_importer(args[0]);
	int ret;

	if (!importer)
		return -EBADFD;
	ret = importer_unpin(importer->fd);
	fuzz_expect("an unpin", ret, EINVAL, 0);
	return ret;
}

int fuzz_do_work(const uint8_t *args)
{
	struct fuzz_importer *importer = attached_importer(args[0]);
	int ret;

	if (!importer)
		return -EBADFD;
	ret = importer_work(importer->fd, args[1] % 8);
	fuzz_expect("work", ret, 0);
	return ret;
}

/* There and back again; registers are left alone. */
static int transfer(const struct fuzz_importer *importer, uint64_t offset,
		    size_t length, uint8_t seed)
{
	uint8_t data[CHUNK], got[CHUNK];
	int ret;

	fuzz_pattern(data, length, seed);
	ret = importer_write(importer->fd, offset, data, length);
	if (ret)
		return ret;
	ret = importer_read(importer->fd, offset, got, length);
	if (!ret && memcmp(got, data, length))
		fuzz_wrong("other bytes come back than were sent");
	return ret;
}

int fuzz_do_transfer(const uint8_t *args)
{
	struct fuzz_importer *importer = attached_importer(args[0]);
	size_t length = 4 * (args[2] % (CHUNK / 4)) + 4;
	struct dvp_importer_report before;
	int ret;

	if (!importer || importer->way != IMPORTER_BOTH ||
	    !importer->buffer.device->plain ||
	    importer->buffer.bar != importer->buffer.device->bar)
		return -EBADFD;
	before = get_report(importer);
	ret = transfer(importer, fuzz_number(args[1], importer->buffer.size) &
		       ~3ULL, length, args[3]);
	if (before.mapped)
		fuzz_expect("a transfer", ret, EINVAL, 0);
	else if (ret != -ENODEV)
		fuzz_wrong("a transfer without a mapping: %s",
			   ret ? strerror(-ret) : "success");
	return ret;
}

int fuzz_do_mask(const uint8_t *args)
{
	struct fuzz_importer *importer = open_importer(args[0]);
	int ret;

	if (!importer)
		return -EIO;
	if (fuzz_exporter->warns_of_mask)
		return -EBADFD;
	ret = importer_set_dma_mask(importer->fd, args[1] % 80);
	fuzz_expect("a mask", ret, EINVAL, EBUSY, EIO, 0);
	masked |= !ret;
	return ret;
}

static void check_importer(const struct fuzz_importer *importer)
{
	struct dvp_importer_report now = get_report(importer);

	if (now.mapped && fuzz_presence(&importer->buffer) == FUZZ_AWAY)
		fuzz_wrong("a mapping has outlived the memory");
	if (now.blind)
		fuzz_wrong("an importer was told too late");
}

void fuzz_check_importers(void)
{
	unsigned int i;

	if (!fuzz_exporter->hears_of_resets)
		return;
	for (i = 0; i < ARRAY_SIZE(importers); i++)
		if (importers[i].attached)
			check_importer(&importers[i]);
}
