// SPDX-License-Identifier: GPL-2.0-only
/*
 * Importers that pin, as RDMA drivers do which cannot be told to let go, and
 * pinned_importers=hold, with which they are accepted.
 */
#include <stdio.h>

#include "actor.h"
#include "bench.h"
#include "suites.h"
#include "victim.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX

/* Nobody waits for a pinned importer, so even a slow guest needs less. */
#define AT_ONCE_MS 5000

static const char *memory(void)
{
	return bench_find(IVSHMEM, 0);
}

static int pin(int buffer)
{
	int importer = bench_importer(bench_find(EDU, 0));

	assert_ok(importer_attach_as(importer, buffer, DVP_IMPORTER_PINNED, 0));
	assert_true(importer_is_mapped(importer));
	return importer;
}

static int import(int buffer)
{
	int importer = bench_importer(bench_find(EDU, 1));

	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
	return importer;
}

/* The importer writes what depends on @seed into the first page. */
static void send(int importer, unsigned int seed)
{
	uint8_t data[512];

	bench_pattern(data, sizeof(data), seed);
	assert_ok(importer_write(importer, 0, data, sizeof(data)));
}

/* Whether it has arrived. */
static bool arrived(struct vfio *vfio, unsigned int seed)
{
	uint8_t data[512], got[512];

	bench_pattern(data, sizeof(data), seed);
	assert_ok(vfio_read(vfio, BAR2, 0, got, sizeof(got)));
	return !memcmp(got, data, sizeof(got));
}

static void refused(void **state)
{
	int buffer = bench_export(bench_open_memory(), BAR2, 0, PAGE);
	int importer = bench_importer(bench_find(EDU, 0));
	char text[4096];

	(void)state;
	assert_error(importer_attach_as(importer, buffer, DVP_IMPORTER_PINNED,
					0), EOPNOTSUPP);
	assert_ok(bench_debugfs(memory(), "state", text, sizeof(text)));
	assert_non_null(strstr(text, "pinned_importers=hold"));
	import(buffer);
}

static void other_values(void **state)
{
	(void)state;
	assert_error(bench_reload("pinned_importers=perhaps"), EINVAL);
	assert_ok(bench_reload("pinned_importers=refuse"));
}

static void accepted(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = pin(bench_export(vfio, BAR2, 0, MIB));

	(void)state;
	send(importer, 1);
	assert_true(arrived(vfio, 1));
}

/* What is written meanwhile is lost; the mapping is as good as before. */
static void off_goes_ahead(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, MIB);
	int pinned = pin(buffer), dynamic = import(buffer);
	long long start = bench_now_ms();

	(void)state;
	send(pinned, 1);
	bench_decoding(vfio, false);
	assert_in_range(bench_now_ms() - start, 0, AT_ONCE_MS);
	assert_true(importer_is_mapped(pinned));
	assert_false(importer_is_mapped(dynamic));
	assert_error(importer_map(dynamic), ENODEV);
	send(pinned, 2);
	bench_decoding(vfio, true);
	assert_true(arrived(vfio, 1));

	send(pinned, 3);
	assert_true(arrived(vfio, 3));
	assert_ok(importer_map(dynamic));
	send(dynamic, 4);
	assert_true(arrived(vfio, 4));
}

static void reset_goes_ahead(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, MIB);
	int pinned = pin(buffer), dynamic = import(buffer);
	long long start = bench_now_ms();

	(void)state;
	assert_ok(device_write_attr(memory(), "reset", "1"));
	assert_in_range(bench_now_ms() - start, 0, AT_ONCE_MS);
	assert_false(importer_is_mapped(dynamic));
	bench_decoding(vfio, true);
	send(pinned, 1);
	assert_true(arrived(vfio, 1));
}

/* Whoever revokes it for good learns that one importer has stayed, and the log which. */
static void ended(void **state)
{
	static const char *const words[] = {
		"revoked for good:", "which the driver has pinned", NULL,
	};
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, MIB);
	int pinned = pin(buffer), dynamic = import(buffer);
	struct dmabuf_vfio_pci_feature_revoke revoke = { .dmabuf_fd = buffer };
	const uint32_t set = VFIO_DEVICE_FEATURE_SET |
			     DMABUF_VFIO_PCI_FEATURE_REVOKE;
	int klog = bench_keep(assert_ok(klog_open_end()));

	(void)state;
	assert_error(vfio_feature(vfio, set, &revoke, sizeof(revoke)), EBUSY);
	assert_true(importer_is_mapped(pinned));
	assert_false(importer_is_mapped(dynamic));
	assert_error(importer_map(dynamic), ENODEV);
	assert_int_equal(klog_count(klog, words), 1);
	bench_decoding(vfio, false);
	bench_decoding(vfio, true);
	assert_error(importer_map(dynamic), ENODEV);
	assert_error(vfio_feature(vfio, set, &revoke, sizeof(revoke)), EBUSY);
	assert_ok(importer_unmap(pinned));
	assert_ok(vfio_feature(vfio, set, &revoke, sizeof(revoke)));
	assert_error(vfio_feature(vfio, set, &revoke, sizeof(revoke)), EBADFD);
}

/* A dynamic importer of the same buffer is waited for as ever. */
static void dynamic_waited_for(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, MIB), pinned = pin(buffer);
	int dynamic = bench_importer(bench_find(EDU, 1));
	struct actor actor = { .act = act_off, .vfio = vfio };

	(void)state;
	assert_ok(importer_attach_as(dynamic, buffer, DVP_IMPORTER_REVOCABLE,
				     DVP_IMPORTER_UNTIL_CALL));
	assert_ok(importer_map(dynamic));
	actor_start(&actor);
	wait_until(importer_notifications(dynamic) == 1 &&
		   task_sleeps(actor.tid));
	/* That of the pinned one is not the one that is waited for. */
	assert_ok(importer_unmap(pinned));
	usleep(500000);
	assert_false(actor.done);
	assert_ok(importer_unmap(dynamic));
	actor_join(&actor);
	assert_ok(actor.result);
}

/* Pinned after it was mapped, and revocable again when it has unpinned. */
static void pinned_late(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = bench_importer(bench_find(EDU, 0));
	struct actor actor = { .act = act_off, .vfio = vfio };

	(void)state;
	assert_ok(importer_attach_as(importer, bench_export(vfio, BAR2, 0, PAGE),
				     DVP_IMPORTER_REVOCABLE,
				     DVP_IMPORTER_UNTIL_CALL));
	assert_ok(importer_map(importer));
	assert_ok(importer_pin(importer));
	/* The newest kernels know that it obeys even so. */
	if (expect_kernel()->pins != PINS_ALLOWED) {
		bench_decoding(vfio, false);
		assert_true(importer_is_mapped(importer));
		bench_decoding(vfio, true);
	}
	assert_ok(importer_unpin(importer));
	actor_start(&actor);
	wait_until(importer_notifications(importer) && task_sleeps(actor.tid));
	usleep(500000);
	assert_false(actor.done);
	assert_ok(importer_unmap(importer));
	actor_join(&actor);
	assert_ok(actor.result);
}

static void assert_busy(void)
{
	struct vfio vfio;

	assert_error(vfio_open(&vfio, memory()), EBUSY);
}

static bool shows(const char *file, const char *word)
{
	char text[4096];

	assert_ok(bench_debugfs(memory(), file, text, sizeof(text)));
	return strstr(text, word);
}

/* The next user, who sees nothing of the importer. */
static void assert_free(int importer)
{
	struct vfio *vfio = bench_open_memory();

	assert_false(importer_is_mapped(importer));
	assert_true(shows("state", "open yes"));
	assert_false(shows("buffers", "buffer"));
	bench_close(vfio);
}

static void quarantined(void **state)
{
	const char *const words[] = {
		memory(), "open refused", bench_find(EDU, 0), "dvp_importer",
		"1 mapping(s)", "has pinned", "(suites)", NULL
	};
	int klog = bench_keep(assert_ok(klog_open_end()));
	struct vfio *vfio = bench_open_memory();
	int importer = pin(bench_export(vfio, BAR2, 0, MIB));
	long long start = bench_now_ms();

	(void)state;
	bench_close(vfio);
	assert_in_range(bench_now_ms() - start, 0, AT_ONCE_MS);
	assert_true(importer_is_mapped(importer));
	assert_busy();
	assert_int_equal(klog_count(klog, words), 1);
	assert_true(shows("state", "quarantined yes"));
	assert_true(shows("buffers", "state quarantined"));
	assert_true(shows("buffers", bench_find(EDU, 0)));

	assert_ok(importer_unmap(importer));
	assert_true(shows("state", "quarantined no"));
	assert_free(importer);
}

static void free_after_detach(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = pin(bench_export(vfio, BAR2, 0, MIB));

	(void)state;
	bench_close(vfio);
	assert_busy();
	assert_ok(importer_detach(importer));
	assert_free(importer);
}

static void of_several(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int first = pin(bench_export(vfio, BAR2, 0, PAGE));
	int second = pin(bench_export(vfio, BAR2, MIB, PAGE));
	int dynamic = import(bench_export(vfio, BAR2, 2 * MIB, PAGE));

	(void)state;
	bench_close(vfio);
	assert_false(importer_is_mapped(dynamic));
	assert_ok(importer_unmap(first));
	assert_busy();
	assert_ok(importer_unmap(second));
	assert_free(second);
}

static void read_resources(char text[1024])
{
	assert_ok(device_read_attr(memory(), "resource", text, 1024));
}

/* Neither what is done to the PCI bus nor the importer's writes reach others. */
static void reaches_nobody_else(void **state)
{
	struct vfio *vfio = bench_open_memory(), *other;
	int importer = pin(bench_export(vfio, BAR2, 0, MIB));
	char before[1024], after[1024];
	uint8_t zeros[512] = { 0 };

	(void)state;
	read_resources(before);
	bench_close(vfio);
	other = bench_open(bench_find(IVSHMEM, 1));
	assert_ok(vfio_write(other, BAR2, 0, zeros, sizeof(zeros)));
	send(importer, 1);
	assert_ok(device_write_attr(memory(), "reset", "1"));
	send(importer, 2);
	assert_ok(write_file("/sys/bus/pci/rescan", "1"));
	send(importer, 3);
	read_resources(after);
	assert_string_equal(after, before);
	assert_false(arrived(other, 1) || arrived(other, 2) ||
		     arrived(other, 3));

	assert_busy();
	assert_ok(importer_unmap(importer));
	vfio = bench_open_memory();
	assert_ok(vfio_write(vfio, BAR2, 0, zeros, sizeof(zeros)));
	assert_error(importer_write(importer, 0, zeros, 1), ENODEV);
	assert_false(arrived(vfio, 1) || arrived(vfio, 2) || arrived(vfio, 3));
	import(bench_export(vfio, BAR2, 0, PAGE));
}

static void unbind_waits(void **state)
{
	const char *const words[] = {
		memory(), "waiting to unbind", bench_find(EDU, 0), NULL
	};
	struct actor actor = { .act = act_unbind, .bdf = memory() };
	int klog = bench_keep(assert_ok(klog_open_end()));
	struct vfio *vfio = bench_open_memory();
	int importer = pin(bench_export(vfio, BAR2, 0, MIB));

	(void)state;
	bench_close(vfio);
	actor_start(&actor);
	wait_until(klog_count(klog, words));
	assert_false(actor.done);
	assert_ok(importer_unmap(importer));
	actor_join(&actor);
	assert_ok(actor.result);
	bench_open_memory();
}

static void module_stays(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, MIB), importer = pin(buffer);

	(void)state;
	bench_close(vfio);
	bench_drop(buffer);
	assert_error(module_unload(expect()->module), EAGAIN);
	assert_ok(importer_detach(importer));
	assert_free(importer);
}

static void killed(void **state)
{
	struct victim_plan plan = { .kind = DVP_IMPORTER_PINNED };
	size_t i;

	(void)state;
	for (i = 0; i < VICTIM_ORDERS; i++) {
		memcpy(plan.order, victim_orders[i], sizeof(plan.order));
		victim_kill(victim_start(&plan));
	}
}

#define PINNED(name, function) TEST("pinned", name, function)

static int load_holding(void **state)
{
	(void)state;
	return bench_reload("pinned_importers=hold");
}

static int load_as_ever(void **state)
{
	(void)state;
	return bench_reload("");
}

int suite_pinned(void)
{
	const struct CMUnitTest refuse[] = {
		PINNED("an importer that pins is refused, with what accepts it",
		       refused),
		TEST_RELOADS("pinned", "pinned_importers has two values",
			     other_values),
	};
	const struct CMUnitTest hold[] = {
		PINNED("an importer that pins moves bytes", accepted),
		PINNED("decoding off does not wait for a pinned importer",
		       off_goes_ahead),
		PINNED("a reset does not wait for a pinned importer",
		       reset_goes_ahead),
		PINNED("a buffer revoked for good keeps a pinned importer alone",
		       ended),
		PINNED("a dynamic importer beside a pinned one is waited for",
		       dynamic_waited_for),
		PINNED("an importer is waited for when it has unpinned",
		       pinned_late),
		PINNED("a closed device is in quarantine until it is unmapped",
		       quarantined),
		PINNED("a quarantine ends with a detach", free_after_detach),
		PINNED("a quarantine lasts until the last one unmaps",
		       of_several),
		PINNED("a quarantined device stays where it is",
		       reaches_nobody_else),
		PINNED("unbinding waits for a pinned importer, and says so",
		       unbind_waits),
		PINNED("the module stays as long as a pinned importer",
		       module_stays),
		PINNED("a process with a pinned importer can be killed, in any order",
		       killed),
	};
	int failed = 0;

	if (!expects(quarantines))
		return 0;
	failed += run_group("pinned", refuse);
	failed += cmocka_run_group_tests_name("pinned", hold, load_holding,
					      load_as_ever);
	return failed;
}
