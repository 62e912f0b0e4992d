// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine that bounces all DMA (swiotlb=force).  What goes through the DMA
 * API cannot be mapped there, and what a switch routes can: so it shows which
 * of the two the exporter has decided on.
 */
#include <linux/pci_regs.h>

#include "bench.h"
#include "suites.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX
#define CHUNK DVP_IMPORTER_TRANSFER_MAX

#define SWITCH_IVSHMEM	IVSHMEM, 2
#define SWITCH_EDU	EDU, 2

#define ACS_REDIRECT (PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC)

static int export_page(const char *bdf)
{
	return bench_export(bench_open(bdf), BAR2, 0, PAGE);
}

/* What an administrator does with setpci ECAP_ACS+6.w; returns the old bits. */
static uint16_t set_acs(const char *port, uint16_t set, uint16_t clear)
{
	int cap = assert_ok(device_find_ext_cap(port, PCI_EXT_CAP_ID_ACS));
	uint16_t old, new;

	assert_ok(device_read_config(port, cap + PCI_ACS_CTRL, &old, 2));
	new = (old | set) & ~clear;
	assert_ok(device_write_config(port, cap + PCI_ACS_CTRL, &new, 2));
	return old;
}

/* Sets redirection on both downstream ports of the switch. */
static void redirect(bool on)
{
	const char *const below[] = {
		bench_find(SWITCH_IVSHMEM), bench_find(SWITCH_EDU),
	};
	char port[BDF_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(below); i++) {
		assert_true(device_parent(below[i], port));
		set_acs(port, on ? PCI_ACS_RR | PCI_ACS_CR : 0,
			on ? 0 : ACS_REDIRECT);
	}
}

static void host_bridge_refused(void **state)
{
	int buffer = export_page(bench_find(IVSHMEM, 0));
	int importer = bench_importer(bench_find(EDU, 0));

	(void)state;
	assert_ok(importer_attach(importer, buffer));
	assert_true(importer_map(importer) < 0);
	assert_false(importer_is_mapped(importer));
}

static void redirected_refused(void **state)
{
	int buffer = export_page(bench_find(SWITCH_IVSHMEM));
	int importer = bench_importer(bench_find(SWITCH_EDU));

	(void)state;
	redirect(true);
	assert_ok(importer_attach(importer, buffer));
	assert_true(importer_map(importer) < 0);
}

static void routed_by_switch(void **state)
{
	int buffer = export_page(bench_find(SWITCH_IVSHMEM));
	int importer = bench_importer(bench_find(SWITCH_EDU));
	struct dvp_importer_report report;
	struct dvp_importer_entry entry;
	struct bar bar;

	(void)state;
	redirect(false);
	assert_ok(device_bar(bench_find(SWITCH_IVSHMEM), BAR2, &bar));
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
	assert_ok(importer_report(importer, &report, &entry, 1));
	assert_int_equal(entry.address, bar.start);
}

/* One port that redirects is enough to send it upwards. */
static void one_port_redirects(void **state)
{
	const char *const below[] = {
		bench_find(SWITCH_IVSHMEM), bench_find(SWITCH_EDU),
	};
	int buffer = export_page(below[0]);
	char port[BDF_SIZE];
	int importer;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(below); i++) {
		redirect(false);
		assert_true(device_parent(below[i], port));
		set_acs(port, PCI_ACS_RR, 0);
		importer = bench_importer(below[1]);
		assert_ok(importer_attach(importer, buffer));
		assert_true(importer_map(importer) < 0);
	}
}

static void kept_for_attachment(void **state)
{
	int buffer = export_page(bench_find(SWITCH_IVSHMEM));
	int early = bench_importer(bench_find(SWITCH_EDU));
	int late = bench_importer(bench_find(SWITCH_EDU));

	(void)state;
	redirect(false);
	assert_ok(importer_attach(early, buffer));
	redirect(true);
	assert_ok(importer_attach(late, buffer));
	assert_ok(importer_map(early));
	assert_true(importer_map(late) < 0);
}

#define BOUNCE(name, function) TEST("bounce", name, function)

int suite_bounce(void)
{
	const struct CMUnitTest tests[] = {
		BOUNCE("what goes through the host bridge is not mapped",
		       host_bridge_refused),
		BOUNCE("what ACS redirects to the host bridge is not mapped",
		       redirected_refused),
		BOUNCE("what the switch routes is mapped to bus addresses",
		       routed_by_switch),
		BOUNCE("redirection at one port of the path is enough",
		       one_port_redirects),
		BOUNCE("ACS counts as it was when the importer attached",
		       kept_for_attachment),
	};

	return cmocka_run_group_tests_name("bounce", tests, NULL, NULL);
}
