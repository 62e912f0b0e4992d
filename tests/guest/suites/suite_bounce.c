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

#define SWITCH_IVSHMEM	2
#define SWITCH_EDU	2

/*
 * QEMU's switch has no ACS.  The importer lets the kernel think it has, with a
 * control register that coincides with the interrupt line, which nobody uses.
 */
#define ACS_CTRL	PCI_INTERRUPT_LINE
#define ACS_POSITION	(ACS_CTRL - PCI_ACS_CTRL)

/* The devices below the switch's two ports. */
static const char *below[2];

/* Freshly bound, so that nobody remembers what was. */
static int export_page(const char *bdf)
{
	assert_ok(device_unbind(bdf));
	return bench_export(bench_open(bdf), BAR2, 0, PAGE);
}

/* What an administrator does with setpci ECAP_ACS+6.w. */
static void set_acs(size_t port, uint8_t bits)
{
	char bdf[BDF_SIZE];

	assert_true(device_parent(below[port], bdf));
	assert_ok(device_write_config(bdf, ACS_CTRL, &bits, sizeof(bits)));
}

static void place_acs(unsigned int position)
{
	int importer = bench_importer(bench_find(EDU, 0));
	char bdf[BDF_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(below); i++) {
		assert_true(device_parent(below[i], bdf));
		assert_ok(importer_place_acs(importer, bdf, position));
	}
	bench_drop(importer);
}

static int switch_setup(void **state)
{
	bench_setup(state);
	below[0] = bench_find(IVSHMEM, SWITCH_IVSHMEM);
	below[1] = bench_find(EDU, SWITCH_EDU);
	set_acs(0, 0);
	set_acs(1, 0);
	place_acs(ACS_POSITION);
	return 0;
}

static int switch_teardown(void **state)
{
	place_acs(0);
	return bench_teardown(state);
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

/* Below the switch, with these bits of ACS at its ports. */
static int map_below_switch(uint8_t exporter_port, uint8_t importer_port)
{
	int buffer, importer;

	set_acs(0, exporter_port);
	set_acs(1, importer_port);
	buffer = export_page(below[0]);
	importer = bench_importer(below[1]);
	assert_ok(importer_attach(importer, buffer));
	return importer_map(importer) ? -1 : importer;
}

static void routed_by_switch(void **state)
{
	struct dvp_importer_report report;
	struct dvp_importer_entry entry;
	struct bar bar;
	int importer;

	(void)state;
	assert_ok(device_bar(below[0], BAR2, &bar));
	importer = map_below_switch(0, 0);
	assert_ok(importer_report(importer, &report, &entry, 1));
	assert_int_equal(entry.address, bar.start);
}

/* Validation, blocking and forwarding upwards do not redirect requests. */
static void other_acs(void **state)
{
	const uint8_t bits = PCI_ACS_SV | PCI_ACS_TB | PCI_ACS_UF | PCI_ACS_DT;

	(void)state;
	assert_true(map_below_switch(bits, bits) >= 0);
}

static void redirect_at_exporter(uint8_t bits)
{
	assert_int_equal(map_below_switch(bits, 0), -1);
}

static void redirect_at_importer(uint8_t bits)
{
	assert_int_equal(map_below_switch(0, bits), -1);
}

static void request_redirect(void **state)
{
	(void)state;
	redirect_at_exporter(PCI_ACS_RR);
	bench_teardown(NULL);
	redirect_at_importer(PCI_ACS_RR);
}

static void completion_redirect(void **state)
{
	(void)state;
	redirect_at_exporter(PCI_ACS_CR);
	bench_teardown(NULL);
	redirect_at_importer(PCI_ACS_CR);
}

static void egress_control(void **state)
{
	(void)state;
	redirect_at_exporter(PCI_ACS_EC);
	bench_teardown(NULL);
	redirect_at_importer(PCI_ACS_EC);
}

static void cleared_meanwhile(void **state)
{
	int buffer, early, late;

	(void)state;
	set_acs(0, PCI_ACS_RR);
	buffer = export_page(below[0]);
	early = bench_importer(below[1]);
	late = bench_importer(below[1]);
	assert_ok(importer_attach(early, buffer));
	assert_true(importer_map(early) < 0);
	set_acs(0, 0);
	assert_ok(importer_attach(late, buffer));
	assert_true(importer_map(early) < 0);
	assert_ok(importer_map(late));
}

#define BOUNCE(name, function) \
	{ "bounce: " name, function, switch_setup, switch_teardown, NULL }

int suite_bounce(void)
{
	const struct CMUnitTest tests[] = {
		BOUNCE("what goes through the host bridge is not mapped",
		       host_bridge_refused),
		BOUNCE("what the switch routes is mapped to bus addresses",
		       routed_by_switch),
		BOUNCE("ACS that does not redirect leaves it to the switch",
		       other_acs),
		BOUNCE("request redirect at either port leads upwards",
		       request_redirect),
		BOUNCE("completion redirect at either port leads upwards",
		       completion_redirect),
		BOUNCE("egress control at either port leads upwards",
		       egress_control),
	};
	const struct CMUnitTest live[] = {
		BOUNCE("ACS counts as it is when the importer attaches",
		       cleared_meanwhile),
	};
	int failed;

	failed = run_group("bounce", tests);
	if (expects(reads_acs))
		failed += run_group("bounce", live);
	return failed;
}
