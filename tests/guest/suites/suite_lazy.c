// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine whose kernel flushes the IOMMU's translations lazily: an unmapped
 * address would keep working for some milliseconds.
 */
#include <stdio.h>

#include "actor.h"
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

/*
 * After these calls no IOTLB has what was unmapped before.  Newer kernels have the
 * second, which waits for that.
 */
static const char *const flushes[] = {
	"intel_flush_iotlb_all", "dma_iova_unlink",
};

#define FLUSHES ARRAY_SIZE(flushes)

/* Counts them from now on. */
static void watch_flushes(int probes[FLUSHES])
{
	struct dvp_importer_probe probe = { 0 };
	size_t i;
	int ret;

	for (i = 0; i < FLUSHES; i++) {
		probes[i] = bench_importer("platform");
		snprintf(probe.function, sizeof(probe.function), "%s",
			 flushes[i]);
		ret = importer_probe(probes[i], &probe);
		if (ret == -ENOENT)
			probes[i] = -1;
		else
			assert_ok(ret);
	}
}

static unsigned int count_flushes(const int probes[FLUSHES])
{
	struct dvp_importer_probed seen;
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < FLUSHES; i++) {
		if (probes[i] < 0)
			continue;
		assert_ok(importer_probed(probes[i], &seen));
		count += seen.calls;
	}
	return count;
}

/*
 * A map whose second call of @function fails; returns whether it has so many where
 * the kernel is what it is.
 */
static bool fail_map(const struct vfio_region_dma_range *ranges, size_t count,
		     const char *function, long result)
{
	struct dvp_importer_probe probe = {
		.fail_from = 2, .fail_calls = 1, .result = result,
	};
	struct vfio *vfio = bench_open_memory();
	int importer = bench_importer(bench_find(EDU, 0));
	int probes[FLUSHES], ret;

	assert_ok(importer_attach(importer,
				  bench_export_ranges(vfio, BAR2, ranges,
						      count)));
	snprintf(probe.function, sizeof(probe.function), "%s", function);
	ret = importer_probe(importer, &probe);
	if (ret != -ENOENT) {
		assert_ok(ret);
		watch_flushes(probes);
		ret = importer_map(importer);
		if (ret)
			assert_true(count_flushes(probes));
	}
	bench_teardown(NULL);
	return ret && ret != -ENOENT;
}

/* Before 6.18 there is no span of more than the BAR. */
static void failed_map(void **state)
{
	static const struct vfio_region_dma_range some[] = {
		{ 2 * MIB, MIB }, { 0, PAGE },
	};
	static const struct vfio_region_dma_range more_than_bar[] = {
		{ 2 * MIB, 2 * MIB }, { 0, 2 * MIB + PAGE },
	};

	(void)state;
	if (fail_map(some, ARRAY_SIZE(some), "dma_iova_link", -ENOMEM))
		return;
	assert_true(fail_map(some, ARRAY_SIZE(some), "iommu_map", -ENOMEM));
	assert_true(fail_map(more_than_bar, ARRAY_SIZE(more_than_bar),
			     "dma_map_resource", -1));
}

/*
 * A domain that flushes at once is told to do so lazily: its flush queue starts
 * before its type says so.  An unmap between these two must flush all the same.
 */
static void becomes_lazy(void **state)
{
	struct actor writer = {
		.act = act_flush_lazily, .bdf = bench_find(EDU, 1),
	};
	struct actor unmapper = { .act = act_unmap };
	struct vfio *vfio = bench_open_memory();
	int probes[FLUSHES], held;

	(void)state;
	assert_ok(device_unbind(writer.bdf));
	assert_ok(device_write_attr(writer.bdf, "iommu_group/type", "DMA"));
	unmapper.importer = bench_importer(writer.bdf);
	assert_ok(importer_attach(unmapper.importer,
				  bench_export(vfio, BAR2, 0, MIB)));
	assert_ok(importer_map(unmapper.importer));
	held = actor_hold_return(&writer, "iommu_dma_init_fq");
	watch_flushes(probes);
	actor_start(&unmapper);
	wait_until(unmapper.done || task_sleeps(unmapper.tid));
	assert_ok(importer_release(held));
	actor_join(&writer);
	actor_join(&unmapper);
	assert_true(count_flushes(probes));
	assert_ok(writer.result);
	assert_ok(unmapper.result);
}

#define LAZY(name, function) TEST("lazy", name, function)

int suite_lazy(void)
{
	const struct CMUnitTest tests[] = {
		LAZY("the importer's addresses are flushed lazily", is_lazy),
		LAZY("a device that writes on after the unmap does not get through",
		     one_range),
		LAZY("an unmap while the domain becomes lazy is flushed",
		     becomes_lazy),
	};
	const struct CMUnitTest several[] = {
		LAZY("nor through a span of several ranges", several_ranges),
		LAZY("a map that fails half-way flushes what it has mapped",
		     failed_map),
	};
	int failed;

	failed = run_group("lazy", tests);
	if (bench_maps_several())
		failed += run_group("lazy", several);
	return failed;
}
