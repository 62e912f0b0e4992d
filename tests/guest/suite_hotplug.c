// SPDX-License-Identifier: GPL-2.0-only
/* Devices that are pulled out, politely or not, while they are in use. */
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "events.h"
#include "monitor.h"
#include "suites.h"

/* The last of their kind: for an orderly unplug or not; see tests/machines. */
static const struct place memory = { IVSHMEM, 6, 2, PAGE, 512 };
static const struct place torn = { IVSHMEM, 7, 2, PAGE, 512 };
static const struct place edu = { EDU, 2, 0, 0, 0 };

/**
 * struct slot - where a device sits
 * @port: the port above it
 * @control: position of the slot's control register in the port's config space
 * @power: file that switches the slot on and off
 * @klog: what the kernel says from now on
 */
struct slot {
	char port[BDF_SIZE];
	unsigned int control;
	char power[PATH_MAX];
	int klog;
};

static unsigned int express_capability(const char *bdf)
{
	uint8_t position, id;

	assert_ok(device_read_config(bdf, PCI_CAPABILITY_LIST, &position, 1));
	while (position) {
		assert_ok(device_read_config(bdf, position, &id, 1));
		if (id == PCI_CAP_ID_EXP)
			return position;
		assert_ok(device_read_config(bdf, position + 1, &position, 1));
	}
	fail_msg("%s is no PCI Express device", bdf);
	return 0;
}

static bool is_slot_of(const char *name, const char *bdf)
{
	char path[PATH_MAX], address[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/slots/%s/address", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* The address of a slot is that of its devices without the function. */
	if (fscanf(file, "%31s", address) != 1)
		address[0] = '\0';
	fclose(file);
	return *address && !strncmp(address, bdf, strlen(address));
}

static void slot_find(struct slot *slot, const char *bdf)
{
	struct dirent *entry;
	DIR *slots;

	assert_true(device_parent(bdf, slot->port));
	slot->control = express_capability(slot->port) + PCI_EXP_SLTCTL;
	slot->klog = bench_keep(assert_ok(klog_open_end()));
	slot->power[0] = '\0';
	slots = opendir("/sys/bus/pci/slots");
	assert_non_null(slots);
	while ((entry = readdir(slots)))
		if (is_slot_of(entry->d_name, bdf))
			snprintf(slot->power, sizeof(slot->power),
				 "/sys/bus/pci/slots/%s/power", entry->d_name);
	closedir(slots);
	assert_true(*slot->power);
}

static bool slot_has(const struct slot *slot, uint16_t light, bool device)
{
	uint16_t control, status;

	assert_ok(device_read_config(slot->port, slot->control, &control, 2));
	assert_ok(device_read_config(slot->port, slot->control +
				     PCI_EXP_SLTSTA - PCI_EXP_SLTCTL,
				     &status, 2));
	return (control & PCI_EXP_SLTCTL_PIC) == light &&
	       !(status & PCI_EXP_SLTSTA_PDS) == !device;
}

/*
 * Whether the kernel has been through with what happened in a slot that is off.
 * It is asked to switch the slot on, which fails: if it was busy, with words; if
 * not, after it has looked for a device.  When it was just about to be done with
 * switching it off, it answers with the result of that.
 */
static bool slot_is_idle(const struct slot *slot)
{
	const char *const words[] = { "Already", NULL };

	int ret = write_file(slot->power, "1");

	if (ret)
		assert_error(ret, ENODEV);
	return ret && !klog_count(slot->klog, words);
}

/*
 * The kernel switches the light off after everything else.  Then QEMU takes the
 * device away, if it was asked to, which the kernel hears, too: a device that was
 * plugged in before the kernel has looked what that was would be found then, and
 * be taken for another when its own arrival is told.
 */
static void wait_for_removal(const struct slot *slot)
{
	wait_until(slot_has(slot, PCI_EXP_SLTCTL_PWR_IND_OFF, false));
	wait_until(slot_is_idle(slot));
}

/*
 * The kernel switches the light on after everything else.  The device is in sysfs
 * before it has addresses and before a driver may be bound to it.
 */
static void wait_for_arrival(const struct slot *slot)
{
	wait_until(slot_has(slot, PCI_EXP_SLTCTL_PWR_IND_ON, true));
}

/* QEMU 7.2 dies of an ivshmem whose memory another one had. */
static void plug_memory(const char *name, const char *bus,
			const struct slot *slot)
{
	static unsigned int nth;

	nth++;
	assert_ok(monitor("object-add",
			  "'qom-type': 'memory-backend-memfd', 'id': 'mem-plug%u', 'size': 4194304",
			  nth));
	assert_ok(monitor("device_add",
			  "'driver': 'ivshmem-plain', 'id': '%s', 'bus': '%s', 'memdev': 'mem-plug%u'",
			  name, bus, nth));
	wait_for_arrival(slot);
}

static void plug_edu(const struct slot *slot)
{
	assert_ok(monitor("device_add",
			  "'driver': 'edu', 'id': 'plug-edu', 'bus': 'rp12', 'dma_mask': %llu",
			  ~0ULL));
	wait_for_arrival(slot);
}

/* Moves bytes until the mapping has gone; returns the error that ended it. */
static void *transfer_forever(void *arg)
{
	struct subject *subject = arg;
	uint8_t data[DVP_IMPORTER_TRANSFER_MAX];
	int ret;

	memset(data, 0x5a, sizeof(data));
	do {
		ret = importer_write(subject->importer, 0, data, sizeof(data));
	} while (!ret);
	return (void *)(intptr_t)ret;
}

static pthread_t start_transfers(struct subject *subject)
{
	pthread_t worker;

	assert_int_equal(pthread_create(&worker, NULL, transfer_forever,
					subject), 0);
	return worker;
}

static void end_transfers(pthread_t worker, int error)
{
	void *ret;

	assert_int_equal(pthread_join(worker, &ret), 0);
	assert_error((intptr_t)ret, error);
}

/* A polite unplug waits for the user, who keeps the memory until then. */
static void exporter_unplugged(void **state)
{
	struct subject subject;
	struct slot slot;
	pthread_t worker;
	int event;

	(void)state;
	subject_open(&subject, &memory);
	slot_find(&slot, subject.bdf);
	event = watch_irq(subject.vfio, VFIO_PCI_REQ_IRQ_INDEX);
	worker = start_transfers(&subject);
	assert_ok(monitor("device_del", "'id': 'plug-memory'"));
	wait_until(was_told(event));
	assert_true(importer_is_mapped(subject.importer));

	bench_close(subject.vfio);
	end_transfers(worker, ENODEV);
	subject_is_revoked(&subject, 1);
	wait_for_removal(&slot);
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
	pthread_t worker;
	struct slot slot;
	char path[64];

	(void)state;
	slot_find(&slot, bdf);
	assert_ok(importer_attach(subject.importer, buffer));
	assert_ok(importer_map(subject.importer));
	assert_ok(vfio_write(vfio, 2, 0, &byte, 1));
	worker = start_transfers(&subject);
	wait_until(!vfio_read(vfio, 2, 0, &byte, 1) && byte == 0x5a);
	assert_ok(monitor("device_del", "'id': 'plug-edu'"));
	/* No other file is opened when its driver is on its way out. */
	snprintf(path, sizeof(path), "/dev/dvp-importer-%s", bdf);
	wait_until(access(path, F_OK));
	assert_ok(vfio_set_command(vfio, 0, PCI_COMMAND_MEMORY));
	end_transfers(worker, ENODEV);
	assert_ok(vfio_set_command(vfio, PCI_COMMAND_MEMORY, 0));
	bench_drop(subject.importer);
	wait_for_removal(&slot);

	/* The exporter goes on with another. */
	subject.importer = bench_importer(bench_find(EDU, 0));
	assert_ok(importer_attach(subject.importer, buffer));
	assert_ok(importer_map(subject.importer));
	plug_edu(&slot);
}

/*
 * QEMU takes a device out of its slot when the power is switched off and the light
 * is put out, even where there is no power to switch off: then it is torn out, and
 * the kernel hears of an empty slot.
 */
static void tear_out(const struct slot *slot)
{
	uint16_t control;

	assert_ok(device_read_config(slot->port, slot->control, &control, 2));
	control |= PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF;
	assert_ok(device_write_config(slot->port, slot->control, &control, 2));
	assert_true(slot_has(slot, PCI_EXP_SLTCTL_PWR_IND_OFF, false));
}

/*
 * While the kernel waits for the user, and does not touch the slot: so that it has
 * a light to put out when it is done.
 */
static void light_up(const struct slot *slot)
{
	uint16_t control;

	assert_ok(device_read_config(slot->port, slot->control, &control, 2));
	control = (control & ~PCI_EXP_SLTCTL_PIC) | PCI_EXP_SLTCTL_PWR_IND_ON;
	assert_ok(device_write_config(slot->port, slot->control, &control, 2));
}

/* Gone before anybody could be told: the importer is told at once. */
static void torn_out(struct subject *subject, struct slot *slot)
{
	pthread_t worker;
	int event;

	subject_open(subject, &torn);
	slot_find(slot, subject->bdf);
	event = watch_irq(subject->vfio, VFIO_PCI_REQ_IRQ_INDEX);
	worker = start_transfers(subject);
	tear_out(slot);
	/* The kernel wants the user to let go of what is no more. */
	wait_until(was_told(event));
	light_up(slot);
	if (!expects(hears_of_errors)) {
		assert_int_equal(importer_notifications(subject->importer), 0);
		assert_true(importer_is_mapped(subject->importer));
		assert_ok(vfio_set_command(subject->vfio, 0,
					   PCI_COMMAND_MEMORY));
	}
	wait_until(!importer_is_mapped(subject->importer));
	end_transfers(worker, ENODEV);
	subject_is_revoked(subject, 1);
}

static void exporter_torn_out(void **state)
{
	struct subject subject;
	struct slot slot;

	(void)state;
	torn_out(&subject, &slot);
	bench_close(subject.vfio);
	wait_for_removal(&slot);
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
	wait_for_removal(&slot);
	is_dead(&subject);
	assert_error(importer_attach(bench_importer(bench_find(EDU, 0)),
				     buffer), ENODEV);
	plug_memory("torn-memory", "rp13", &slot);
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

	return run_group("hotplug", tests);
}
