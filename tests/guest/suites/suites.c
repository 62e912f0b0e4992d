// SPDX-License-Identifier: GPL-2.0-only
/*
 * suites [only=PATTERN] NAME...: runs the suites in that order, or of them those
 * tests whose names match the pattern, in which * and ? stand for any characters
 * and any one.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "suites.h"

#define ONLY "only="

static const struct {
	const char *name;
	int (*run)(void);
} suites[] = {
	{ "driver", suite_driver },
	{ "dropin", suite_dropin },
	{ "export", suite_export },
	{ "buffer", suite_buffer },
	{ "importer", suite_importer },
	{ "transfer", suite_transfer },
	{ "mapping", suite_mapping },
	{ "iova", suite_iova },
	{ "reach", suite_reach },
	{ "physical", suite_physical },
	{ "lazy", suite_lazy },
	{ "huge", suite_huge },
	{ "walk", suite_walk },
	{ "revoke", suite_revoke },
	{ "lifetime", suite_lifetime },
	{ "delegate", suite_delegate },
	{ "tenants", suite_tenants },
	{ "pages", suite_pages },
	{ "pinned", suite_pinned },
	{ "noroute", suite_noroute },
	{ "direct", suite_direct },
	{ "bounce", suite_bounce },
	{ "power", suite_power },
	{ "fooled", suite_fooled },
	{ "reset", suite_reset },
	{ "errors", suite_errors },
	{ "overlap", suite_overlap },
	{ "slow", suite_slow },
	{ "unplug", suite_unplug },
	{ "hotplug", suite_hotplug },
	{ "sriov", suite_sriov },
	{ "stress", suite_stress },
	{ "route", suite_route },
	{ "refusal", suite_refusal },
	{ "debugfs", suite_debugfs },
	{ "inside", suite_inside },
	{ "traced", suite_traced },
	{ "failnth", suite_failnth },
	{ "fuzz", suite_fuzz },
	{ "topo", suite_topo },
	{ "selftest", suite_selftest },
	{ "status", suite_status },
	{ "check", suite_check },
	{ "bind", suite_bind },
	{ "proxmox", suite_proxmox },
	{ "inuse", suite_inuse },
	{ "monitor", suite_monitor },
	{ "udev", suite_udev },
	{ "docs", suite_docs },
	{ "vmm", suite_vmm },
	{ "screen", suite_screen },
	{ "libvirt", suite_libvirt },
	{ "dpdk", suite_dpdk },
	{ "selftests", suite_selftests },
	{ "region", suite_region },
	{ "rdma", suite_rdma },
	{ "iommufd", suite_iommufd },
};

static int run(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		if (!strcmp(suites[i].name, name))
			return suites[i].run();
	printf("not ok - there is no suite %s\n", name);
	return 1;
}

int main(int argc, char **argv)
{
	int failed = 0, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (i = 1; i < argc; i++)
		if (!strncmp(argv[i], ONLY, strlen(ONLY)))
			cmocka_set_test_filter(argv[i] + strlen(ONLY));
		else
			failed += run(argv[i]) != 0;
	return failed ? 1 : 0;
}
