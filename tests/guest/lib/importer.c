// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "importer.h"

static int call(int importer, unsigned long request, const void *arg)
{
	return ioctl(importer, request, arg) ? -errno : 0;
}

int importer_open(const char *device)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/dvp-importer-%s", device);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int importer_info(int importer, struct dvp_importer_info *info)
{
	return call(importer, DVP_IMPORTER_INFO, info);
}

int importer_attach(int importer, int dmabuf)
{
	return importer_attach_as(importer, dmabuf, DVP_IMPORTER_REVOCABLE, 0);
}

int importer_attach_as(int importer, int dmabuf, enum dvp_importer_kind kind,
		       unsigned int hold_ms)
{
	const struct dvp_importer_attach attach = {
		.fd = dmabuf,
		.kind = kind,
		.hold_ms = hold_ms,
	};

	return call(importer, DVP_IMPORTER_ATTACH, &attach);
}

int importer_detach(int importer)
{
	return call(importer, DVP_IMPORTER_DETACH, NULL);
}

/* As if it had detached without unmapping, or no longer so. */
int importer_hide(int importer, bool hide)
{
	return ioctl(importer, DVP_IMPORTER_HIDE, (unsigned long)hide) ?
		-errno : 0;
}

int importer_map_for(int importer, enum importer_way way)
{
	return ioctl(importer, DVP_IMPORTER_MAP, (unsigned long)way) ? -errno : 0;
}

int importer_map(int importer)
{
	return importer_map_for(importer, IMPORTER_BOTH);
}

/* Into a domain of its own, by a list of that version. */
int importer_map_own(int importer, unsigned int version)
{
	return ioctl(importer, DVP_IMPORTER_MAP_OWN, (unsigned long)version) ?
		-errno : 0;
}

int importer_unmap(int importer)
{
	return call(importer, DVP_IMPORTER_UNMAP, NULL);
}

int importer_pin(int importer)
{
	return call(importer, DVP_IMPORTER_PIN, NULL);
}

int importer_unpin(int importer)
{
	return call(importer, DVP_IMPORTER_UNPIN, NULL);
}

int importer_report(int importer, struct dvp_importer_report *report,
		    struct dvp_importer_entry *entries, unsigned int capacity)
{
	*report = (struct dvp_importer_report) {
		.entries = (uintptr_t)entries,
		.capacity = capacity,
	};
	return call(importer, DVP_IMPORTER_REPORT, report);
}

int importer_walk(int importer, struct dvp_importer_walk *walk)
{
	return call(importer, DVP_IMPORTER_WALK, walk);
}

bool importer_is_mapped(int importer)
{
	struct dvp_importer_report report;

	return !importer_report(importer, &report, NULL, 0) && report.mapped;
}

unsigned int importer_notifications(int importer)
{
	struct dvp_importer_report report;

	return importer_report(importer, &report, NULL, 0) ?
		0 : report.notifications;
}

static int transfer(int importer, unsigned long request, uint64_t offset,
		    const void *data, size_t length, bool to_buffer)
{
	const struct dvp_importer_transfer transfer = {
		.offset = offset,
		.data = (uintptr_t)data,
		.length = length,
		.to_buffer = to_buffer,
	};
	int ret;

	ret = ioctl(importer, request, &transfer);
	return ret < 0 ? -errno : ret;
}

int importer_write(int importer, uint64_t offset, const void *data,
		   size_t length)
{
	return transfer(importer, DVP_IMPORTER_TRANSFER, offset, data, length,
			true);
}

int importer_read(int importer, uint64_t offset, void *data, size_t length)
{
	return transfer(importer, DVP_IMPORTER_TRANSFER, offset, data, length,
			false);
}

/*
 * Writes, and unmaps before the bytes are on the bus: returns 1.  Or 0, if it
 * took so long that they were.
 */
int importer_unmap_late(int importer, uint64_t offset, const void *data,
			size_t length)
{
	return transfer(importer, DVP_IMPORTER_UNMAP_LATE, offset, data, length,
			true);
}

/* The device works on the buffer for that long. */
int importer_work(int importer, unsigned int ms)
{
	return ioctl(importer, DVP_IMPORTER_WORK, (unsigned long)ms) ?
		-errno : 0;
}

int importer_set_dma_mask(int importer, unsigned int bits)
{
	return ioctl(importer, DVP_IMPORTER_DMA_MASK, (unsigned long)bits) ?
		-errno : 0;
}

static int parse_bdf(const char *bdf, uint32_t *domain, uint32_t *bus,
		     uint32_t *devfn)
{
	unsigned int slot, function;

	if (sscanf(bdf, "%x:%x:%x.%x", domain, bus, &slot, &function) != 4)
		return -EINVAL;
	*devfn = slot << 3 | function;
	return 0;
}

/* Makes the kernel believe that the device has other ids. */
int importer_disguise(int importer, const char *bdf, unsigned int vendor,
		      unsigned int device)
{
	struct dvp_importer_disguise disguise = {
		.vendor = vendor,
		.device = device,
	};
	int ret;

	ret = parse_bdf(bdf, &disguise.domain, &disguise.bus, &disguise.devfn);
	return ret ? ret : call(importer, DVP_IMPORTER_DISGUISE, &disguise);
}

/* Looks at a register of the device whenever the importer is told. */
int importer_watch(int importer, const char *bdf, unsigned int bar,
		   uint64_t offset)
{
	struct dvp_importer_watch watch = { .bar = bar, .offset = offset };
	int ret;

	ret = parse_bdf(bdf, &watch.domain, &watch.bus, &watch.devfn);
	return ret ? ret : call(importer, DVP_IMPORTER_WATCH, &watch);
}

/* Fills in DVP_IMPORTER_SIGHTS of them. */
int importer_seen(int importer, struct dvp_importer_sight *sights)
{
	return call(importer, DVP_IMPORTER_SEEN, sights);
}

static int parse_function(const char *bdf,
			  struct dvp_importer_function *function)
{
	return parse_bdf(bdf, &function->domain, &function->bus,
			 &function->devfn);
}

/* Asks the driver and the kernel about all ways to a function. */
int importer_routes(int importer, const char *provider,
		    struct dvp_importer_routes *routes)
{
	int ret;

	ret = parse_function(provider, &routes->provider);
	return ret ? ret : call(importer, DVP_IMPORTER_ROUTES, routes);
}

/* Makes the kernel believe in an offset of the host bridge above the device. */
int importer_move_window(int importer, const char *bdf, uint64_t offset)
{
	struct dvp_importer_window window = { .offset = offset };
	int ret;

	ret = parse_function(bdf, &window.function);
	return ret ? ret : call(importer, DVP_IMPORTER_WINDOW, &window);
}

/* Reads physical memory, within a page. */
int importer_peek(int importer, uint64_t address, void *data, size_t length)
{
	const struct dvp_importer_peek peek = {
		.address = address,
		.data = (uintptr_t)data,
		.length = length,
	};

	return call(importer, DVP_IMPORTER_PEEK, &peek);
}

/* Until the importer is closed, there is such a region in every group. */
int importer_reserve(int importer, uint64_t start, uint64_t length,
		     unsigned int type)
{
	const struct dvp_importer_reserve reserve = {
		.start = start,
		.length = length,
		.type = type,
	};

	return call(importer, DVP_IMPORTER_RESERVE, &reserve);
}

int importer_probe(int importer, const struct dvp_importer_probe *probe)
{
	return call(importer, DVP_IMPORTER_PROBE, probe);
}

/* What it has seen so far. */
int importer_look(int importer, struct dvp_importer_probed *seen)
{
	return call(importer, DVP_IMPORTER_LOOK, seen);
}

/* Lets the call go on that it holds. */
int importer_release(int importer)
{
	return call(importer, DVP_IMPORTER_RELEASE, NULL);
}

/* Ends the probe; fills in what it saw. */
int importer_probed(int importer, struct dvp_importer_probed *seen)
{
	return call(importer, DVP_IMPORTER_PROBED, seen);
}

/* Fills in the costs. */
int importer_measure(int importer, struct dvp_importer_measure *measure)
{
	return call(importer, DVP_IMPORTER_MEASURE, measure);
}

/* Makes the kernel believe that the device has ACS there; 0: has none. */
int importer_place_acs(int importer, const char *bdf, unsigned int position)
{
	struct dvp_importer_acs acs = { .position = position };
	int ret;

	ret = parse_bdf(bdf, &acs.domain, &acs.bus, &acs.devfn);
	return ret ? ret : call(importer, DVP_IMPORTER_ACS, &acs);
}

/*
 * Makes the kernel believe that the device has D1 and D2, and Advanced Features
 * there; 0: has none.
 */
int importer_pretend(int importer, const char *bdf, bool d1d2, unsigned int af)
{
	struct dvp_importer_pretend pretend = { .d1d2 = d1d2, .af = af };
	int ret;

	ret = parse_bdf(bdf, &pretend.domain, &pretend.bus, &pretend.devfn);
	return ret ? ret : call(importer, DVP_IMPORTER_PRETEND, &pretend);
}
