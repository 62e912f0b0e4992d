// SPDX-License-Identifier: GPL-2.0-only
/* Devices that are pulled out, politely or not, while they are in use. */
#include <stdio.h>
#include <sys/ioctl.h>

#include "actor.h"
#include "events.h"
#include "monitor.h"
#include "slot.h"
#include "suites.h"

/* The last of their kind: for an orderly unplug or not; see tests/matrix/machines. */
static const struct place memory = { IVSHMEM, 6, 2, PAGE, 512 };
static const struct place torn = { IVSHMEM, 7, 2, PAGE, 512 };
static const struct place edu = { EDU, 2, 0, 0, 0 };

/* Of the device that the test is about. */
static void find_slot(struct slot *slot, const char *bdf)
{
	assert_ok(slot_find(slot, bdf));
	bench_keep(slot->klog);
}

static void plug_memory(const char *name, const char *bus,
			struct slot *slot)
{
	assert_ok(slot_plug_memory(slot, name, bus));
	wait_until(slot_is_filled(slot));
}

static void plug_edu(const struct slot *slot)
{
	assert_ok(monitor("device_add",
			  "'driver': 'edu', 'id': 'plug-edu', 'bus': 'rp12', 'dma_mask': %llu",
			  ~0ULL));
	wait_until(slot_is_filled(slot));
}

static void end_transfers(struct actor *worker)
{
	actor_join(worker);
	assert_error(worker->result, ENODEV);
}

/* A polite unplug waits for the user, who keeps the memory until then. */
static void exporter_unplugged(void **state)
{
	struct subject subject;
	struct slot slot;
	struct actor worker = { .act = act_transfer };
	int event;

	(void)state;
	subject_open(&subject, &memory);
	find_slot(&slot, subject.bdf);
	event = watch_irq(subject.vfio, VFIO_PCI_REQ_IRQ_INDEX);
	worker.importer = subject.importer;
	actor_start(&worker);
	assert_ok(monitor("device_del", "'id': 'plug-memory'"));
	wait_until(was_told(event));
	assert_true(importer_is_mapped(subject.importer));

	bench_close(subject.vfio);
	end_transfers(&worker);
	subject_is_revoked(&subject, 1);
	wait_until(slot_is_empty(&slot));
	subject_is_revoked(&subject, 1);
	plug_memory("plug-memory", "rp11", &slot);
	subject_is_revoked(&subject, 1);
	subject_open(&subject, &memory);
}

static void importer_unplugged(void **state)
{
	const char *bdf = bench_find(edu.kind, edu.nth);
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int buffer = bench_export(vfio, 2, 0, PAGE);
	struct subject subject = { .importer = bench_importer(bdf) };
	uint8_t byte = 0;
	struct actor worker = { .act = act_transfer };
	struct slot slot;
	char path[64];

	(void)state;
	find_slot(&slot, bdf);
	assert_ok(importer_attach(subject.importer, buffer));
	assert_ok(importer_map(subject.importer));
	assert_ok(vfio_write(vfio, 2, 0, &byte, 1));
	worker.importer = subject.importer;
	actor_start(&worker);
	wait_until(!vfio_read(vfio, 2, 0, &byte, 1) && byte == ACT_BYTE);
	assert_ok(monitor("device_del", "'id': 'plug-edu'"));
	/* No other file is opened when its driver is on its way out. */
	snprintf(path, sizeof(path), "/dev/dvp-importer-%s", bdf);
	wait_until(access(path, F_OK));
	bench_decoding(vfio, false);
	end_transfers(&worker);
	bench_decoding(vfio, true);
	bench_drop(subject.importer);
	wait_until(slot_is_empty(&slot));

	/* The exporter goes on with another. */
	subject.importer = bench_importer(bench_find(EDU, 0));
	assert_ok(importer_attach(subject.importer, buffer));
	assert_ok(importer_map(subject.importer));
	plug_edu(&slot);
}

/* Gone before anybody could be told: the importer is told at once. */
static void torn_out(struct subject *subject, struct slot *slot)
{
	struct actor worker = { .act = act_transfer };
	int event;

	subject_open(subject, &torn);
	find_slot(slot, subject->bdf);
	event = watch_irq(subject->vfio, VFIO_PCI_REQ_IRQ_INDEX);
	worker.importer = subject->importer;
	actor_start(&worker);
	assert_ok(slot_tear_out(slot));
	/* The kernel wants the user to let go of what is no more. */
	wait_until(was_told(event));
	assert_ok(slot_light_up(slot));
	if (!expects(hears_of_errors)) {
		assert_int_equal(importer_notifications(subject->importer), 0);
		assert_true(importer_is_mapped(subject->importer));
		bench_decoding(subject->vfio, false);
	}
	wait_until(!importer_is_mapped(subject->importer));
	end_transfers(&worker);
	subject_is_revoked(subject, 1);
}

static void exporter_torn_out(void **state)
{
	struct subject subject;
	struct slot slot;

	(void)state;
	torn_out(&subject, &slot);
	bench_close(subject.vfio);
	wait_until(slot_is_empty(&slot));
	subject_is_revoked(&subject, 1);
	plug_memory("torn-memory", "rp13", &slot);
	subject_is_revoked(&subject, 1);
	subject_open(&subject, &torn);
}

static void is_dead(struct subject *subject)
{
	assert_false(importer_is_mapped(subject->importer));
	assert_error(importer_map(subject->importer), ENODEV);
}

/*
 * Whatever its user does, it comes to an end, and brings nothing back.  The in-tree
 * driver believes in a memory bit that nobody keeps any more, until it is closed.
 */
static void used_when_gone(void **state)
{
	uint8_t bytes[64] = { 0 };
	struct subject subject;
	struct slot slot;
	int buffer;

	(void)state;
	torn_out(&subject, &slot);
	vfio_set_command(subject.vfio, 0, PCI_COMMAND_MEMORY);
	vfio_set_command(subject.vfio, PCI_COMMAND_MEMORY, 0);
	vfio_write(subject.vfio, CONFIG, 0, bytes, sizeof(bytes));
	vfio_read(subject.vfio, CONFIG, 0, bytes, sizeof(bytes));
	vfio_read(subject.vfio, torn.bar, 0, bytes, sizeof(bytes));
	vfio_write(subject.vfio, torn.bar, 0, bytes, sizeof(bytes));
	assert_int_equal(ioctl(subject.vfio->device, VFIO_DEVICE_RESET), -1);
	vfio_set_command(subject.vfio, PCI_COMMAND_MEMORY, 0);
	if (expects(hears_of_errors))
		subject_is_revoked(&subject, 1);
	buffer = bench_export(subject.vfio, torn.bar, 0, PAGE);
	bench_close(subject.vfio);
	wait_until(slot_is_empty(&slot));
	is_dead(&subject);
	assert_error(importer_attach(bench_importer(bench_find(EDU, 0)),
				     buffer), ENODEV);
	plug_memory("torn-memory", "rp13", &slot);
}

/* Torn out in the middle of its work, and not yet removed by the kernel. */
static void importer_gone(void **state)
{
	const char *const words[] = { "importers that hold it are gone", NULL };
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int buffer = bench_export(vfio, 2, 0, PAGE);
	int klog = bench_keep(assert_ok(klog_open_end()));
	int users = module_references("dvp-importer"), importer, removal;
	struct slot slot;

	(void)state;
	find_slot(&slot, bench_find(torn.kind, torn.nth));
	assert_ok(slot_tear_out(&slot));
	wait_until(slot_is_empty(&slot));
	assert_ok(monitor("device_add",
			  "'driver': 'edu', 'id': 'torn-edu', 'bus': 'rp13', 'dma_mask': %llu",
			  ~0ULL));
	wait_until(slot_is_filled(&slot));
	/*
	 * The kernel has marked it as gone by then.  Held before the importer is
	 * opened: after a failure the importer goes first, for which removal waits.
	 */
	removal = kernel_hold("pci_stop_and_remove_bus_device");
	importer = bench_importer(bench_find(EDU, 3));
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
	assert_ok(importer_work(importer, 20000));
	assert_ok(slot_tear_out(&slot));
	wait_until(kernel_is_held(removal));
	bench_decoding(vfio, false);
	assert_true(klog_count(klog, words));
	assert_ok(slot_light_up(&slot));
	assert_ok(importer_release(removal));
	bench_drop(importer);
	bench_drop(removal);
	wait_until(slot_is_empty(&slot));
	plug_memory("torn-memory", "rp13", &slot);
	/* The buffer keeps the fence of the work. */
	bench_drop(buffer);
	wait_until(module_references("dvp-importer") <= users);
}

#define HOTPLUG(name, function) TEST("hotplug", name, function)

int suite_hotplug(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG("the exporter is unplugged when its user lets go",
			exporter_unplugged),
		HOTPLUG("the importer is unplugged during transfers",
			importer_unplugged),
		HOTPLUG("an exporter that is torn out revokes",
			exporter_torn_out),
		HOTPLUG("a device that is gone is used, and gets closed",
			used_when_gone),
	};
	const struct CMUnitTest only_ours[] = {
		HOTPLUG("a revoke does not wait for the work of what is gone",
			importer_gone),
	};
	int failed;

	failed = run_group("hotplug", tests);
	if (expects(hears_of_errors))
		failed += run_group("hotplug", only_ours);
	return failed;
}
