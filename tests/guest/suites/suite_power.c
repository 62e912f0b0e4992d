// SPDX-License-Identifier: GPL-2.0-only
/* A device that sleeps does not answer, so nobody may reach its memory. */
#include <poll.h>
#include <sys/eventfd.h>

#include "events.h"
#include "suites.h"

static const struct place nvme = PLACE_NVME;
static const struct place e1000e = PLACE_E1000E;

/*
 * Writes the power state, in a write of @size bytes that starts @before bytes
 * ahead of PMCSR and changes nothing else.
 */
static void write_state(struct vfio *vfio, uint16_t state, unsigned int before,
			size_t size)
{
	unsigned int pmcsr = find_capability(vfio, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	uint8_t bytes[64];

	assert_ok(vfio_read(vfio, CONFIG, pmcsr - before, bytes, size));
	bytes[before] = (bytes[before] & ~PCI_PM_CTRL_STATE_MASK) | state;
	assert_ok(vfio_write(vfio, CONFIG, pmcsr - before, bytes, size));
}

static void set_state(struct vfio *vfio, uint16_t state)
{
	write_state(vfio, state, 0, 2);
}

#define D0	0
#define D1	1
#define D2	2
#define D3HOT	3

static void sleeps_and_wakes(void **state)
{
	struct subject subject;

	subject_open(&subject, *state);
	set_state(subject.vfio, D3HOT);
	subject_is_revoked(&subject, 1);
	subject_answered(&subject, 0);
	set_state(subject.vfio, D0);
	subject_is_restored(&subject, 2);
	subject_answered(&subject, 1);
}

/* Alone, or in a write that begins ahead of the register or goes beyond. */
static const struct {
	unsigned int before;
	size_t size;
} writes[] = {
	{ 0, 1 },
	{ 0, 2 },
	{ 0, 4 },
	{ 1, 2 },
	{ 1, 5 },
	{ 2, 3 },
	{ 2, 6 },
	{ 4, 8 },
};

static void any_width(void **state)
{
	struct subject subject;
	unsigned int i;

	(void)state;
	subject_open(&subject, &nvme);
	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		write_state(subject.vfio, D3HOT, writes[i].before,
			    writes[i].size);
		subject_is_revoked(&subject, 2 * i + 1);
		write_state(subject.vfio, D0, writes[i].before, writes[i].size);
		subject_is_restored(&subject, 2 * i + 2);
	}
}

static void stays_awake(void **state)
{
	struct subject subject;
	unsigned int i;

	(void)state;
	subject_open(&subject, &nvme);
	for (i = 0; i < ARRAY_SIZE(writes); i++)
		write_state(subject.vfio, D0, writes[i].before, writes[i].size);
	subject_is_untouched(&subject, 0);
}

static void stays_asleep(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	set_state(subject.vfio, D3HOT);
	set_state(subject.vfio, D3HOT);
	subject_is_revoked(&subject, 1);
}

static void both_reasons(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	bench_decoding(subject.vfio, false);
	set_state(subject.vfio, D3HOT);
	set_state(subject.vfio, D0);
	subject_is_revoked(&subject, 1);
	set_state(subject.vfio, D3HOT);
	bench_decoding(subject.vfio, true);
	subject_is_revoked(&subject, 1);
	set_state(subject.vfio, D0);
	subject_is_restored(&subject, 2);
}

/*
 * No emulated device has them and goes there. nvme goes where it is sent before QEMU 10;
 * since then PMCSR does not take what the device does not have.
 */
static void have_d1d2(bool have)
{
	int importer = bench_importer("platform");

	assert_ok(importer_pretend(importer, bench_find(NVME, 0), have, 0));
	bench_drop(importer);
}

static int no_d1d2(void **state)
{
	bench_teardown(state);
	have_d1d2(false);
	return bench_teardown(state);
}

static const uint16_t d1 = D1, d2 = D2;

/* The core takes only D3hot for sleep, and so does the in-tree driver. */
static void light_sleep(void **state)
{
	const uint16_t light = *(const uint16_t *)*state;
	struct subject subject;

	have_d1d2(true);
	subject_open(&subject, &nvme);
	set_state(subject.vfio, light);
	if (!expects(sleeps_in_d1)) {
		subject_is_untouched(&subject, 0);
		return;
	}
	subject_is_revoked(&subject, 1);
	subject_answered(&subject, 0);
	set_state(subject.vfio, D0);
	subject_is_restored(&subject, 2);
	subject_answered(&subject, 1);

	set_state(subject.vfio, light);
	set_state(subject.vfio, D3HOT);
	subject_is_revoked(&subject, 3);
	set_state(subject.vfio, D0);
	subject_is_restored(&subject, 4);
}

static void no_light_sleep(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	set_state(subject.vfio, D1);
	set_state(subject.vfio, D2);
	subject_is_untouched(&subject, 0);
}

static void export_asleep(void **state)
{
	struct vfio *vfio = bench_open(bench_find(NVME, 0));
	int importer = bench_importer(bench_find(EDU, 0)), buffer;

	(void)state;
	set_state(vfio, D3HOT);
	buffer = bench_export(vfio, 2, 0, PAGE);
	assert_error(importer_attach(importer, buffer), ENODEV);
	set_state(vfio, D0);
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
}

static void closed_asleep(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	set_state(subject.vfio, D3HOT);
	bench_close(subject.vfio);
	bench_open(subject.bdf);
	subject_is_revoked(&subject, 1);
}

static int low_power(struct vfio *vfio, uint32_t feature)
{
	return vfio_feature(vfio, VFIO_DEVICE_FEATURE_SET | feature, NULL, 0);
}

static int low_power_wakeup(struct vfio *vfio, int eventfd)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = eventfd,
	};

	return vfio_feature(vfio, VFIO_DEVICE_FEATURE_SET |
			    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			    &entry, sizeof(entry));
}

static bool has_status(const char *bdf, const char *status)
{
	char text[32];

	return !device_read_attr(bdf, "power/runtime_status", text,
				 sizeof(text)) && !strcmp(text, status);
}

static void enter_and_exit(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	subject_is_revoked(&subject, 1);
	subject_answered(&subject, 0);
	wait_until(has_status(subject.bdf, "suspended"));
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	subject_is_restored(&subject, 2);
	subject_answered(&subject, 1);
}

/* The call that exports wakes it, too; only the in-tree driver falls for that. */
static void export_in_low_power(void **state)
{
	int importer = bench_importer(bench_find(EDU, 1)), buffer;
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	buffer = bench_export(subject.vfio, subject.place.bar, 0, PAGE);
	if (expects(revoked_asleep))
		assert_error(importer_attach(importer, buffer), ENODEV);
	else
		assert_ok(importer_attach(importer, buffer));
	importer_detach(importer);
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
}

/* A call wakes the device for its own sake; then it sleeps on. */
static void calls_do_not_restore(void **state)
{
	struct vfio_region_info info;
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	wait_until(has_status(subject.bdf, "suspended"));
	assert_ok(vfio_region(subject.vfio, 0, &info));
	subject_is_revoked(&subject, 1);
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	subject_is_restored(&subject, 2);
}

static void second_entry(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	assert_error(low_power(subject.vfio,
			       VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), EINVAL);
	subject_is_revoked(&subject, 1);
}

/* A probe asks, and changes nothing. */
static void probe(void **state)
{
	static const uint32_t features[] = {
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
		VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
	};
	struct subject subject;
	unsigned int i;

	(void)state;
	subject_open(&subject, &nvme);
	for (i = 0; i < ARRAY_SIZE(features); i++)
		assert_ok(low_power(subject.vfio, VFIO_DEVICE_FEATURE_PROBE |
				    features[i]));
	subject_is_untouched(&subject, 0);
}

/* An entry that the core refuses may tell importers, but takes nothing. */
static void refused(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	assert_error(low_power_wakeup(subject.vfio, 1000), EBADF);
	if (!importer_is_mapped(subject.importer))
		assert_ok(importer_map(subject.importer));
	subject_is_untouched(&subject,
			     importer_notifications(subject.importer));
}

static int new_eventfd(void)
{
	return bench_keep(assert_ok(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
}

static bool signalled(int event)
{
	struct pollfd ready = { .fd = event, .events = POLLIN };

	return poll(&ready, 1, 0) == 1;
}

static void fall_asleep(struct subject *subject, int event)
{
	subject_open(subject, &nvme);
	assert_ok(low_power_wakeup(subject->vfio, event));
	wait_until(has_status(subject->bdf, "suspended"));
	subject_is_revoked(subject, 1);
	assert_false(signalled(event));
}

static void wakeup_exit(void **state)
{
	int event = new_eventfd();
	struct subject subject;

	(void)state;
	fall_asleep(&subject, event);
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	subject_is_restored(&subject, 2);
}

/* The in-tree driver restores when memory is switched on the next time. */
static void is_awake(struct subject *subject)
{
	if (!expects(hears_of_waking)) {
		subject_is_revoked(subject, 1);
		bench_decoding(subject->vfio, false);
		bench_decoding(subject->vfio, true);
	}
	subject_went_and_came(subject);
	subject_answered(subject, 1);
}

/* Any call ends this low-power state. */
static void wakeup_by_call(void **state)
{
	int event = new_eventfd();
	struct vfio_region_info info;
	struct subject subject;

	(void)state;
	fall_asleep(&subject, event);
	assert_ok(vfio_region(subject.vfio, 0, &info));
	assert_true(signalled(event));
	is_awake(&subject);
}

/* So does the administrator, and so would the device. */
static void wakeup_from_outside(void **state)
{
	int event = new_eventfd();
	struct subject subject;

	(void)state;
	fall_asleep(&subject, event);
	assert_ok(device_write_attr(subject.bdf, "power/control", "on"));
	wait_until(signalled(event));
	is_awake(&subject);
	assert_ok(device_write_attr(subject.bdf, "power/control", "auto"));
}

static void asleep_with_memory_off(void **state)
{
	int event = new_eventfd();
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	bench_decoding(subject.vfio, false);
	assert_ok(low_power_wakeup(subject.vfio, event));
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	subject_is_revoked(&subject, 1);
	bench_decoding(subject.vfio, true);
	subject_is_restored(&subject, 2);
}

static void closed_in_low_power(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	assert_ok(low_power(subject.vfio,
			    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	bench_close(subject.vfio);
	subject_is_revoked(&subject, 1);
	subject_open(&subject, &nvme);
}

/* Every register of the header is written, and memory stays on. */
static void header(void **state)
{
	static const unsigned int starts[] = { 0, 1, 2, 3, PCI_COMMAND };
	struct subject subject;
	uint8_t bytes[64];
	unsigned int i;

	(void)state;
	subject_open(&subject, &nvme);
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		assert_ok(vfio_read(subject.vfio, CONFIG, starts[i], bytes,
				    64 - starts[i]));
		bytes[PCI_COMMAND + 1 - starts[i]] ^=
			PCI_COMMAND_INTX_DISABLE >> 8;
		assert_ok(vfio_write(subject.vfio, CONFIG, starts[i], bytes,
				     64 - starts[i]));
	}
	subject_is_untouched(&subject, 0);
}

#define TEST_DELAY "/sys/module/suspend/parameters/pm_test_delay"

/* Suspends all devices and resumes them at once; the system itself stays up. */
static int suspend_devices(void)
{
	int ret;

	assert_ok(write_file(TEST_DELAY, "0"));
	assert_ok(write_file("/sys/power/pm_test", "devices"));
	ret = write_file("/sys/power/state", "freeze");
	assert_ok(write_file("/sys/power/pm_test", "none"));
	return ret;
}

static void system_sleep(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	assert_ok(suspend_devices());
	subject_went_and_came(&subject);
}

/* Longer than the driver waits. */
static void system_sleep_refused(void **state)
{
	struct subject subject = { .place = nvme };

	(void)state;
	subject.bdf = bench_find(nvme.kind, nvme.nth);
	subject_import(&subject, bench_open(subject.bdf), 4000);
	assert_error(suspend_devices(), EBUSY);
	assert_true(importer_is_mapped(subject.importer));
	subject_went_and_came(&subject);
}

#define POWER(name, function) TEST("power", name, function)
#define POWER_WITH(name, function, data) TEST_WITH("power", name, function, data)
#define LIGHT(name, light) \
	{ "power: " name, light_sleep, bench_setup, no_d1d2, (void *)(light) }

int suite_power(void)
{
	const struct CMUnitTest tests[] = {
		POWER_WITH("D3hot revokes, and D0 restores",
			   sleeps_and_wakes, &nvme),
		POWER_WITH("D3hot revokes registers, too",
			   sleeps_and_wakes, &e1000e),
		LIGHT("D1 revokes, and D0 restores", &d1),
		LIGHT("D2 revokes, and D0 restores", &d2),
		POWER("a state that the device has not got takes nothing away",
		      no_light_sleep),
		POWER("the power state counts in writes of any width",
		      any_width),
		POWER("writing D0 in D0 leaves the mapping alone",
		      stays_awake),
		POWER("who sleeps already tells nobody", stays_asleep),
		POWER("memory off and D3hot must both go", both_reasons),
		POWER("a buffer exported in D3hot works from D0 on",
		      export_asleep),
		POWER("a buffer closed in D3hot stays dead", closed_asleep),
		POWER("low power revokes, and its exit restores",
		      enter_and_exit),
		POWER("calls in low power do not restore",
		      calls_do_not_restore),
		POWER("a buffer exported in low power works after the exit",
		      export_in_low_power),
		POWER("a second entry changes nothing", second_entry),
		POWER("probing low power leaves the mapping alone", probe),
		POWER("an entry that fails takes nothing away", refused),
		POWER("low power with wake-up ends by its exit", wakeup_exit),
		POWER("low power with wake-up ends by any call",
		      wakeup_by_call),
		POWER("low power with wake-up ends from outside",
		      wakeup_from_outside),
		POWER("low power with memory off stays revoked at the exit",
		      asleep_with_memory_off),
		POWER("a device is closed in low power", closed_in_low_power),
		POWER("a header written with memory on leaves it alone",
		      header),
	};

	/*
	 * The in-tree driver lets the device sleep with its mappings.  The debug
	 * kernels cannot sleep.
	 */
	const struct CMUnitTest ours[] = {
		POWER("system sleep revokes, and its end restores",
		      system_sleep),
		POWER("system sleep is refused while a mapping is left",
		      system_sleep_refused),
	};
	int failed;

	failed = run_group("power", tests);
	if (expects(hears_of_resets) && !access(TEST_DELAY, W_OK))
		failed += run_group("power", ours);
	return failed;
}
