// SPDX-License-Identifier: GPL-2.0-only
/* Drivers that are taken away, and users who are killed. */
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "events.h"
#include "suites.h"

/* The last of their kind; see tests/matrix/machines. */
static const struct place memory = { IVSHMEM, 6, 2, PAGE, 512 };

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

/* While it is being unbound the device is locked, and the core does not wait. */
static void reset_while_unbound(void **state)
{
	static const struct place nvme = PLACE_NVME;
	struct subject subject;
	unsigned int pmcsr;
	pthread_t unbinder;
	void *ret;

	(void)state;
	subject_open(&subject, &nvme);
	pmcsr = find_capability(subject.vfio, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	assert_int_equal(pthread_create(&unbinder, NULL, unbind,
					(void *)subject.bdf), 0);
	do {
		assert_ok(vfio_write(subject.vfio, CONFIG, pmcsr,
				     &(uint16_t){ 3 }, 2));
		assert_error(importer_map(subject.importer), ENODEV);
	} while (!ioctl(subject.vfio->device, VFIO_DEVICE_RESET));
	assert_int_equal(errno, EAGAIN);
	assert_ok(importer_map(subject.importer));
	bench_close(subject.vfio);
	assert_int_equal(pthread_join(unbinder, &ret), 0);
	assert_ok((intptr_t)ret);
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

#define UNPLUG(name, function) TEST("unplug", name, function)

int suite_unplug(void)
{
	const struct CMUnitTest tests[] = {
		UNPLUG("unbinding waits for the user, who keeps the memory",
		       unbound_while_open),
		UNPLUG("a reset that fails has still ended D3hot, and restores",
		       reset_while_unbound),
		UNPLUG("a killed process frees all, in any order", killed),
		UNPLUG("a killed process revokes what others have mapped",
		       killed_while_mapped_elsewhere),
	};

	return run_group("unplug", tests);
}
