// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses that would not lead to the memory, although there is a path: those
 * that an IOMMU group has reserved, and those that encryption is in the way of.
 * Both are said to be there by the test importer.
 */
#include <limits.h>
#include <stdio.h>

#include "bench.h"
#include "suites.h"
#include "vtd.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

/* From the kernel's <linux/iommu.h>. */
enum { RESV_DIRECT, RESV_RELAXABLE, RESV_RESERVED, RESV_MSI, RESV_SW_MSI };

/* Of the devices below the switch, on the machine that has one. */
#define SWITCH_IVSHMEM	2
#define SWITCH_EDU	2

/*
 * Where IOMMUs translate MSIs, whoever manages the addresses maps the doorbells, by
 * default from here on: IOMMU_RESV_SW_MSI, which sysfs calls "msi" like a region of the
 * hardware.  The DMA API maps a doorbell like anything else and gives these addresses out.
 */
#define SW_MSI 0x8000000

/* What the importer's group reserves, as sysfs lists it. */
static void check_clear(int importer, const char *bdf)
{
	struct dvp_importer_report report;
	struct dvp_importer_entry entry;
	unsigned long long start, end;
	char path[PATH_MAX], type[32];
	unsigned int regions = 0;
	FILE *file;

	assert_ok(importer_report(importer, &report, &entry, 1));
	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/iommu_group/reserved_regions", bdf);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fscanf(file, "%llx %llx %31s", &start, &end, type) == 3) {
		regions++;
		if (start == SW_MSI && !strcmp(type, "msi"))
			continue;
		if (entry.address <= end &&
		    entry.address + entry.length - 1 >= start)
			fail_msg("%#llx is among the %s from %#llx on",
				 (long long)entry.address, type, start);
	}
	fclose(file);
	assert_true(regions);
}

/* From 4 GiB downwards, well beyond the window of the MSIs. */
static void keeps_clear(void **state)
{
	struct vfio *vfio = bench_open(bench_find(VGA, 0));
	int buffer = bench_export(vfio, BAR0, 0, 16 * MIB);
	const char *edu = bench_find(EDU, 0);
	int importers[8];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(importers); i++) {
		importers[i] = bench_importer(edu);
		assert_ok(importer_attach(importers[i], buffer));
		assert_ok(importer_map(importers[i]));
		check_clear(importers[i], edu);
	}
}

/* Not in the order of addresses, and with others in between. */
static const struct vfio_region_dma_range pages[] = {
	{ 3 * MIB, PAGE }, { MIB, PAGE },
};

/* Maps two pages while such a region is reserved; returns the map's answer. */
static int map_beside(const char *exporter, const char *edu, uint64_t start,
		      uint64_t length, unsigned int type)
{
	struct vfio *vfio = bench_open(exporter);
	int importer = bench_importer(edu), ret;

	assert_ok(importer_reserve(importer, start, length, type));
	assert_ok(importer_attach(importer,
				  bench_export_ranges(vfio, BAR2, pages,
						      ARRAY_SIZE(pages))));
	ret = importer_map(importer);
	assert_int_equal(importer_is_mapped(importer), !ret);
	bench_teardown(NULL);
	return ret;
}

/* The same with every address: whatever the DMA API chose, it is reserved. */
static int map_all(unsigned int type)
{
	return map_beside(bench_find(IVSHMEM, 0), bench_find(EDU, 0), 0,
			  INT64_MAX, type);
}

static void translated_regions(void **state)
{
	const char *const words[] = { "reserved in this IOMMU group", NULL };
	struct bar bar;
	int klog;

	(void)state;
	klog = assert_ok(klog_open_end());
	assert_error(map_all(RESV_RESERVED), EIO);
	assert_int_equal(klog_count(klog, words), 1);
	close(klog);
	assert_error(map_all(RESV_MSI), EIO);
	assert_error(map_all(RESV_DIRECT), EIO);
	assert_ok(map_all(RESV_RELAXABLE));
	assert_ok(map_all(RESV_SW_MSI));

	/* Where the memory itself is does not matter. */
	assert_ok(device_bar(bench_find(IVSHMEM, 0), BAR2, &bar));
	assert_ok(map_beside(bench_find(IVSHMEM, 0), bench_find(EDU, 0),
			     bar.start, bar.size, RESV_RESERVED));
}

/* Here the addresses are those of the BAR. */
static void check_regions(const char *exporter, const char *edu)
{
	uint64_t page;
	struct bar bar;

	assert_ok(device_bar(exporter, BAR2, &bar));
	page = bar.start + MIB;
	assert_error(map_beside(exporter, edu, page, PAGE, RESV_RESERVED), EIO);
	assert_error(map_beside(exporter, edu, page, 1, RESV_MSI), EIO);
	assert_error(map_beside(exporter, edu, page + PAGE - 1, PAGE,
				RESV_MSI), EIO);
	assert_ok(map_beside(exporter, edu, page + PAGE, PAGE, RESV_RESERVED));
	assert_ok(map_beside(exporter, edu, page - PAGE, PAGE, RESV_RESERVED));
	assert_error(map_beside(exporter, edu, page + 2 * MIB, PAGE,
				RESV_RESERVED), EIO);
	assert_ok(map_beside(exporter, edu, page + MIB, PAGE, RESV_RESERVED));
	/* One to one, as it is anyway. */
	assert_ok(map_beside(exporter, edu, page, PAGE, RESV_DIRECT));
}

static void physical_regions(void **state)
{
	(void)state;
	check_regions(bench_find(IVSHMEM, 0), bench_find(EDU, 0));
}

/* No IOMMU sees these addresses, whatever they mean to it. */
static void switch_regions(void **state)
{
	const char *exporter = bench_find(IVSHMEM, SWITCH_IVSHMEM);
	struct bar bar;

	(void)state;
	assert_ok(device_bar(exporter, BAR2, &bar));
	assert_ok(map_beside(exporter, bench_find(EDU, SWITCH_EDU), bar.start,
			     bar.size, RESV_RESERVED));
}

/* Calls of one of the driver's functions answer yes, from @from on. */
static int answer_yes(const char *function, unsigned int from)
{
	struct dvp_importer_probe probe = {
		.fail_from = from,
		.fail_calls = from ? 1000 : 0,
		.result = 1,
	};
	int importer = bench_importer("platform");

	snprintf(probe.function, sizeof(probe.function), "%s", function);
	assert_ok(importer_probe(importer, &probe));
	return importer;
}

/* Memory is encrypted: the answers to an attach, and if it succeeds a map. */
static int map_encrypted(const char *exporter, const char *edu,
			 unsigned int private)
{
	struct vfio *vfio = bench_open(exporter);
	int importer = bench_importer(edu), ret;
	uint8_t byte = 0x5a, got = 0;

	answer_yes("dvp_memory_encrypted", 1);
	answer_yes("dvp_is_private", private);
	ret = importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE));
	if (!ret)
		ret = importer_map(importer);
	if (!ret) {
		assert_ok(importer_write(importer, 3, &byte, 1));
		assert_ok(vfio_read(vfio, BAR2, 3, &got, 1));
		assert_int_equal(got, byte);
	}
	bench_teardown(NULL);
	return ret;
}

static void one_is_private(void **state)
{
	const char *const words[] = { "part of this encrypted guest", NULL };
	const char *exporter = bench_find(IVSHMEM, 0);
	const char *edu = bench_find(EDU, 0);
	int klog = assert_ok(klog_open_end());

	(void)state;
	/* The exporter and the importer; then the importer alone. */
	assert_error(map_encrypted(exporter, edu, 1), EINVAL);
	assert_int_equal(klog_count(klog, words), 1);
	close(klog);
	assert_error(map_encrypted(exporter, edu, 2), EINVAL);
}

static void encrypted_translated(void **state)
{
	const char *const words[] = { "memory encryption is on", NULL };
	int ret = map_encrypted(bench_find(IVSHMEM, 0), bench_find(EDU, 0), 0);
	int klog = assert_ok(klog_open_start());
	struct dvp_importer_info info;

	(void)state;
	assert_ok(importer_info(bench_importer("platform"), &info));
	if (info.plain_mmio && vtd_is_x86()) {
		assert_ok(ret);
	} else {
		assert_error(ret, EIO);
		assert_int_equal(klog_count(klog, words), 1);
	}
	close(klog);
}

/* As if the importer filled page tables of the same kind. */
static void encrypted_list(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = bench_importer(bench_find(EDU, 0));
	struct dvp_importer_info info;

	(void)state;
	assert_ok(importer_info(bench_importer("platform"), &info));
	assert_ok(importer_attach_as(importer, bench_export(vfio, BAR2, 0, PAGE),
				     DVP_IMPORTER_REVOCABLE, 0));
	answer_yes("dvp_memory_encrypted", 1);
	if (info.plain_mmio && vtd_is_x86())
		assert_ok(importer_map_own(importer, 1));
	else
		assert_error(importer_map_own(importer, 1), EIO);
}

static void encrypted_physical(void **state)
{
	(void)state;
	assert_ok(map_encrypted(bench_find(IVSHMEM, 0), bench_find(EDU, 0), 0));
	assert_ok(map_encrypted(bench_find(IVSHMEM, SWITCH_IVSHMEM),
				bench_find(EDU, SWITCH_EDU), 0));
}

/* Attaches as a child of the PCI function; if that succeeds, maps. */
static int map_child(const char *exporter, const char *edu)
{
	struct vfio *vfio = bench_open(exporter);
	int importer = bench_importer(edu), ret;

	ret = importer_attach_as(importer, bench_export(vfio, BAR2, 0, PAGE),
				 DVP_IMPORTER_CHILD, 0);
	if (!ret)
		ret = importer_map(importer);
	bench_teardown(NULL);
	return ret;
}

static void child_translated(void **state)
{
	const char *const words[] = { "is a child of this device", NULL };
	int klog = assert_ok(klog_open_end());

	(void)state;
	assert_error(map_child(bench_find(IVSHMEM, 0), bench_find(EDU, 0)),
		     EINVAL);
	assert_int_equal(klog_count(klog, words), 1);
	close(klog);
}

static void child_physical(void **state)
{
	(void)state;
	assert_ok(map_child(bench_find(IVSHMEM, 0), bench_find(EDU, 0)));
	assert_ok(map_child(bench_find(IVSHMEM, SWITCH_IVSHMEM),
			    bench_find(EDU, SWITCH_EDU)));
}

#define REACH(name, function) TEST("reach", name, function)

static int run_translated(void)
{
	const struct CMUnitTest all[] = {
		REACH("addresses keep clear of the group's reserved regions",
		      keeps_clear),
	};
	const struct CMUnitTest ours[] = {
		REACH("an address in another device's region is refused, with a reason",
		      translated_regions),
		REACH("with encrypted memory, the IOMMU has to know MMIO",
		      encrypted_translated),
		REACH("with encrypted memory, the same goes for a list of addresses",
		      encrypted_list),
		REACH("a child of a function whose IOMMU translates is refused",
		      child_translated),
	};
	int failed = run_group("reach", all);

	if (expects(checks_reach))
		failed += run_group("reach", ours);
	return failed;
}

static int run_physical(void)
{
	const struct CMUnitTest tests[] = {
		REACH("a BAR in a reserved region is refused", physical_regions),
		REACH("below a switch it does not matter", switch_regions),
		REACH("without an IOMMU, encryption is not in the way",
		      encrypted_physical),
		REACH("without an IOMMU, a child of a function may import",
		      child_physical),
		REACH("devices on two sides of an encrypted guest are refused",
		      one_is_private),
	};

	return expects(checks_reach) ? run_group("reach", tests) : 0;
}

int suite_reach(void)
{
	return device_translated(bench_find(EDU, 0)) ? run_translated() :
						       run_physical();
}
