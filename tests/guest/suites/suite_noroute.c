// SPDX-License-Identifier: GPL-2.0-only
/* A machine whose host bridge does not forward from peer to peer. */
#include <linux/pci_regs.h>
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

/* What the machine's host bridge, q35's, is called by p2p_host_bridges=. */
#define HOST_BRIDGE "8086:29c0"

#define WHY "the path leads through host bridge " HOST_BRIDGE \
	" at 0000:00:00.0 (unknown), not known to forward peer-to-peer"

/* The limit on such lines counts in spans of five seconds. */
static int open_klog_without_limit(void)
{
	sleep(6);
	return bench_keep(assert_ok(klog_open_end()));
}

static void explained(void **state)
{
	const char *exporter = bench_find(IVSHMEM, 0);
	const char *edu = bench_find(EDU, 0);
	int importer = bench_importer(edu);
	char line[512];
	const char *const words[] = { line, NULL };
	int buffer = export_page();
	int klog;

	(void)state;
	snprintf(line, sizeof(line), "%s: no peer-to-peer path from %s: " WHY
		 "; put both devices below one PCIe switch; if the platform is known to forward peer-to-peer, load with p2p_host_bridges="
		 HOST_BRIDGE ":same (if it does not, data is silently corrupted)",
		 exporter, edu);
	klog = open_klog_without_limit();
	importer_attach(importer, buffer);
	assert_int_equal(klog_count(klog, words), 1);
}

static void limited(void **state)
{
	const char *const words[] = { "no peer-to-peer path", NULL };
	int importer = bench_importer(bench_find(EDU, 0));
	int buffer = export_page(), klog, i;

	(void)state;
	klog = open_klog_without_limit();
	for (i = 0; i < 1000; i++)
		assert_error(importer_attach(importer, buffer), EINVAL);
	assert_in_range(klog_count(klog, words), 1, 50);
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

/* Below nested bridges, each of which is made to redirect. */
#define NESTED_IVSHMEM	2
#define NESTED_BRIDGES	18
#define ACS_POSITION	(PCI_INTERRUPT_LINE - PCI_ACS_CTRL)

static void read_p2p(const char *bdf, char *text, size_t size)
{
	assert_ok(device_bind(bdf, bench_driver()));
	assert_ok(bench_debugfs(bdf, "p2p", text, size));
}

static void listed(void **state)
{
	char text[16384], line[256];

	(void)state;
	read_p2p(bench_find(IVSHMEM, 0), text, sizeof(text));
	snprintf(line, sizeof(line), "\n%s 4 NOT_SUPPORTED " WHY "\n",
		 bench_find(EDU, 0));
	assert_non_null(strstr(text, line));
}

/* Gives a function ACS that redirects, or takes it away again. */
static void set_redirect(const char *bdf, bool redirect)
{
	int importer = bench_importer("platform");
	uint8_t bits = PCI_ACS_RR;

	if (redirect)
		assert_ok(device_write_config(bdf, PCI_INTERRUPT_LINE, &bits,
					      1));
	assert_ok(importer_place_acs(importer, bdf,
				     redirect ? ACS_POSITION : 0));
	bench_drop(importer);
}

/* The names of the bridges below the topmost, upwards; there it ends. */
static void find_nested(char bridges[NESTED_BRIDGES + 1][BDF_SIZE])
{
	const char *below = bench_find(IVSHMEM, NESTED_IVSHMEM);
	int i;

	for (i = 0; i <= NESTED_BRIDGES; i++) {
		assert_true(device_parent(below, bridges[i]));
		below = bridges[i];
	}
}

static void many_ports(void **state)
{
	char bridges[NESTED_BRIDGES + 1][BDF_SIZE], text[16384], line[512];
	int length, i;

	(void)state;
	find_nested(bridges);
	for (i = 0; i <= NESTED_BRIDGES; i++)
		set_redirect(bridges[i], true);
	read_p2p(bench_find(IVSHMEM, NESTED_IVSHMEM), text, sizeof(text));
	for (i = 0; i <= NESTED_BRIDGES; i++)
		set_redirect(bridges[i], false);

	/* There is room for 16 names. */
	length = snprintf(line, sizeof(line), "\n%s %u NOT_SUPPORTED ACS of ",
			  bridges[NESTED_BRIDGES], NESTED_BRIDGES + 1);
	for (i = 0; i < 16; i++)
		length += snprintf(line + length, sizeof(line) - length, "%s;",
				   bridges[i]);
	snprintf(line + length, sizeof(line) - length,
		 "... redirects requests to host bridge " HOST_BRIDGE
		 " at 0000:00:00.0 (unknown), not known to forward peer-to-peer\n");
	assert_non_null(strstr(text, line));
}

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

#define SIXTEEN \
	"8086:0000,8086:0001,8086:0002,8086:0003,8086:0004,8086:0005," \
	"8086:0006,8086:0007,8086:0008,8086:0009,8086:000a,8086:000b," \
	"8086:000c,8086:000d,8086:000e,8086:000f"

static void good_syntax(void **state)
{
	static const struct {
		const char *value;
		unsigned int count;
	} good[] = {
		{ "8086:29C0", 1 }, { "8086:ffff", 1 }, { "abcd:EF01:same", 1 },
		{ "\" 8086:29c0 \"", 1 }, { "\"8086:29c0\n\"", 1 },
		{ "8086:29c0,8086:29c0:same", 2 }, { SIXTEEN, 16 },
	};
	const char *const words[] = { "is trusted", NULL };
	char option[256];
	unsigned int i;
	int klog;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		klog = bench_keep(assert_ok(klog_open_end()));
		snprintf(option, sizeof(option), "p2p_host_bridges=%s",
			 good[i].value);
		assert_ok(bench_reload(option));
		assert_int_equal(klog_count(klog, words), good[i].count);
	}
}

static void bad_syntax(void **state)
{
	static const char *const bad[] = {
		"", "\" \"", ",", "8086", "8086:", ":29c0", "8086:29c0:",
		"8086:29c0:other", "8086:29c0:SAME", "8086:29c0:same:",
		"8086:29c0,", ",8086:29c0", "8086:29c0;8086:29c1", "0:29c0",
		"0000:29c0", "ffff:29c0", "8086:xyz", "80861:29c0",
		"8086:29c01", "8086:9c0", "0x8086:0x29c0", "0x80:29c0",
		"-086:29c0", "\"8086: 29c0\"", "\"8086 :29c0\"",
		"\"8086:29c0, 8086:29c1\"",
		SIXTEEN ",8086:29c0",
	};
	const char *const words[] = { "p2p_host_bridges=", "VVVV:DDDD", NULL };
	const char *const trust[] = { "is trusted", NULL };
	char option[256];
	unsigned int i;
	int klog, trusts;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		klog = bench_keep(assert_ok(klog_open_end()));
		trusts = bench_keep(assert_ok(klog_open_end()));
		snprintf(option, sizeof(option), "p2p_host_bridges=%s", bad[i]);
		assert_error(bench_reload(option), EINVAL);
		if (klog_count(klog, words) != 1)
			fail_msg("nothing in the log on %s", option);
		assert_int_equal(klog_count(trusts, trust), 0);
	}
}

/* The kernel's exporter cannot be told, so neither is the list. */
static void trust_in_vain(void **state)
{
	const char *const words[] = {
		"p2p_host_bridges= has no effect", "exporter=own", NULL
	};
	int klog = bench_keep(assert_ok(klog_open_end()));

	assert_ok(bench_reload("p2p_host_bridges=" HOST_BRIDGE));
	assert_int_equal(klog_count(klog, words), 1);
	listed(state);
}

#define NOROUTE(name, function) TEST("noroute", name, function)
#define NOROUTE_RELOADS(name, function) \
	TEST_RELOADS("noroute", name, function)

int suite_noroute(void)
{
	const struct CMUnitTest tests[] = {
		NOROUTE("an importer without a path is refused", refused),
		NOROUTE("the device works but for importers", rest_works),
	};
	const struct CMUnitTest says[] = {
		NOROUTE("one line says why, and what would change it",
			explained),
		NOROUTE("a thousand refusals do not flood the log", limited),
		NOROUTE("the list of ways has the same reason", listed),
		NOROUTE("a list of ports that is too long is seen to be cut",
			many_ports),
	};
	const struct CMUnitTest trusts[] = {
		NOROUTE_RELOADS("trust is logged and taints", trust_said),
		NOROUTE_RELOADS("a host bridge that p2p_host_bridges= trusts forwards",
				trusted),
		NOROUTE_RELOADS("trust below the same host bridge counts there",
				trusted_same),
		NOROUTE_RELOADS("trust in another host bridge does not",
				trusted_other),
		NOROUTE_RELOADS("p2p_host_bridges= takes up to 16 of any kind",
				good_syntax),
		NOROUTE_RELOADS("bad p2p_host_bridges= refuses to load and says how",
				bad_syntax),
	};
	const struct CMUnitTest vain[] = {
		NOROUTE_RELOADS("p2p_host_bridges= has no effect on the kernel's exporter",
				trust_in_vain),
	};
	int failed;

	failed = run_group("noroute", tests);
	if (expects(says_no_path)) {
		failed += run_group("noroute", says);
		failed += run_group("noroute", trusts);
	} else if (bench_is_ours()) {
		failed += run_group("noroute", vain);
	}
	return failed;
}
