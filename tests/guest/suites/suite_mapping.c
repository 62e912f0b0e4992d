// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a mapping is made of: the entries of the IOMMU's page table, the calls
 * that make them, and what is left when one of the calls fails.
 */
#include <stdio.h>

#include "bench.h"
#include "suites.h"
#include "vtd.h"

#define KIB 1024ULL
#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

/* From the kernel's <linux/iommu.h>. */
#define IOMMU_READ	0x01
#define IOMMU_WRITE	0x02
#define IOMMU_CACHE	0x04
#define IOMMU_MMIO	0x10

/* Room for a dozen of the buffers of these tests. */
#define NARROW_MASK 24

static const struct vfio_region_dma_range one[] = {
	{ MIB, MIB + PAGE },
};

static const struct vfio_region_dma_range several[] = {
	{ 2 * MIB, MIB }, { 0, PAGE }, { MIB, 5 * PAGE },
};

/* A test whose importer is attached to a buffer of these ranges. */
static int attach_to(const struct vfio_region_dma_range *ranges, size_t count)
{
	struct vfio *vfio = bench_open_memory();
	int importer = bench_importer(bench_find(EDU, 0));

	assert_ok(importer_attach(importer,
				  bench_export_ranges(vfio, BAR2, ranges,
						      count)));
	return importer;
}

/* The entries that lead the importer anywhere into the exporter's BAR. */
static struct vtd_pages pages_of(int importer)
{
	struct vtd_pages pages;
	struct bar bar;

	assert_ok(device_bar(bench_find(IVSHMEM, 0), BAR2, &bar));
	assert_ok(vtd_walk(importer, bench_find(EDU, 0), bar.start, bar.size,
			   &pages));
	return pages;
}

static void check_entries(int importer, uint64_t size)
{
	const uint64_t cached = VTD_TYPE | VTD_IGNORE_PAT | VTD_SNOOP;
	struct vtd_pages pages;

	assert_int_equal(pages_of(importer).size, 0);
	assert_ok(importer_map(importer));
	pages = pages_of(importer);
	assert_int_equal(pages.size, size);
	assert_int_equal(pages.all & (VTD_READ | VTD_WRITE),
			 VTD_READ | VTD_WRITE);
	assert_int_equal(pages.any & cached, 0);
	assert_ok(importer_unmap(importer));
	assert_int_equal(pages_of(importer).size, 0);
}

static void one_entries(void **state)
{
	(void)state;
	check_entries(attach_to(one, ARRAY_SIZE(one)), MIB + PAGE);
}

static void several_entries(void **state)
{
	(void)state;
	check_entries(attach_to(several, ARRAY_SIZE(several)), MIB + 6 * PAGE);
}

/*
 * Returns how many calls of this function a map makes for the ranges.  Before 6.18
 * it has a placeholder besides, which the device may read at most.
 */
static unsigned int check_calls(int importer, const char *function,
				enum importer_way way)
{
	static const uint64_t prot[] = {
		[IMPORTER_BOTH] = IOMMU_READ | IOMMU_WRITE | IOMMU_MMIO,
		[IMPORTER_READS] = IOMMU_READ | IOMMU_MMIO,
		[IMPORTER_WRITES] = IOMMU_WRITE | IOMMU_MMIO,
	};
	struct dvp_importer_probe probe = { .argument = 4 };
	const uint64_t flags = IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE | IOMMU_MMIO;
	struct dvp_importer_probed seen;
	unsigned int i, calls = 0;
	int ret;

	snprintf(probe.function, sizeof(probe.function), "%s", function);
	ret = importer_probe(importer, &probe);
	if (ret == -ENOENT)
		return 0;
	assert_ok(ret);
	assert_ok(importer_map_for(importer, way));
	assert_ok(importer_probed(importer, &seen));
	assert_ok(importer_unmap(importer));
	assert_true(seen.calls <= ARRAY_SIZE(seen.values));
	for (i = 0; i < seen.calls; i++) {
		if ((seen.values[i] & flags) == prot[way])
			calls++;
		else
			assert_int_equal(seen.values[i] & flags,
					 prot[IMPORTER_READS]);
	}
	return calls;
}

/*
 * Where IOMMUs of all kinds are told: the name depends on the kernel.  Where there is
 * iommu_map_nosync(), the other calls it.
 */
static void check_all_calls(int importer, enum importer_way way,
			    unsigned int ranges)
{
	unsigned int calls;

	calls = check_calls(importer, "iommu_map_nosync", way);
	if (!calls) {
		calls = check_calls(importer, "iommu_map", way);
		calls += check_calls(importer, "iommu_map_atomic", way);
	}
	/* What the device only reads looks like the placeholder. */
	if (way == IMPORTER_READS)
		assert_in_range(calls, ranges, ranges + 1);
	else
		assert_int_equal(calls, ranges);
}

static void one_calls(void **state)
{
	(void)state;
	check_all_calls(attach_to(one, ARRAY_SIZE(one)), IMPORTER_BOTH,
			ARRAY_SIZE(one));
}

static void several_calls(void **state)
{
	(void)state;
	check_all_calls(attach_to(several, ARRAY_SIZE(several)), IMPORTER_BOTH,
			ARRAY_SIZE(several));
}

static void one_way(void **state)
{
	int importer = attach_to(one, ARRAY_SIZE(one));

	(void)state;
	check_all_calls(importer, IMPORTER_READS, ARRAY_SIZE(one));
	check_all_calls(importer, IMPORTER_WRITES, ARRAY_SIZE(one));
}

static void several_one_way(void **state)
{
	int importer = attach_to(several, ARRAY_SIZE(several));

	(void)state;
	check_all_calls(importer, IMPORTER_READS, ARRAY_SIZE(several));
	check_all_calls(importer, IMPORTER_WRITES, ARRAY_SIZE(several));
}

/*
 * An IOMMU with pages of 64 KiB would open more than what was exported: only what
 * consists of whole ones can be mapped.
 */
static void large_granule(void **state)
{
	static const struct vfio_region_dma_range parts[] = {
		{ MIB, 64 * KIB }, { MIB, PAGE }, { MIB + PAGE, 64 * KIB },
	};
	struct dvp_importer_probe probe = {
		.function = "dma_get_merge_boundary",
		.fail_from = 1,
		.fail_calls = 1000,
		.result = 64 * KIB - 1,
	};
	struct vfio *vfio = bench_open_memory();
	int importer, ret;
	char text[4096];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		importer = bench_importer(bench_find(EDU, 0));
		assert_ok(importer_attach(importer,
					  bench_export_ranges(vfio, BAR2,
							      &parts[i], 1)));
		assert_ok(importer_probe(importer, &probe));
		ret = importer_map(importer);
		if (i) {
			assert_error(ret, EINVAL);
			assert_false(importer_is_mapped(importer));
		} else {
			assert_ok(ret);
		}
		bench_drop(importer);
	}
	assert_ok(bench_debugfs(bench_find(IVSHMEM, 0), "state", text,
				sizeof(text)));
	assert_non_null(strstr(text, "cannot map range 0 of the buffer"));
}

/* What a mapping can fail for, on some kernel, and what it looks like then. */
static const struct {
	const char *function;
	long result;
} steps[] = {
	{ "kmalloc_trace", 0 },
	{ "__kmalloc_cache_noprof", 0 },
	{ "sg_alloc_table", -ENOMEM },
	{ "dma_map_resource", -1 },
	{ "dma_map_phys", -1 },
	{ "dma_iova_try_alloc", 0 },
	{ "dma_iova_link", -ENOMEM },
	{ "dma_iova_sync", -ENOMEM },
	{ "iommu_map", -ENOMEM },
	{ "iommu_map_atomic", -ENOMEM },
	{ "iommu_map_nosync", -ENOMEM },
};

/*
 * Lets calls of a step fail, from @from on.  Returns whether there were so many
 * calls.  There may be another way when one fails, or none: then nothing must
 * be left.
 */
static bool fail_step(int importer, size_t step, unsigned int from,
		      unsigned int calls, unsigned int *failures)
{
	struct dvp_importer_probe probe = {
		.fail_from = from,
		.fail_calls = calls,
		.result = steps[step].result,
	};
	struct dvp_importer_probed seen;
	int ret;

	snprintf(probe.function, sizeof(probe.function), "%s",
		 steps[step].function);
	ret = importer_probe(importer, &probe);
	if (ret == -ENOENT)
		return false;
	assert_ok(ret);
	ret = importer_map(importer);
	assert_ok(importer_probed(importer, &seen));
	if (ret) {
		(*failures)++;
		assert_false(importer_is_mapped(importer));
	} else {
		assert_ok(importer_unmap(importer));
	}
	assert_int_equal(pages_of(importer).size, 0);
	return seen.calls >= from;
}

/* Returns how many maps failed. */
static unsigned int fail_steps(int importer, unsigned int calls)
{
	unsigned int failures = 0, from, again;
	size_t step;

	for (step = 0; step < ARRAY_SIZE(steps); step++) {
		from = 1;
		while (fail_step(importer, step, from, calls, &failures)) {
			/* What is lost every time would be missing in the end. */
			for (again = 0; again < 10 && calls == 1; again++)
				fail_step(importer, step, from, calls,
					  &failures);
			from++;
		}
	}
	return failures;
}

static int narrow_setup(void **state)
{
	int importer;

	bench_setup(state);
	importer = bench_importer(bench_find(EDU, 0));
	assert_ok(importer_set_dma_mask(importer, NARROW_MASK));
	bench_drop(importer);
	return 0;
}

static int narrow_teardown(void **state)
{
	int importer;

	bench_teardown(state);
	importer = bench_importer(bench_find(EDU, 0));
	assert_ok(importer_set_dma_mask(importer, 64));
	bench_drop(importer);
	return 0;
}

/* In how many entries the importer maps its buffer. */
static unsigned int count_entries(int importer)
{
	struct dvp_importer_report report;

	assert_ok(importer_map(importer));
	assert_ok(importer_report(importer, &report, NULL, 0));
	assert_ok(importer_unmap(importer));
	return report.nents;
}

static void check_failures(const struct vfio_region_dma_range *ranges,
			   size_t count)
{
	int importer = attach_to(ranges, count);
	unsigned int entries = count_entries(importer);

	/* Addresses, or what leads to the memory, and the page table. */
	assert_true(fail_steps(importer, 1) >= 2 * 11);
	/* There are as many addresses as before. */
	assert_int_equal(count_entries(importer), entries);
}

static void one_failure(void **state)
{
	(void)state;
	check_failures(one, ARRAY_SIZE(one));
}

static void several_failures(void **state)
{
	(void)state;
	check_failures(several, ARRAY_SIZE(several));
}

/* Not even what undoes it works: addresses may be lost, but lead nowhere. */
static void lasting_failure(void **state)
{
	int importer = attach_to(several, ARRAY_SIZE(several));

	(void)state;
	assert_true(fail_steps(importer, 1000) >= 3);
	assert_ok(importer_map(importer));
}

/* The first one is where it is from the attach on, any other is not. */
static void several_at_once(void **state)
{
	struct dvp_importer_measure again = {
		.what = DVP_MEASURE_MAP_AGAIN,
		.repeat = 3,
	};
	struct vfio *vfio = bench_open_memory();
	int importer = bench_importer(bench_find(EDU, 0));

	(void)state;
	again.fd = bench_export(vfio, BAR2, 0, MIB);
	assert_ok(importer_measure(importer, &again));
	assert_int_equal(pages_of(importer).size, 0);
	assert_ok(importer_attach(importer, again.fd));
	check_entries(importer, MIB);
}

#define MAPPING(name, function) TEST("mapping", name, function)
#define NARROW(name, function) \
	{ "mapping: " name, function, narrow_setup, narrow_teardown, NULL }

/* What is read in the IOMMU's tables. */
static int run_tables(void)
{
	const struct CMUnitTest tests[] = {
		MAPPING("the IOMMU leads to what is mapped, past the caches",
			one_entries),
		MAPPING("an importer may map what it has mapped already",
			several_at_once),
	};
	const struct CMUnitTest several[] = {
		MAPPING("the IOMMU leads to several ranges, past the caches",
			several_entries),
		/* Before the narrow ones, whose addresses are below the lost. */
		MAPPING("even if undoing it fails, nothing is left mapped",
			lasting_failure),
		NARROW("whatever fails, nothing of one range is left mapped",
		       one_failure),
		NARROW("whatever fails, nothing of several is left mapped",
		       several_failures),
	};
	int failed;

	failed = run_group("mapping", tests);
	if (!expects(several_translated))
		failed += run_group("mapping", several);
	return failed;
}

/* What the IOMMU's driver is asked for. */
static int run_calls(void)
{
	const struct CMUnitTest tests[] = {
		MAPPING("the IOMMU is asked for one way only", one_way),
		MAPPING("the IOMMU is asked for MMIO, never cached", one_calls),
	};
	const struct CMUnitTest several[] = {
		MAPPING("the IOMMU is asked for one way only, to several",
			several_one_way),
		MAPPING("the IOMMU is asked for several ranges of MMIO",
			several_calls),
		MAPPING("what is not whole pages of the IOMMU is refused",
			large_granule),
	};
	int failed;

	failed = run_group("mapping", tests);
	if (!expects(several_translated))
		failed += run_group("mapping", several);
	return failed;
}

int suite_mapping(void)
{
	int failed = run_calls();

	return vtd_has_tables() ? failed + run_tables() : failed;
}
