// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own tests of VFIO, and programs that open a device by its own node. On
 * a kernel without iommufd, only the tests that can use a container run.
 */
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

#define SELFTESTS "/selftests/"
#define SRIOV "vfio_pci_sriov_uapi_test"

static const char *bind_device(enum device_kind kind, unsigned int nth)
{
	const char *bdf = bench_find(kind, nth);

	tool_free_device(bdf);
	assert_ok(device_bind(bdf, bench_driver()));
	return bdf;
}

static bool has_iommufd;

static int load_iommufd(void **state)
{
	(void)state;
	has_iommufd = !module_load("iommufd", NULL);
	return 0;
}

/**
 * struct selftest - one of the kernel's programs
 * @name: of its file
 * @variants: what follows the name of an IOMMU mode in the names of its variants
 */
struct selftest {
	const char *name;
	const char *const *variants;
};

/*
 * Before 6.19 a mapping whose end overflows is EINVAL, and not what a test expects.  On
 * 6.1 the PF of the emulated NVMe loses its VFs when it is opened.  The kernel's own
 * vfio-pci fails the same tests there.
 */
static bool is_recent(void)
{
	unsigned int major, minor;
	struct utsname kernel;

	uname(&kernel);
	if (sscanf(kernel.release, "%u.%u", &major, &minor) != 2)
		return true;
	return major > 6 || (major == 6 && minor >= 19);
}

/* All its tests, or without iommufd those of the two modes that use a container. */
static struct tool_run run_selftest(const struct selftest *test, const char *bdf)
{
	static const char *const modes[] = { "vfio_type1_iommu", "vfio_type1v2_iommu" };
	char names[8][48], path[64], *argv[2 * ARRAY_SIZE(names) + 5];
	unsigned int mode, count = 0, i = 0;
	const char *const *variant;

	snprintf(path, sizeof(path), SELFTESTS "%s", test->name);
	argv[i++] = path;
	if (!is_recent()) {
		argv[i++] = (char *)"-T";
		argv[i++] = (char *)"overflow";
	}
	for (mode = 0; mode < ARRAY_SIZE(modes) && !has_iommufd; mode++) {
		for (variant = test->variants; *variant; variant++) {
			assert_true(count < ARRAY_SIZE(names));
			snprintf(names[count], sizeof(names[0]), "%s%s", modes[mode],
				 *variant);
			argv[i++] = (char *)"-v";
			argv[i++] = names[count++];
		}
	}
	argv[i++] = (char *)bdf;
	argv[i] = NULL;
	return tool_run_all(TOOL_ROOT, argv);
}

/* The programs say "# Totals: pass:5 fail:0 xfail:0 xpass:0 skip:0 error:0". */
static void assert_passed(struct tool_run run, const char *name)
{
	const char *totals = strstr(run.output, "# Totals: "), *line = run.output;
	unsigned int passed, failed;

	while ((line = strstr(line, "\nnot ok "))) {
		line++;
		print_message("# %s: %.*s\n", name, (int)strcspn(line, "\n"), line);
	}
	if (run.status || !totals ||
	    sscanf(totals, "# Totals: pass:%u fail:%u", &passed, &failed) != 2 ||
	    !passed || failed)
		fail_msg("%s: status %d: %s", name, run.status, run.output);
	print_message("# %s%.*s\n", name, (int)strcspn(totals + 1, "\n"), totals + 1);
}

/* An NVMe controller: it has MSI-X, a reset, and memory that can be mapped. */
static void selftest(void **state)
{
	const struct selftest *test = *state;
	const char *bdf = bind_device(NVME, 0);

	assert_passed(run_selftest(test, bdf), test->name);
	tool_free_device(bdf);
}

/* A PF with its VF; the driver of the VF is compared with "vfio-pci". */
static struct tool_run run_sriov(void)
{
	static const char *const uuids[] = {
		"_same_uuid", "_diff_uuid", "_null_uuid", NULL
	};
	static const struct selftest test = { SRIOV, uuids };
	struct tool_run run;
	const char *bdf;

	assert_ok(bench_reload("enable_sriov=1"));
	bdf = bind_device(NVME, 1);
	run = run_selftest(&test, bdf);
	tool_free_device(bdf);
	return run;
}

static void sriov_passes(void **state)
{
	(void)state;
	assert_passed(run_sriov(), SRIOV);
}

static void sriov_wants_name(void **state)
{
	(void)state;
	assert_tool(run_sriov(), 1, "strcmp(vf_driver, \"vfio-pci\")");
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

/* A user may have the right to open the group, but not /dev/iommu. */
static void example_by_group(void **state)
{
	const char *bdf = bind_device(IVSHMEM, 0);

	(void)state;
	assert_sys(rename("/dev/iommu", "/dev/iommu-away"));
	assert_tool(tool_run_other("export-range", bdf, "2", "0x1000", "0x3000", NULL),
		    0, "12288 bytes");
	tool_free_device(bdf);
	bdf = bind_without_group();
	assert_tool(tool_run_other("export-range", bdf, "2", "0x1000", "0x3000", NULL),
		    1, "/dev/iommu: No such file or directory");
	tool_free_device(bdf);
	assert_sys(rename("/dev/iommu-away", "/dev/iommu"));
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

static const char *const plain[] = { "", NULL };
static const char *const mapping[] = { "", "_anonymous", NULL };

#define SELFTEST(name, variants) \
	TEST_WITH("selftests", name " of the kernel passes", selftest, \
		  (&(const struct selftest){ name, variants }))

int suite_selftests(void)
{
	const struct CMUnitTest tests[] = {
		SELFTEST("vfio_dma_mapping_test", mapping),
		SELFTEST("vfio_dma_mapping_mmio_test", plain),
		SELFTEST("vfio_pci_device_init_perf_test", plain),
	};
	const struct CMUnitTest as_vfio_pci[] = {
		TEST_RELOADS("selftests", SRIOV " of the kernel passes", sriov_passes),
	};
	const struct CMUnitTest as_variant[] = {
		TEST_RELOADS("selftests", SRIOV " wants the name vfio-pci",
			     sriov_wants_name),
	};
	const struct CMUnitTest with_iommufd[] = {
		SELFTEST("vfio_pci_device_test", NULL),
		SELFTEST("vfio_iommufd_setup_test", NULL),
		TEST("selftests", "the example exports through iommufd", example),
		TEST("selftests", "without /dev/iommu the example opens the group",
		     example_by_group),
		TEST("selftests", "the command exports through iommufd", command),
		TEST("selftests", "the command tests a device through iommufd", own),
	};
	int failed;

	failed = cmocka_run_group_tests_name("selftests", tests, load_iommufd, NULL);
	if (strcmp(bench_driver(), "vfio-pci"))
		failed += run_group("selftests", as_variant);
	else if (is_recent())
		failed += run_group("selftests", as_vfio_pci);
	if (has_iommufd)
		failed += run_group("selftests", with_iommufd);
	return failed;
}
