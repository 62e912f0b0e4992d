// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must not happen to a device at once.  One of the two is held in the middle,
 * at the call of a function of the kernel, until the other one has either come
 * through or gone to sleep: nothing depends on how fast they are.
 */
#include <linux/pci_regs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "actor.h"
#include "events.h"
#include "monitor.h"
#include "suites.h"

/* The group and its domain are there; only the device itself is opened. */
static int act_open(struct actor *actor)
{
	struct vfio *vfio = actor->vfio;

	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, actor->bdf);
	return vfio->device < 0 ? -errno : 0;
}

/* With @first held in the call of a function, does @second wait before another? */
static void check_apart(struct actor *first, const char *where,
			struct actor *second, const char *before)
{
	int held = actor_hold(first, where);
	bool apart = actor_sleeps_before(second, before);

	assert_ok(importer_release(held));
	actor_join(first);
	actor_join(second);
	assert_int_equal(apart, expects(keeps_apart));
	assert_ok(first->result);
}

static void assert_bars_in_place(const char *bdf)
{
	uint64_t address;
	struct bar bar;

	assert_ok(device_bar(bdf, VFIO_PCI_BAR2_REGION_INDEX, &bar));
	assert_ok(device_read_config(bdf, PCI_BASE_ADDRESS_2, &address,
				     sizeof(address)));
	assert_int_equal(address & PCI_BASE_ADDRESS_MEM_MASK, bar.start);
}

static void close_device(struct vfio *vfio)
{
	close(vfio->device);
	vfio->device = -1;
}

/* The core's own, in the middle of an opening and of a closing. */
#define OPENING	"pci_store_saved_state"
#define CLOSING	"pci_load_and_free_saved_state"
/* A function-level reset gives the device some time. */
#define RESETTING "msleep"

static void reset_while_opened(void **state)
{
	const char *bdf = bench_find(NVME, 0);
	struct vfio *vfio = bench_open(bdf);
	struct actor opens = { .act = act_open, .bdf = bdf, .vfio = vfio };
	struct actor resets = { .act = act_reset, .bdf = bdf };

	(void)state;
	close_device(vfio);
	check_apart(&opens, OPENING, &resets, RESETTING);
	assert_ok(resets.result);
	assert_bars_in_place(bdf);
}

static void reset_while_closed(void **state)
{
	const char *bdf = bench_find(NVME, 0);
	struct actor closes = {
		.act = act_close, .bdf = bdf, .vfio = bench_open(bdf),
	};
	struct actor resets = { .act = act_reset, .bdf = bdf };

	(void)state;
	check_apart(&closes, CLOSING, &resets, RESETTING);
	assert_ok(resets.result);
	assert_bars_in_place(bdf);
}

static void opened_while_reset(void **state)
{
	const char *bdf = bench_find(NVME, 0);
	struct vfio *vfio = bench_open(bdf);
	struct actor resets = { .act = act_reset, .bdf = bdf };
	struct actor opens = { .act = act_open, .bdf = bdf, .vfio = vfio };

	(void)state;
	close_device(vfio);
	/* So that the reset is the first to give it time, and not its waking up. */
	assert_ok(device_write_attr(bdf, "power/control", "on"));
	check_apart(&resets, RESETTING, &opens, "vfio_pci_core_enable");
	assert_ok(device_write_attr(bdf, "power/control", "auto"));
	/* The end of the reset may still have the device locked. */
	if (opens.result != -EAGAIN)
		assert_ok(opens.result);
	assert_bars_in_place(bdf);
}

static void closed_while_reset(void **state)
{
	const char *bdf = bench_find(NVME, 0);
	struct actor resets = { .act = act_reset, .bdf = bdf };
	struct actor closes = {
		.act = act_close, .bdf = bdf, .vfio = bench_open(bdf),
	};

	(void)state;
	check_apart(&resets, RESETTING, &closes, CLOSING);
	assert_bars_in_place(bdf);
}

static const struct place nic = PLACE_E1000E;

/*
 * A fatal error of the port above.  The driver gives the device its configuration
 * back after the link's reset, or gives up, as somebody is at the device.
 */
static void fail_link(const char *bdf)
{
	bool gives_up = expects(recovers);
	const char *const over[] = {
		"device recovery", gives_up ? "failed" : "successful", NULL
	};
	const char *const says[] = {
		bdf, "not recovered", "opened, closed or reset", NULL
	};
	int klog = bench_keep(assert_ok(klog_open_end()));
	int again = bench_keep(assert_ok(klog_open_end()));

	assert_ok(monitor_inject("", "rp4", "DLP"));
	wait_until(klog_count(klog, over));
	assert_int_equal(klog_count(again, says), gives_up);
}

static void fails_while_opened(void **state)
{
	const char *bdf = bench_find(nic.kind, nic.nth);
	struct vfio *vfio = bench_open(bdf);
	struct actor opens = { .act = act_open, .bdf = bdf, .vfio = vfio };
	int held, importer = bench_importer(bench_find(EDU, 0));
	struct subject subject;

	(void)state;
	close_device(vfio);
	held = actor_hold(&opens, OPENING);
	fail_link(bdf);
	assert_ok(importer_release(held));
	actor_join(&opens);
	assert_ok(opens.result);
	if (expects(hears_of_errors))
		assert_error(importer_attach(importer,
					     bench_export(vfio, nic.bar, 0,
							  PAGE)), ENODEV);
	bench_close(vfio);
	if (!expects(recovers))
		place_revive(&nic);
	subject_open(&subject, &nic);
}

static void fails_while_reset(void **state)
{
	struct actor resets = { .act = act_reset_by_user };
	struct subject subject;
	int held;

	(void)state;
	subject_open(&subject, &nic);
	resets.vfio = subject.vfio;
	held = actor_hold(&resets, "pci_try_reset_function");
	fail_link(subject.bdf);
	if (expects(hears_of_errors))
		subject_is_revoked(&subject, 1);
	assert_ok(importer_release(held));
	actor_join(&resets);
	assert_ok(resets.result);
	if (expects(recovers)) {
		subject_is_restored(&subject, 2);
		return;
	}
	bench_close(subject.vfio);
	place_revive(&nic);
}

/* A fatal error, up to the link's reset, which is held. */
static int start_link_reset(struct subject *subject)
{
	int held = kernel_hold("pci_bus_error_reset");

	subject_open(subject, &nic);
	assert_ok(monitor_inject("", "rp4", "DLP"));
	wait_until(kernel_is_held(held));
	return held;
}

static void finish_link_reset(struct subject *subject, int held)
{
	const char *const over[] = { "device recovery successful", NULL };
	int klog = bench_keep(assert_ok(klog_open_end()));

	assert_ok(importer_release(held));
	wait_until(klog_count(klog, over));
	if (expects(hears_of_errors)) {
		wait_until(importer_notifications(subject->importer) == 2);
		subject_is_restored(subject, 2);
	}
	if (expects(recovers))
		return;
	bench_close(subject->vfio);
	place_revive(&nic);
}

/* Told by error_detected() already: the link's reset takes the memory. */
static void revoked_before_link_reset(void **state)
{
	struct subject subject;
	int held = start_link_reset(&subject);

	(void)state;
	if (expects(hears_of_errors)) {
		wait_until(!importer_is_mapped(subject.importer));
		subject_is_revoked(&subject, 1);
	}
	finish_link_reset(&subject, held);
}

/* The workqueue, which notifies, is slow. */
static void notified_late(void **state)
{
	int held = kernel_hold("dvp_revoke_block");
	struct subject subject;
	long long start;

	(void)state;
	subject_open(&subject, &nic);
	start = bench_now_ms();
	assert_ok(monitor_inject("", "rp4", "DLP"));
	wait_until(kernel_is_held(held));
	usleep(100000);
	assert_ok(importer_release(held));
	/* The link is reset after half a second in any case. */
	if (bench_now_ms() - start < 400) {
		subject_went_and_came(&subject);
	} else {
		wait_until(importer_notifications(subject.importer) == 2);
		subject_is_restored(&subject, 2);
	}
}

/* After error_detected(), and before the link is reset. */
static void opened_before_link_reset(void **state)
{
	struct subject subject;
	int held = start_link_reset(&subject);

	(void)state;
	bench_close(subject.vfio);
	subject_open(&subject, &nic);
	finish_link_reset(&subject, held);
}

#define OVERLAP(name, function) TEST("overlap", name, function)

int suite_overlap(void)
{
	const struct CMUnitTest tests[] = {
		OVERLAP("a reset waits for the end of an opening",
			reset_while_opened),
		OVERLAP("a reset waits for the end of a closing",
			reset_while_closed),
		OVERLAP("an opening waits for the end of a reset",
			opened_while_reset),
		OVERLAP("a closing waits for the end of a reset",
			closed_while_reset),
		OVERLAP("recovery gives up on an opening, the next makes up for it",
			fails_while_opened),
		OVERLAP("recovery gives up on a reset, which makes up for it",
			fails_while_reset),
		OVERLAP("a fatal error revokes before the link is reset",
			revoked_before_link_reset),
		OVERLAP("a link's reset revokes what was mapped during recovery",
			opened_before_link_reset),
	};
	const struct CMUnitTest notifies[] = {
		OVERLAP("a link's reset waits for importers to be notified",
			notified_late),
	};
	int failed = run_group("overlap", tests);

	return expects(hears_of_errors) ?
		       failed + run_group("overlap", notifies) : failed;
}
