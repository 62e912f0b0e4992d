// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that are pulled out, politely or not, drivers that are taken away,
 * and users who are killed.
 */
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "events.h"
#include "monitor.h"
#include "suites.h"

/* The last of their kind; see tests/machines. */
static const struct place memory = { IVSHMEM, 6, 2, PAGE, 512 };
static const struct place edu = { EDU, 2, 0, 0, 0 };

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

/* And switched off, which would make it lose a device that comes too early. */
static bool is_empty(const char *port)
{
	unsigned int position = express_capability(port);
	uint16_t status, control;

	assert_ok(device_read_config(port, position + PCI_EXP_SLTSTA, &status,
				     2));
	assert_ok(device_read_config(port, position + PCI_EXP_SLTCTL, &control,
				     2));
	return !(status & PCI_EXP_SLTSTA_PDS) &&
	       (control & PCI_EXP_SLTCTL_PCC);
}

/* The slot is empty a second after the kernel has forgotten the device. */
static void wait_for_removal(const struct place *place, const char *port)
{
	wait_until(!device_find(place->kind, place->nth));
	wait_until(is_empty(port));
}

/* QEMU 7.2 dies of an ivshmem whose memory another one had. */
static void plug_memory(void)
{
	static unsigned int nth;

	nth++;
	assert_ok(monitor("object_add memory-backend-memfd,id=mem-plug%u,size=4M",
			  nth));
	assert_ok(monitor("device_add ivshmem-plain,id=plug-memory,bus=rp11,memdev=mem-plug%u",
			  nth));
	wait_until(device_find(memory.kind, memory.nth));
}

static void plug_edu(void)
{
	assert_ok(monitor("device_add edu,id=plug-edu,bus=rp12,dma_mask=0xffffffffffffffff"));
	wait_until(device_find(edu.kind, edu.nth));
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
	char port[BDF_SIZE];
	pthread_t worker;
	int event;

	(void)state;
	subject_open(&subject, &memory);
	assert_true(device_parent(subject.bdf, port));
	event = watch_irq(subject.vfio, VFIO_PCI_REQ_IRQ_INDEX);
	worker = start_transfers(&subject);
	assert_ok(monitor("device_del plug-memory"));
	wait_until(was_told(event));
	assert_true(importer_is_mapped(subject.importer));

	bench_close(subject.vfio);
	end_transfers(worker, ENODEV);
	subject_is_revoked(&subject, 1);
	wait_for_removal(&memory, port);
	subject_is_revoked(&subject, 1);
	plug_memory();
	subject_is_revoked(&subject, 1);
	subject_open(&subject, &memory);
}

static void importer_unplugged(void **state)
{
	const char *bdf = bench_find(edu.kind, edu.nth);
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	int buffer = bench_export(vfio, 2, 0, PAGE);
	struct subject subject = { .importer = bench_importer(bdf) };
	char path[64], port[BDF_SIZE];
	uint8_t byte = 0;
	pthread_t worker;

	(void)state;
	assert_true(device_parent(bdf, port));
	assert_ok(importer_attach(subject.importer, buffer));
	assert_ok(importer_map(subject.importer));
	assert_ok(vfio_write(vfio, 2, 0, &byte, 1));
	worker = start_transfers(&subject);
	wait_until(!vfio_read(vfio, 2, 0, &byte, 1) && byte == 0x5a);
	assert_ok(monitor("device_del plug-edu"));
	/* No other file is opened when its driver is on its way out. */
	snprintf(path, sizeof(path), "/dev/dvp-importer-%s", bdf);
	wait_until(access(path, F_OK));
	assert_ok(vfio_set_command(vfio, 0, PCI_COMMAND_MEMORY));
	end_transfers(worker, ENODEV);
	assert_ok(vfio_set_command(vfio, PCI_COMMAND_MEMORY, 0));
	bench_drop(subject.importer);
	wait_for_removal(&edu, port);

	/* The exporter goes on with another. */
	subject.importer = bench_importer(bench_find(EDU, 0));
	assert_ok(importer_attach(subject.importer, buffer));
	assert_ok(importer_map(subject.importer));
	plug_edu();
}

static void *unbind(void *bdf)
{
	return (void *)(intptr_t)device_unbind(bdf);
}

static void unbound_while_open(void **state)
{
	struct subject subject;
	pthread_t unbinder;
	void *ret;
	int event;

	(void)state;
	subject_open(&subject, &memory);
	event = watch_irq(subject.vfio, VFIO_PCI_REQ_IRQ_INDEX);
	assert_int_equal(pthread_create(&unbinder, NULL, unbind,
					(void *)subject.bdf), 0);
	wait_until(was_told(event));
	subject_is_untouched(&subject, 0);
	bench_close(subject.vfio);
	assert_int_equal(pthread_join(unbinder, &ret), 0);
	assert_ok((intptr_t)ret);
	subject_is_revoked(&subject, 1);
	subject_open(&subject, &memory);
}

/*
 * Descriptors are closed in their order, so the child moves them: "dbi" is the
 * device, then the buffer, then the importer.
 */
static void be_killed(const char *exporter, const char *engine,
		      const char *order)
{
	int buffer, importer, fd, i;
	struct vfio vfio;

	if (vfio_open(&vfio, exporter))
		_exit(1);
	buffer = vfio_export_range(&vfio, 2, 0, MIB);
	importer = importer_open(engine);
	if (importer_attach(importer, buffer) || importer_map(importer))
		_exit(1);
	for (i = 0; order[i]; i++) {
		fd = order[i] == 'd' ? vfio.device :
		     order[i] == 'b' ? buffer : importer;
		if (dup2(fd, 100 + i) < 0)
			_exit(1);
		close(fd);
	}
	raise(SIGKILL);
}

static void killed(void **state)
{
	static const char *const orders[] = {
		"dbi", "dib", "bdi", "bid", "idb", "ibd",
	};
	const char *exporter = bench_find(memory.kind, memory.nth);
	const char *engine = bench_find(EDU, 0);
	struct subject subject;
	unsigned int i;
	int status;
	pid_t child;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		bench_close(bench_open(exporter));
		child = fork();
		if (!child)
			be_killed(exporter, engine, orders[i]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
	}
	/* Nothing of it is left. */
	assert_ok(device_unbind(exporter));
	subject_open(&subject, &memory);
}

/* Who holds the mapping is another process, which outlives the killed one. */
static void killed_while_mapped_elsewhere(void **state)
{
	struct subject subject = { .place = memory };
	int fds[2], status;
	struct vfio vfio;
	pid_t child;
	char byte;

	(void)state;
	subject.bdf = bench_find(memory.kind, memory.nth);
	bench_close(bench_open(subject.bdf));
	assert_ok(vfio_open(&vfio, subject.bdf));
	subject_import(&subject, &vfio, 0);
	assert_sys(pipe(fds));
	child = fork();
	if (!child) {
		/* Keeps the device open, and nothing else. */
		if (write(fds[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	close(fds[1]);
	vfio_close(&vfio);
	assert_int_equal(importer_notifications(subject.importer), 0);
	assert_true(importer_is_mapped(subject.importer));
	assert_sys(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, &status, 0), child);
	wait_until(importer_notifications(subject.importer) == 1);
	subject_is_revoked(&subject, 1);
}

#define HOTPLUG(name, function) TEST("hotplug", name, function)

int suite_hotplug(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG("the exporter is unplugged when its user lets go",
			exporter_unplugged),
		HOTPLUG("the importer is unplugged during transfers",
			importer_unplugged),
	};

	return run_group("hotplug", tests);
}

#define UNPLUG(name, function) TEST("unplug", name, function)

int suite_unplug(void)
{
	const struct CMUnitTest tests[] = {
		UNPLUG("unbinding waits for the user, who keeps the memory",
		       unbound_while_open),
		UNPLUG("a killed process frees all, in any order", killed),
		UNPLUG("a killed process revokes what others have mapped",
		       killed_while_mapped_elsewhere),
	};

	return run_group("unplug", tests);
}
