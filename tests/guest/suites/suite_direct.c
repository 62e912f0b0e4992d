// SPDX-License-Identifier: GPL-2.0-only
/* A machine whose devices use physical addresses, and a switch in it. */

#include <stdio.h>

#include "bench.h"
#include "suites.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX
#define CHUNK DVP_IMPORTER_TRANSFER_MAX

/* Below the switch; the others have root ports of their own. */
#define SWITCH_IVSHMEM	2
#define SWITCH_EDU	2

static void check_address(const char *exporter, const char *edu)
{
	struct dvp_importer_report report;
	struct dvp_importer_entry entry;
	struct vfio *vfio = bench_open(exporter);
	int importer = bench_importer(edu);
	struct bar bar;

	assert_ok(device_bar(exporter, BAR2, &bar));
	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, MIB,
							 PAGE)));
	assert_ok(importer_map(importer));
	assert_ok(importer_report(importer, &report, &entry, 1));
	assert_int_equal(report.nents, 1);
	assert_int_equal(entry.address, bar.start + MIB);

	bench_move(vfio, importer, 0, MIB, CHUNK);
}

static void through_host_bridge(void **state)
{
	(void)state;
	check_address(bench_find(IVSHMEM, 0), bench_find(EDU, 0));
}

static void into_switch(void **state)
{
	(void)state;
	check_address(bench_find(IVSHMEM, SWITCH_IVSHMEM), bench_find(EDU, 0));
}

static void within_switch(void **state)
{
	(void)state;
	check_address(bench_find(IVSHMEM, SWITCH_IVSHMEM), bench_find(EDU, SWITCH_EDU));
}

/* The list of entries may be that of the mapping before. */
static void check_anew(const char *exporter, const char *edu)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 2 * PAGE, PAGE }, { 0, PAGE }, { MIB, PAGE },
	};
	struct dvp_importer_entry entries[ARRAY_SIZE(ranges)];
	struct dvp_importer_report report;
	struct vfio *vfio = bench_open(exporter);
	int importer = bench_importer(edu);
	struct bar bar;
	size_t i, time;

	assert_ok(device_bar(exporter, BAR2, &bar));
	assert_ok(importer_attach(importer,
				  bench_export_ranges(vfio, BAR2, ranges,
						      ARRAY_SIZE(ranges))));
	for (time = 0; time < 3; time++) {
		assert_ok(importer_map(importer));
		assert_ok(importer_report(importer, &report, entries,
					  ARRAY_SIZE(entries)));
		assert_int_equal(report.nents, ARRAY_SIZE(ranges));
		for (i = 0; i < ARRAY_SIZE(ranges); i++) {
			assert_int_equal(entries[i].address,
					 bar.start + ranges[i].offset);
			assert_int_equal(entries[i].length, PAGE);
			bench_move(vfio, importer, i * PAGE, ranges[i].offset,
				   CHUNK);
		}
		assert_ok(importer_unmap(importer));
	}
	bench_teardown(NULL);
}

static void mapped_anew(void **state)
{
	(void)state;
	check_anew(bench_find(IVSHMEM, 0), bench_find(EDU, 0));
	check_anew(bench_find(IVSHMEM, SWITCH_IVSHMEM),
		   bench_find(EDU, SWITCH_EDU));
}

static void check_mask(const char *exporter, const char *edu)
{
	const char *const words[] = { "DMA mask is too small", NULL };
	static const struct vfio_region_dma_range ranges[] = {
		{ 0, PAGE }, { 2 * PAGE, PAGE }, { MIB, PAGE },
	};
	int klog = bench_keep(assert_ok(klog_open_end()));
	int importer = bench_importer(edu), buffer, ret;
	struct vfio *vfio = bench_open(exporter);
	struct bar bar;

	assert_ok(device_bar(exporter, BAR2, &bar));
	buffer = bench_export_ranges(vfio, BAR2, ranges, ARRAY_SIZE(ranges));
	/* As wide as can be: memory below it has to be reached, or it is refused. */
	assert_ok(importer_set_dma_mask(importer, 63 - __builtin_clzll(bar.start)));
	assert_ok(importer_attach(importer, buffer));
	ret = importer_map(importer);
	assert_ok(importer_detach(importer));
	assert_ok(importer_set_dma_mask(importer, 64));
	assert_error(ret, EIO);
	assert_int_equal(klog_count(klog, words), 1);

	/* Nothing of it is left, and nothing is in the way of a wider one. */
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
}

/*
 * No machine of QEMU has addresses that differ on the bus.  So the kernel is made
 * to believe that they do, by as much as lies between two devices: what the
 * importer writes to the one must arrive in the other.
 */
static void bus_offset(void **state)
{
	const char *exporter = bench_find(IVSHMEM, SWITCH_IVSHMEM);
	const char *other = bench_find(IVSHMEM, 0);
	int importer = bench_importer(bench_find(EDU, SWITCH_EDU));
	uint8_t data[CHUNK], got[CHUNK];
	struct vfio *vfio, *witness;
	struct bar here, there;
	int buffer;

	(void)state;
	assert_ok(device_bar(exporter, BAR2, &here));
	assert_ok(device_bar(other, BAR2, &there));
	bench_pattern(data, sizeof(data), 17);

	/* The in-tree driver looks when it is bound, ours when an importer attaches. */
	assert_ok(device_unbind(exporter));
	assert_ok(importer_move_window(importer, exporter,
				       here.start - there.start));
	vfio = bench_open(exporter);
	buffer = bench_export(vfio, BAR2, MIB, PAGE);
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_move_window(importer, exporter, 0));

	witness = bench_open(other);
	assert_ok(importer_map(importer));
	assert_ok(importer_write(importer, 0, data, sizeof(data)));
	assert_ok(vfio_read(witness, BAR2, MIB, got, sizeof(got)));
	assert_memory_equal(got, data, sizeof(got));
	bench_close(vfio);
	assert_ok(device_unbind(exporter));
}

/* From one device below the switch to the other, over its upstream port. */
static void switch_listed(void **state)
{
	const char *exporter = bench_find(IVSHMEM, SWITCH_IVSHMEM);
	const char *edu = bench_find(EDU, SWITCH_EDU);
	char text[32768], line[128], port[BDF_SIZE], up[BDF_SIZE];

	(void)state;
	assert_true(device_parent(exporter, port));
	assert_true(device_parent(port, up));
	assert_ok(device_bind(exporter, bench_driver()));
	assert_ok(bench_debugfs(exporter, "p2p", text, sizeof(text)));
	snprintf(line, sizeof(line),
		 "\n%s 4 BUS_ADDR below %s without ACS redirection\n", edu, up);
	assert_non_null(strstr(text, line));
}

static void narrow_mask(void **state)
{
	(void)state;
	check_mask(bench_find(IVSHMEM, 0), bench_find(EDU, 0));
}

static void narrow_within_switch(void **state)
{
	(void)state;
	check_mask(bench_find(IVSHMEM, SWITCH_IVSHMEM), bench_find(EDU, SWITCH_EDU));
}

#define DIRECT(name, function) TEST("direct", name, function)

int suite_direct(void)
{
	const struct CMUnitTest tests[] = {
		DIRECT("addresses through the host bridge are physical",
		       through_host_bridge),
		DIRECT("addresses into a switch are physical", into_switch),
		DIRECT("addresses within a switch are physical",
		       within_switch),
		DIRECT("what is mapped anew leads there again", mapped_anew),
		DIRECT("a host bridge's offset is taken off within a switch",
		       bus_offset),
	};
	const struct CMUnitTest only_ours[] = {
		DIRECT("what a switch connects is listed so", switch_listed),
	};
	/* What the core warns of cannot be tried: the log would not be clean. */
	const struct CMUnitTest masks[] = {
		DIRECT("a DMA mask that does not reach the BAR fails the map",
		       narrow_mask),
		DIRECT("and so it does below a switch", narrow_within_switch),
	};
	int failed;

	failed = run_group("direct", tests);
	if (!expects(warns_of_mask))
		failed += run_group("direct", masks);
	if (bench_is_ours())
		failed += run_group("direct", only_ours);
	return failed;
}
