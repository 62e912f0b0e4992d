// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI errors: a fatal one cuts the device off until its link has been reset.  QEMU
 * 7.2 has no downstream port containment (DPC), and its root ports do not report
 * errors that were corrected.
 */
#include "actor.h"
#include "events.h"
#include "monitor.h"
#include "suites.h"

static const struct place nic = PLACE_E1000E;

/*
 * The root port above the device is who reports the error: the device itself
 * does not let QEMU 7.2 enable that.
 */
static void inject(const char *options, const char *error)
{
	assert_ok(monitor_inject(options, "rp4", error));
}

/* The kernel has been through with the error. */
static bool recovered(int klog)
{
	const char *const words[] = { "device recovery successful", NULL };

	return klog_count(klog, words);
}

static bool gave_up(int klog)
{
	const char *const words[] = { "device recovery failed", NULL };

	return klog_count(klog, words);
}

/* The device's user is told of an error, from which the kernel then recovers. */
static void open_for_error(struct subject *subject, const char *error)
{
	int klog = bench_keep(assert_ok(klog_open_end()));
	int event;

	subject_open(subject, &nic);
	event = watch_irq(subject->vfio, VFIO_PCI_ERR_IRQ_INDEX);
	inject("", error);
	wait_until(recovered(klog));
	assert_true(was_told(event));
}

static void fatal(void **state)
{
	struct subject subject;

	(void)state;
	open_for_error(&subject, "DLP");
	if (!expects(hears_of_errors)) {
		/* Its user may save the day, with memory that others reach. */
		assert_int_equal(importer_notifications(subject.importer), 0);
		assert_true(importer_is_mapped(subject.importer));
		return;
	}
	subject_went_and_came(&subject);
}

/* A fatal error, with an importer that unmaps @hold_ms after it was notified. */
static int fail_slowly(struct subject *subject, unsigned int hold_ms)
{
	int klog = bench_keep(assert_ok(klog_open_end()));

	*subject = (struct subject) { .place = nic };
	subject->bdf = bench_find(E1000E, nic.nth);
	subject_import(subject, bench_open(subject->bdf), hold_ms);
	inject("", "MALF_TLP");
	if (expects(hears_of_errors))
		return klog;
	wait_until(recovered(klog));
	assert_true(importer_is_mapped(subject->importer));
	return -1;
}

/* The configuration comes back when the importer has let go, and not before. */
static void fatal_slow(void **state)
{
	struct subject subject;
	uint8_t byte = 0;
	int klog;

	(void)state;
	klog = fail_slowly(&subject, 1000);
	if (klog < 0)
		return;
	wait_until(importer_notifications(subject.importer) == 1);
	assert_true(importer_is_mapped(subject.importer));
	assert_false(recovered(klog));
	wait_until(recovered(klog));
	assert_error(importer_write(subject.importer, 0, &byte, 1), ENODEV);
	subject_went_and_came(&subject);
}

/*
 * Longer than recovery waits.  That ends while the importer still has its mapping,
 * which stays blocked until the device is reset.
 */
static void fail_too_slowly(struct subject *subject)
{
	int klog = fail_slowly(subject, 6000);

	if (klog < 0)
		return;
	wait_until(gave_up(klog));
	assert_true(importer_is_mapped(subject->importer));
	wait_until(!importer_is_mapped(subject->importer));
	subject_is_revoked(subject, 1);
}

static void fatal_too_slow(void **state)
{
	struct subject subject;

	(void)state;
	fail_too_slowly(&subject);
	if (!expects(hears_of_errors))
		return;
	assert_ok(vfio_reset(subject.vfio));
	/* A busy machine may have reset the link before the importer was notified. */
	wait_until(importer_notifications(subject.importer) == 2);
	subject_is_restored(&subject, 2);
}

static void opened_after_failure(void **state)
{
	struct subject subject;

	(void)state;
	fail_too_slowly(&subject);
	bench_close(subject.vfio);
	if (!expects(recovers))
		place_revive(&nic);
	subject_open(&subject, &nic);
}

/* The other function of this slot has no driver: no recovery can succeed. */
static const struct place pair = { IVSHMEM, 2, 2, PAGE, 512 };

static void fail_pair(struct subject *subject, const char *error)
{
	int klog = bench_keep(assert_ok(klog_open_end()));

	subject_open(subject, &pair);
	assert_ok(monitor_inject("", "rp9", error));
	wait_until(gave_up(klog));
}

static void opened_after_no_resume(void **state)
{
	struct subject subject;

	(void)state;
	fail_pair(&subject, "DLP");
	if (expects(hears_of_errors))
		subject_is_revoked(&subject, 1);
	bench_close(subject.vfio);
	subject_open(&subject, &pair);
}

/* The link was not reset, and the device answers all the time. */
static void restored_without_resume(void **state)
{
	struct subject subject;

	(void)state;
	fail_pair(&subject, "COMP_ABORT");
	if (!expects(hears_of_errors)) {
		subject_is_untouched(&subject, 0);
		return;
	}
	/* Newer kernels report the failure, and it may be over by now. */
	subject_went_and_came(&subject);
}

static void fatal_closed(void **state)
{
	int klog = bench_keep(assert_ok(klog_open_end()));
	struct subject subject;

	(void)state;
	subject_open(&subject, &nic);
	bench_close(subject.vfio);
	inject("", "DLP");
	wait_until(recovered(klog));
	subject_is_revoked(&subject, 1);
	/* The in-tree driver alone leaves the device without its addresses. */
	if (!expects(recovers))
		place_revive(&nic);
	subject_open(&subject, &nic);
}

static void fatal_memory_off(void **state)
{
	int klog = bench_keep(assert_ok(klog_open_end()));
	struct subject subject;

	(void)state;
	subject_open(&subject, &nic);
	bench_decoding(subject.vfio, false);
	inject("", "DLP");
	wait_until(recovered(klog));
	subject_is_revoked(&subject, 1);
	bench_decoding(subject.vfio, true);
	if (!expects(hears_of_errors))
		return;
	/* The end of the recovery is told from a workqueue. */
	subject_went_and_came(&subject);
}

/* Another driver below the port may ask for a reset of the link all the same. */
static void not_fatal(void **state)
{
	struct subject subject;

	(void)state;
	open_for_error(&subject, "COMP_ABORT");
	if (!expects(hears_of_errors)) {
		subject_is_untouched(&subject, 0);
		return;
	}
	subject_went_and_came(&subject);
}

/*
 * Below a switch.  The driver of another function there wants the link reset after
 * any error, which newer kernels do; older ones only call slot_reset().
 */
static const struct place switched = { E1000E, 1, 0, 0x5200, 512 };
#define SWITCHED_EDU 3
#define SWITCHED_MEMORY 8

static void open_switched(struct subject *subject)
{
	bench_drop(bench_importer(bench_find(EDU, SWITCHED_EDU)));
	/* Without a driver it could not be recovered. */
	assert_ok(device_bind(bench_find(IVSHMEM, SWITCHED_MEMORY),
			      bench_driver()));
	subject_open(subject, &switched);
}

static void not_fatal_reset(void **state)
{
	const char *const words[] = { "Root Port link has been reset", NULL };
	int klog = bench_keep(assert_ok(klog_open_end()));
	int again = bench_keep(assert_ok(klog_open_end()));
	struct subject subject;
	uint16_t command;
	bool reset;

	(void)state;
	open_switched(&subject);
	assert_ok(vfio_set_command(subject.vfio, PCI_COMMAND_MASTER, 0));
	assert_ok(monitor_inject("", "rp14", "COMP_ABORT"));
	wait_until(recovered(klog));
	reset = klog_count(again, words);
	if (!expects(hears_of_errors)) {
		assert_int_equal(importer_notifications(subject.importer), 0);
		assert_true(importer_is_mapped(subject.importer));
		return;
	}
	subject_went_and_came(&subject);
	/* It was told while the device still answered. */
	subject_answered(&subject, 0);
	/* A reset clears the user's settings, and nothing else does. */
	assert_ok(vfio_read(subject.vfio, CONFIG, PCI_COMMAND, &command, 2));
	assert_int_equal(!(command & PCI_COMMAND_MASTER), reset);
}

/* The link is still to be reset. Older kernels do not reset it. */
static void not_fatal_reset_by_user(void **state)
{
	int klog = bench_keep(assert_ok(klog_open_end()));
	int held = kernel_hold("pci_bus_error_reset");
	struct subject subject;

	(void)state;
	open_switched(&subject);
	assert_ok(monitor_inject("", "rp14", "COMP_ABORT"));
	wait_until(kernel_is_held(held) || recovered(klog));
	if (kernel_is_held(held)) {
		wait_until(!expects(hears_of_errors) ||
			   importer_notifications(subject.importer) == 1);
		assert_ok(vfio_reset(subject.vfio));
		if (expects(hears_of_errors))
			subject_is_revoked(&subject, 1);
		assert_ok(importer_release(held));
		wait_until(recovered(klog));
	}
	if (expects(hears_of_errors))
		subject_went_and_came(&subject);
}

#define ERRORS(name, function) TEST("errors", name, function)

int suite_errors(void)
{
	const struct CMUnitTest tests[] = {
		ERRORS("a fatal error revokes, and recovery restores", fatal),
		ERRORS("recovery waits for an importer that is slow to unmap",
		       fatal_slow),
		ERRORS("recovery ends without an importer that does not unmap",
		       fatal_too_slow),
		ERRORS("the next open ends the block of a failed recovery",
		       opened_after_failure),
		ERRORS("so it does if another function cannot be recovered",
		       opened_after_no_resume),
		ERRORS("a failed recovery without a reset restores in the end",
		       restored_without_resume),
		ERRORS("recovery revives no closed buffer", fatal_closed),
		ERRORS("recovery with memory off does not restore",
		       fatal_memory_off),
		ERRORS("an error that is not fatal revokes and restores",
		       not_fatal),
		ERRORS("so does one for which another driver wants a reset",
		       not_fatal_reset),
		ERRORS("a user's reset before the link's does not restore",
		       not_fatal_reset_by_user),
	};

	return run_group("errors", tests);
}
