// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own tests of VFIO, and what opens a device by its own node: they need
 * iommufd, which Debian's kernels do not have.
 */
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

#define SELFTESTS "/selftests/"

static const char *bind_device(enum device_kind kind, unsigned int nth)
{
	const char *bdf = bench_find(kind, nth);

	tool_free_device(bdf);
	assert_ok(device_bind(bdf, bench_driver()));
	return bdf;
}

static int load_iommufd(void **state)
{
	(void)state;
	return module_load("iommufd", NULL);
}

/* An NVMe controller: it has MSI-X, a reset, and memory that can be mapped. */
static void selftest(void **state)
{
	const char *bdf = bind_device(NVME, 0);
	char path[64];

	snprintf(path, sizeof(path), SELFTESTS "%s", (const char *)*state);
	assert_tool(tool_run_other(path, bdf, NULL), 0, " fail:0 ");
	tool_free_device(bdf);
}

/* The driver of a VF is compared with "vfio-pci". */
static void sriov(void **state)
{
	const char *bdf;

	(void)state;
	assert_ok(bench_reload("enable_sriov=1"));
	bdf = bind_device(NVME, 1);
	if (!strcmp(bench_driver(), "vfio-pci"))
		assert_tool(tool_run_other(SELFTESTS "vfio_pci_sriov_uapi_test", bdf, NULL),
			    0, " fail:0 ");
	else
		assert_tool(tool_run_other(SELFTESTS "vfio_pci_sriov_uapi_test", bdf, NULL),
			    1, "strcmp(vf_driver, \"vfio-pci\")");
	tool_free_device(bdf);
}

/* So that nothing but the device's own node is left. */
static const char *bind_without_group(void)
{
	const char *bdf = bind_device(IVSHMEM, 0);
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", device_group(bdf));
	assert_sys(unlink(path));
	return bdf;
}

static void example(void **state)
{
	const char *bdf = bind_without_group();

	(void)state;
	assert_tool(tool_run_other("export-range", bdf, "2", "0x1000", "0x3000", NULL),
		    0, "12288 bytes");
	tool_free_device(bdf);
}

static void command(void **state)
{
	const char *bdf = bind_without_group();

	(void)state;
	assert_tool(tool_run("export", bdf, "--bar", "2", "--range", "4K:8K",
			     "show-dma-buf", NULL), 0, "of 8192 bytes");
	tool_free_device(bdf);
}

static void own(void **state)
{
	const char *bdf = bind_without_group();
	struct tool_run run = tool_run("selftest", bdf, NULL);

	(void)state;
	assert_tool(run, 0, "a page of BAR 2 can be exported\n");
	assert_tool(run, 0, "its buffers are restored when it decodes memory again\n");
	tool_free_device(bdf);
}

#define SELFTEST(name) \
	TEST_WITH("selftests", name " of the kernel passes", selftest, name)

int suite_selftests(void)
{
	const struct CMUnitTest tests[] = {
		SELFTEST("vfio_pci_device_test"),
		SELFTEST("vfio_dma_mapping_test"),
		SELFTEST("vfio_dma_mapping_mmio_test"),
		SELFTEST("vfio_iommufd_setup_test"),
		SELFTEST("vfio_pci_device_init_perf_test"),
		TEST_RELOADS("selftests", "vfio_pci_sriov_uapi_test wants the name vfio-pci",
			     sriov),
		TEST("selftests", "the example exports through iommufd", example),
		TEST("selftests", "the command exports through iommufd", command),
		TEST("selftests", "the command tests a device through iommufd", own),
	};

	return cmocka_run_group_tests_name("selftests", tests, load_iommufd, NULL);
}
