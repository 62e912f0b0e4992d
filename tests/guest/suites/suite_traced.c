// SPDX-License-Identifier: GPL-2.0-only
/* What the driver traces: each step of a buffer's life, and what is refused. */
#include <stdio.h>

#include "bench.h"
#include "inside.h"
#include "suites.h"
#include "tracing.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

/* Each is counted, and both tell whom and why. */
static void assert_refused(unsigned int number, const char *importer,
			   const char *why)
{
	char words[1200];

	assert_int_equal(inside_number("refusals"), number);
	snprintf(words, sizeof(words), "%s%s%s", importer ? importer : "",
		 importer ? ": " : "", why);
	assert_string_equal(inside_state("last_refusal"), words);
	assert_int_equal(tracing_count("dvp_refuse"), number);
	snprintf(words, sizeof(words), "device=%s importer=%s why=%s", inside_memory,
		 importer ? importer : "-", why);
	assert_string_equal(tracing_last("dvp_refuse"), words);
}

static void exports_refused(void **state)
{
	struct {
		struct vfio_device_feature_dma_buf get;
		struct vfio_region_dma_range range;
	} call = { .get.region_index = 7, .get.nr_ranges = 1 };
	const uint32_t get = VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_DMA_BUF;
	struct vfio *vfio = bench_open(inside_memory);

	(void)state;
	assert_error(vfio_feature(vfio, get, &call, sizeof(call)), ENODEV);
	assert_refused(1, NULL, "region 7 is not a memory BAR of the device");
	call.get.nr_ranges = 0;
	assert_error(vfio_feature(vfio, get, &call, sizeof(call)), EINVAL);
	assert_refused(2, NULL, "invalid request: nr_ranges must not be 0");
	assert_error(vfio_export_range(vfio, BAR2, 0x3ff000, 2 * PAGE), EINVAL);
	assert_refused(3, NULL,
		       "range 0 of BAR 2: offset 0x3ff000, length 0x2000: empty, not page aligned, or beyond the BAR (0x400000 bytes)");
	assert_int_equal(inside_number("exports"), 0);
}

static void attaches_refused(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importer = bench_importer(inside_engine);

	(void)state;
	assert_error(importer_attach_as(importer, buffer, DVP_IMPORTER_NO_PEER,
					0), EOPNOTSUPP);
	assert_refused(1, inside_engine,
		       "its driver does not allow peer-to-peer (allow_peer2peer)");
	bench_decoding(vfio, false);
	assert_error(importer_attach(importer, buffer), ENODEV);
	assert_refused(2, inside_engine, "the buffer is revoked: disabled");
	bench_close(vfio);
	assert_error(importer_attach(importer, buffer), ENODEV);
	assert_refused(3, inside_engine, "the buffer is revoked: closed");
	/* The next user's memory is there, and it is another one. */
	bench_open(inside_memory);
	assert_error(importer_attach(importer, buffer), ENODEV);
	assert_refused(4, inside_engine, "the buffer is revoked: closed");
}

/* The sentence is that of the log, which has a limit, and this has not. */
static void no_way_refused(void **state)
{
	static const char why[] =
		"no peer-to-peer path from dvp_importer: it is not a PCI device nor below one";
	struct vfio *vfio = bench_open(inside_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int klog = bench_keep(assert_ok(klog_open_end()));
	int importer = bench_importer("platform");
	const char *const words[] = { inside_memory, why, NULL };
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_error(importer_attach(importer, buffer), EINVAL);
	assert_refused(100, "dvp_importer", why);
	assert_true(klog_count(klog, words) < 100);
}

static void maps_refused(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int importer = bench_importer(inside_engine);

	(void)state;
	assert_ok(importer_attach(importer, buffer));
	assert_error(importer_map_own(importer, 99), EOPNOTSUPP);
	assert_refused(1, inside_engine,
		       "version 99 of the list of physical addresses is not supported");
	bench_decoding(vfio, false);
	assert_error(importer_map(importer), ENODEV);
	assert_refused(2, inside_engine, "the buffer is revoked: disabled");
	assert_error(importer_map_own(importer, 1), ENODEV);
	assert_refused(3, inside_engine, "the buffer is revoked: disabled");
}

static int attach_page(void)
{
	struct vfio *vfio = bench_open(inside_memory);
	int importer = bench_importer(inside_engine);

	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE)));
	return importer;
}

static void pins_listed(void **state)
{
	int importer = attach_page();

	(void)state;
	assert_ok(importer_pin(importer));
	assert_ok(importer_pin(importer));
	assert_non_null(strstr(inside_read("buffers"), " pins 2 driver "));
	assert_int_equal(inside_number("refusals"), 0);
}

static void pins_refused(void **state)
{
	int importer = attach_page();

	(void)state;
	/* The first could be the core's own. */
	if (expect_kernel()->pins == PINS_BY_CORE)
		assert_ok(importer_pin(importer));
	assert_error(importer_pin(importer), EOPNOTSUPP);
	assert_refused(1, inside_engine,
		       "its driver pins the buffer, which could not be revoked then (see pinned_importers=hold)");
}

/* What would be for the lack of something that may be there next time. */
static void not_refused(void **state)
{
	struct vfio *vfio = bench_open(inside_memory);
	const uint32_t flags = VFIO_DEVICE_FEATURE_DMA_BUF;
	char byte = 0;

	(void)state;
	assert_error(vfio_feature(vfio, flags | VFIO_DEVICE_FEATURE_SET, &byte,
				  sizeof(byte)), EINVAL);
	assert_ok(vfio_feature(vfio, flags | VFIO_DEVICE_FEATURE_PROBE, &byte,
			       sizeof(byte)));
	assert_int_equal(inside_number("refusals"), 0);
	assert_string_equal(inside_state("last_refusal"), "");
}

/* The last event of that name, of a buffer and the engine. */
static void assert_traced(const char *event, int buffer, const char *more)
{
	char words[256];

	snprintf(words, sizeof(words), "device=%s buffer=%llu importer=%s%s",
		 inside_memory, inside_inode(buffer), inside_engine, more);
	assert_string_equal(tracing_last(event), words);
}

static void all_traced(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ MIB, PAGE }, { 0, PAGE },
	};
	struct vfio *vfio = bench_open(inside_memory);
	int buffer = bench_export_ranges(vfio, BAR2, ranges, 2);
	int importer = bench_importer(inside_engine);
	char words[256];

	(void)state;
	snprintf(words, sizeof(words),
		 "device=%s buffer=%llu bar=2 size=8192 ranges=2", inside_memory,
		 inside_inode(buffer));
	assert_string_equal(tracing_last("dvp_export"), words);
	assert_ok(importer_attach(importer, buffer));
	assert_traced("dvp_attach", buffer, " map=THRU_HOST_BRIDGE");
	assert_ok(importer_map(importer));
	assert_traced("dvp_map", buffer, " as=mapping entries=1");
	assert_ok(importer_unmap(importer));
	assert_traced("dvp_unmap", buffer, " as=mapping entries=1");
	assert_ok(importer_map_own(importer, 1));
	assert_traced("dvp_map", buffer, " as=list entries=2");

	bench_decoding(vfio, false);
	assert_traced("dvp_unmap", buffer, " as=list entries=2");
	snprintf(words, sizeof(words),
		 "device=%s reasons=disabled buffers=1 microseconds=", inside_memory);
	assert_memory_equal(tracing_last("dvp_revoke"), words, strlen(words));
	bench_decoding(vfio, true);
	snprintf(words, sizeof(words), "device=%s buffers=1", inside_memory);
	assert_string_equal(tracing_last("dvp_restore"), words);
	assert_ok(importer_detach(importer));
	assert_traced("dvp_detach", buffer, " map=THRU_HOST_BRIDGE");

	assert_int_equal(tracing_count("dvp_export"), 1);
	assert_int_equal(tracing_count("dvp_attach"), 1);
	assert_int_equal(tracing_count("dvp_map"), 2);
	assert_int_equal(tracing_count("dvp_unmap"), 2);
	assert_int_equal(tracing_count("dvp_revoke"), 1);
	assert_int_equal(tracing_count("dvp_restore"), 1);
	assert_int_equal(tracing_count("dvp_detach"), 1);
	assert_int_equal(tracing_count("dvp_refuse"), 0);
}

/* The tracepoints go with the driver, in the middle of it. */
static void unloaded(void **state)
{
	(void)state;
	bench_drop(bench_export(bench_open(inside_memory), BAR2, 0, PAGE));
	bench_teardown(NULL);
	assert_ok(module_unload(bench_driver()));
	assert_sys_error(access(TRACING "/events/dmabuf_vfio_pci", F_OK), ENOENT);
}

static int reload_teardown(void **state)
{
	tracing_stop();
	return bench_reload_teardown(state);
}

#define TRACED(name, function) \
	{ "traced: " name, function, inside_setup, inside_teardown, NULL }
#define TRACED_RELOADS(name, function) \
	{ "traced: " name, function, inside_setup, reload_teardown, NULL }

int suite_traced(void)
{
	const struct CMUnitTest tests[] = {
		TRACED("refused exports are counted, and told why",
		       exports_refused),
		TRACED("refused attaches are counted, and told why",
		       attaches_refused),
		TRACED("refusals have no limit, unlike the log",
		       no_way_refused),
		TRACED("refused maps are counted, and told why", maps_refused),
		TRACED("a call that is none is no refusal", not_refused),
		TRACED("each step is traced, with its values", all_traced),
		TRACED_RELOADS("the driver unloads while it is traced",
			       unloaded),
	};
	const struct CMUnitTest allowed[] = {
		TRACED("pins are listed, and none is refused", pins_listed),
	};
	const struct CMUnitTest refused[] = {
		TRACED("a refused pin is counted, and told why", pins_refused),
	};

	if (!bench_is_ours() || !expects(shows_inside))
		return 0;
	return run_group("traced", tests) +
	       (expect_kernel()->pins == PINS_ALLOWED ?
		run_group("traced", allowed) : run_group("traced", refused));
}
