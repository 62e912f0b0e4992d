// SPDX-License-Identifier: GPL-2.0-only
/* A machine whose host bridge does not forward from peer to peer. */
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
	if (expect()->no_path_attach) {
		assert_error(ret, expect()->no_path_attach);
	} else {
		assert_ok(ret);
		assert_error(importer_map(importer), expect()->no_path_map);
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

#define NOROUTE(name, function) TEST("noroute", name, function)

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
	int failed;

	failed = run_group("noroute", tests);
	if (expect()->says_no_path)
		failed += run_group("noroute", says);
	return failed;
}
