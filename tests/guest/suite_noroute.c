// SPDX-License-Identifier: GPL-2.0-only
/* A machine whose host bridge does not forward from peer to peer. */
#include <stdio.h>

#include "bench.h"
#include "suites.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

static int export_page(void)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));

	return bench_export(vfio, BAR2, 0, PAGE);
}

static void refused(void **state)
{
	int buffer = export_page();
	int importer = bench_importer(bench_find(EDU, 0));
	int ret = importer_attach(importer, buffer);

	(void)state;
	if (expects(no_path_attach)) {
		assert_error(ret, expects(no_path_attach));
	} else {
		assert_ok(ret);
		assert_error(importer_map(importer), expects(no_path_map));
		assert_false(importer_is_mapped(importer));
	}
}

static void explained(void **state)
{
	const char *const words[] = {
		"peer-to-peer", bench_find(IVSHMEM, 0), bench_find(EDU, 0), NULL
	};
	int importer = bench_importer(bench_find(EDU, 0));
	int buffer = export_page();
	int klog;

	(void)state;
	/* The limit on such lines counts in spans of five seconds. */
	sleep(6);
	klog = bench_keep(assert_ok(klog_open_end()));
	importer_attach(importer, buffer);
	assert_int_equal(klog_count(klog, words), 1);
}

static void limited(void **state)
{
	const char *const words[] = { "peer-to-peer", NULL };
	int importer = bench_importer(bench_find(EDU, 0));
	int klog = bench_keep(assert_ok(klog_open_end()));
	int buffer = export_page(), i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		if (!importer_attach(importer, buffer))
			assert_ok(importer_detach(importer));
	}
	assert_in_range(klog_count(klog, words), 0, 50);
}

/* The device itself works as ever. */
static void rest_works(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	uint8_t *memory = bench_mmap(vfio, BAR2);
	uint8_t byte = 0;

	(void)state;
	bench_export(vfio, BAR2, 0, PAGE);
	memory[5] = 0x5a;
	assert_ok(vfio_read(vfio, BAR2, 5, &byte, 1));
	assert_int_equal(byte, 0x5a);
}

/* What the machine's host bridge, q35's, is called by p2p_host_bridges=. */
#define HOST_BRIDGE "8086:29c0"

#define TAINT_USER 0x40

static unsigned long taint_flags(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");
	unsigned long flags = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &flags), 1);
	fclose(file);
	return flags;
}

/* Whether the importer reaches the device, as the bytes say. */
static bool reaches(const char *options)
{
	int importer = bench_importer(bench_find(EDU, 0));
	const uint8_t byte = 0xa5;
	struct vfio *vfio;
	uint8_t *memory;
	int ret;

	assert_ok(bench_reload(options));
	vfio = bench_open(bench_find(IVSHMEM, 0));
	memory = bench_mmap(vfio, BAR2);
	memory[7] = 0;
	ret = importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE));
	if (ret) {
		assert_error(ret, EINVAL);
		return false;
	}
	assert_ok(importer_map(importer));
	assert_ok(importer_write(importer, 7, &byte, 1));
	assert_int_equal(memory[7], byte);
	return true;
}

static void trusted(void **state)
{
	(void)state;
	assert_true(reaches("p2p_host_bridges=" HOST_BRIDGE));
}

static void trusted_same(void **state)
{
	(void)state;
	assert_true(reaches("p2p_host_bridges=1234:5678," HOST_BRIDGE ":same"));
}

static void trusted_other(void **state)
{
	(void)state;
	assert_false(reaches("p2p_host_bridges=8086:29c1"));
}

static void trust_said(void **state)
{
	const char *const words[] = { "host bridge " HOST_BRIDGE, NULL };
	int klog = bench_keep(assert_ok(klog_open_end()));

	(void)state;
	/* A taint stays, so this is the first test that trusts anything. */
	assert_false(taint_flags() & TAINT_USER);
	assert_ok(bench_reload("p2p_host_bridges=" HOST_BRIDGE));
	assert_int_equal(klog_count(klog, words), 1);
	assert_true(taint_flags() & TAINT_USER);
}

static void bad_syntax(void **state)
{
	static const char *const bad[] = {
		"8086", "8086:", ":29c0", "8086:29c0:", "8086:29c0:other",
		"8086:29c0,", "8086:29c0;8086:29c1", "0:29c0", "8086:xyz",
		"80861:29c0", "8086:29c01",
	};
	const char *const words[] = { "p2p_host_bridges=", "VVVV:DDDD", NULL };
	char option[64];
	unsigned int i;
	int klog;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		klog = bench_keep(assert_ok(klog_open_end()));
		snprintf(option, sizeof(option), "p2p_host_bridges=%s", bad[i]);
		assert_error(bench_reload(option), EINVAL);
		if (klog_count(klog, words) != 1)
			fail_msg("nothing in the log on %s", option);
	}
}

#define NOROUTE(name, function) TEST("noroute", name, function)
#define NOROUTE_RELOADS(name, function) \
	TEST_RELOADS("noroute", name, function)

int suite_noroute(void)
{
	const struct CMUnitTest tests[] = {
		NOROUTE("an importer without a path is refused", refused),
		NOROUTE("a thousand refusals do not flood the log", limited),
		NOROUTE("the device works but for importers", rest_works),
	};
	const struct CMUnitTest says[] = {
		NOROUTE("one line names both devices and says why",
			explained),
	};
	const struct CMUnitTest trusts[] = {
		NOROUTE_RELOADS("trust is logged and taints", trust_said),
		NOROUTE_RELOADS("a host bridge that p2p_host_bridges= trusts forwards",
				trusted),
		NOROUTE_RELOADS("trust below the same host bridge counts there",
				trusted_same),
		NOROUTE_RELOADS("trust in another host bridge does not",
				trusted_other),
		NOROUTE_RELOADS("bad p2p_host_bridges= refuses to load and says how",
				bad_syntax),
	};
	int failed;

	failed = run_group("noroute", tests);
	if (expects(says_no_path)) {
		failed += run_group("noroute", says);
		failed += run_group("noroute", trusts);
	}
	return failed;
}
