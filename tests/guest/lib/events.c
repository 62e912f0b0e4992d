// SPDX-License-Identifier: GPL-2.0-only
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "events.h"

#define EXPORT_SIZE (64 * 1024UL)

void place_revive(const struct place *place)
{
	assert_ok(device_write_attr(bench_find(place->kind, place->nth), "remove",
				    "1"));
	assert_ok(write_file("/sys/bus/pci/rescan", "1"));
	wait_until(device_find(place->kind, place->nth));
}

/* By DMA of the importer's device, checked through the exporter's user. */
static void move_bytes(struct subject *subject)
{
	const struct place *place = &subject->place;
	unsigned int count = importer_notifications(subject->importer);
	uint8_t data[512], got[512];

	assert_true(place->size <= sizeof(data));
	bench_pattern(data, place->size, ++subject->seed);
	assert_ok(importer_write(subject->importer, place->offset, data,
				 place->size));
	assert_ok(vfio_read(subject->vfio, place->bar, place->offset, got,
			    place->size));
	assert_memory_equal(got, data, place->size);
	memcpy(&subject->values[count % ARRAY_SIZE(subject->values)], data,
	       sizeof(*subject->values));
}

void subject_import(struct subject *subject, struct vfio *vfio,
		    unsigned int hold_ms)
{
	const struct place *place = &subject->place;

	subject->vfio = vfio;
	subject->seed = 0;
	subject->buffer = bench_export(vfio, place->bar, 0, EXPORT_SIZE);
	subject->importer = bench_importer(bench_find(EDU, 0));
	assert_ok(importer_attach_as(subject->importer, subject->buffer,
				     DVP_IMPORTER_REVOCABLE, hold_ms));
	assert_ok(importer_watch(subject->importer, subject->bdf, place->bar,
				 place->offset));
	assert_ok(importer_map(subject->importer));
	move_bytes(subject);
}

void subject_open(struct subject *subject, const struct place *place)
{
	subject->place = *place;
	subject->bdf = bench_find(place->kind, place->nth);
	subject_import(subject, bench_open(subject->bdf), 0);
}

void subject_is_revoked(struct subject *subject, unsigned int count)
{
	uint8_t byte = 0;

	assert_int_equal(importer_notifications(subject->importer), count);
	assert_false(importer_is_mapped(subject->importer));
	assert_error(importer_map(subject->importer), ENODEV);
	assert_error(importer_write(subject->importer, 0, &byte, 1), ENODEV);
}

void subject_is_restored(struct subject *subject, unsigned int count)
{
	assert_int_equal(importer_notifications(subject->importer), count);
	assert_false(importer_is_mapped(subject->importer));
	assert_ok(importer_map(subject->importer));
	move_bytes(subject);
}

void subject_is_untouched(struct subject *subject, unsigned int count)
{
	assert_int_equal(importer_notifications(subject->importer), count);
	assert_true(importer_is_mapped(subject->importer));
	move_bytes(subject);
}

void subject_answered(struct subject *subject, unsigned int notification)
{
	struct dvp_importer_sight sights[DVP_IMPORTER_SIGHTS], *sight;

	assert_ok(importer_seen(subject->importer, sights));
	sight = &sights[notification % DVP_IMPORTER_SIGHTS];
	assert_true(sight->command & PCI_COMMAND_MEMORY);
	assert_int_equal(sight->pmcsr & PCI_PM_CTRL_STATE_MASK, 0);
	if (notification % 2 == 0)
		assert_int_equal(sight->value,
				 subject->values[notification %
						 DVP_IMPORTER_SIGHTS]);
	else
		assert_int_not_equal(sight->value, UINT32_MAX);
}

void subject_went_and_came(struct subject *subject)
{
	wait_until(importer_notifications(subject->importer) == 2);
	subject_is_restored(subject, 2);
	subject_answered(subject, 0);
	subject_answered(subject, 1);
}

unsigned int find_capability(struct vfio *vfio, uint8_t id)
{
	uint8_t position, header[2];

	assert_ok(vfio_read(vfio, CONFIG, PCI_CAPABILITY_LIST, &position, 1));
	while (position) {
		assert_ok(vfio_read(vfio, CONFIG, position, header, 2));
		if (header[0] == id)
			return position;
		position = header[1];
	}
	fail_msg("the device has no capability %#x", id);
	return 0;
}

int open_irq(const struct vfio *vfio, unsigned int index)
{
	struct {
		struct vfio_irq_set set;
		int32_t eventfd;
	} request = {
		.set.argsz = sizeof(request),
		.set.flags = VFIO_IRQ_SET_DATA_EVENTFD |
			     VFIO_IRQ_SET_ACTION_TRIGGER,
		.set.index = index,
		.set.count = 1,
		.eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	int ret = 0;

	if (request.eventfd < 0)
		return -errno;
	if (ioctl(vfio->device, VFIO_DEVICE_SET_IRQS, &request)) {
		ret = -errno;
		close(request.eventfd);
	}
	return ret ? ret : request.eventfd;
}

int watch_irq(struct vfio *vfio, unsigned int index)
{
	return bench_keep(assert_ok(open_irq(vfio, index)));
}

bool was_told(int event)
{
	uint64_t count;

	return read(event, &count, sizeof(count)) == sizeof(count);
}
