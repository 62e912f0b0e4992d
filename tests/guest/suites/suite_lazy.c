// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine whose kernel flushes the IOMMU's translations lazily: an unmapped
 * address would keep working for some milliseconds.
 */
#include "bench.h"
#include "suites.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX
#define CHUNK DVP_IMPORTER_TRANSFER_MAX

static void is_lazy(void **state)
{
	char type[32];

	(void)state;
	bench_drop(bench_importer(bench_find(EDU, 0)));
	assert_ok(device_read_attr(bench_find(EDU, 0), "iommu_group/type", type,
				   sizeof(type)));
	assert_string_equal(type, "DMA-FQ");
}

/*
 * Writes twice: once mapped, so that the IOMMU knows the way, and once so that
 * the mapping is gone before the bytes get to the bus.  If they overtake, on a
 * busy machine, it is tried again.
 */
static void write_late(int importer, const uint8_t *first, const uint8_t *late)
{
	int tries = 100, ret;

	do {
		assert_ok(importer_map(importer));
		assert_ok(importer_write(importer, PAGE, first, CHUNK));
		ret = assert_ok(importer_unmap_late(importer, PAGE, late,
						    CHUNK));
	} while (!ret && --tries);
	assert_int_equal(ret, 1);
	assert_false(importer_is_mapped(importer));
}

/* The IOMMU says so when it stops a device. */
static void write_stopped(int importer, const uint8_t *first,
			  const uint8_t *late)
{
	const char *const words[] = { "DMAR:", "fault addr", NULL };
	int klog = bench_keep(assert_ok(klog_open_end()));

	assert_ok(klog_say(KLOG_FAULTS_FROM));
	write_late(importer, first, late);
	wait_until(klog_count(klog, words));
	assert_ok(klog_say(KLOG_FAULTS_UNTIL));
}

static void check_late(const struct vfio_region_dma_range *ranges, size_t count)
{
	uint8_t first[CHUNK], late[CHUNK], got[CHUNK];
	struct vfio *vfio = bench_open_memory();
	int importer = bench_importer(bench_find(EDU, 0));

	bench_pattern(first, sizeof(first), 1);
	bench_pattern(late, sizeof(late), 2);
	assert_ok(importer_attach(importer,
				  bench_export_ranges(vfio, BAR2, ranges,
						      count)));
	write_stopped(importer, first, late);
	assert_ok(vfio_read(vfio, BAR2, ranges[0].offset + PAGE, got,
			    sizeof(got)));
	assert_memory_equal(got, first, sizeof(got));
}

static void one_range(void **state)
{
	static const struct vfio_region_dma_range range = { MIB, MIB };

	(void)state;
	check_late(&range, 1);
}

static void several_ranges(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ MIB, 2 * PAGE }, { 0, PAGE }, { 3 * MIB, PAGE },
	};

	(void)state;
	check_late(ranges, ARRAY_SIZE(ranges));
}

#define LAZY(name, function) TEST("lazy", name, function)

int suite_lazy(void)
{
	const struct CMUnitTest tests[] = {
		LAZY("the importer's addresses are flushed lazily", is_lazy),
		LAZY("a device that writes on after the unmap does not get through",
		     one_range),
	};
	const struct CMUnitTest several[] = {
		LAZY("nor through a span of several ranges", several_ranges),
	};
	int failed;

	failed = run_group("lazy", tests);
	if (bench_maps_several())
		failed += run_group("lazy", several);
	return failed;
}
