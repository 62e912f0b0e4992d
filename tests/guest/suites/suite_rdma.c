// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory region's life: revokes, resets, closing, and who is killed; regions that pin.
 * What its pages are is in suite_region.c.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "region.h"
#include "suites.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX

/* Of what a region that pins is answered with. */
#define PARAMETER	"/sys/module/dmabuf_vfio_pci/parameters/pinned_importers"

static void decoding_off(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = region_open(&vfio, &bar);
	unsigned int i;

	(void)state;
	for (i = 1; i < 4; i++) {
		bench_decoding(vfio, false);
		region_taken(region, i, ENODEV);
		bench_decoding(vfio, true);
		region_lands(region, PAGE, bar + PAGE);
		region_mapped(region, i);
	}
}

static void reset(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = region_open(&vfio, &bar);

	(void)state;
	assert_ok(vfio_reset(vfio));
	region_lands(region, 3 * PAGE, bar + 3 * PAGE);
	region_mapped(region, 1);
}

static void closed(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = region_open(&vfio, &bar);

	(void)state;
	bench_close(vfio);
	region_taken(region, 1, ENODEV);
	/* Not by the next user's memory either. */
	bench_open(region_memory);
	region_taken(region, 1, ENODEV);
	region_deregister();
}

static void unbound(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = region_open(&vfio, &bar);

	(void)state;
	bench_close(vfio);
	assert_ok(device_unbind(region_memory));
	region_taken(region, 1, ENODEV);
}

/* Whoever is revoked cannot register either, and can again. */
static void registered_while_off(void **state)
{
	struct vfio *vfio = bench_open(region_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);

	(void)state;
	bench_decoding(vfio, false);
	region_refused(buffer, ENODEV);
	bench_decoding(vfio, true);
	region_lands(region_register(buffer, 0, PAGE, 0), 0, bench_mmap(vfio, BAR2));
}

static void assert_no_importer(void)
{
	char text[4096];

	if (!expects(shows_inside))
		return;
	assert_ok(bench_debugfs(region_memory, "buffers", text, sizeof(text)));
	assert_null(strstr(text, "importer"));
}

/* What debugfs says of whom is what the RDMA core does. */
static void shown_inside(void **state)
{
	struct vfio *vfio;
	char text[4096], line[128];
	uint8_t *bar;

	(void)state;
	if (!expects(shows_inside))
		return;
	region_open(&vfio, &bar);
	snprintf(line, sizeof(line), "\timporter %s map %s mappings 1 ", region_engine,
		 device_find(IVSHMEM, REGION_SWITCHED) ? "BUS_ADDR" : "THRU_HOST_BRIDGE");
	assert_ok(bench_debugfs(region_memory, "buffers", text, sizeof(text)));
	assert_non_null(strstr(text, line));
	assert_non_null(strstr(text, " driver dvp_rdma "));
	region_deregister();
	assert_no_importer();
}

/* The RDMA core deregisters what its users have not. */
static void card_goes(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;

	(void)state;
	region_open(&vfio, &bar);
	assert_ok(device_unbind(region_engine));
	assert_no_importer();
	bench_decoding(vfio, false);
	bench_decoding(vfio, true);
}

/**
 * enum holder - what the one who is killed has opened, in this order
 * @DEVICE_CARD: the device, and then the card
 * @CARD_DEVICE: the card, and then the device
 * @ONLY_CARD: the card; the device is another's
 */
enum holder {
	DEVICE_CARD,
	CARD_DEVICE,
	ONLY_CARD,
};

/* Descriptors are closed from the lowest on.  Returns only if something fails. */
static void hold_until_killed(enum holder holder, int buffer, int ready)
{
	struct ibv_mr *region;
	struct card own_card;
	struct vfio vfio;

	if (holder == CARD_DEVICE && card_open(&own_card, region_engine))
		return;
	if (holder != ONLY_CARD) {
		if (vfio_open(&vfio, region_memory))
			return;
		buffer = vfio_export_range(&vfio, BAR2, 0, 16 * PAGE);
	}
	if (holder != CARD_DEVICE && card_open(&own_card, region_engine))
		return;
	if (card_register(&own_card, buffer, 0, 16 * PAGE, 0, &region))
		return;
	if (write(ready, "", 1) == 1)
		pause();
}

static void kill_holder(enum holder holder, int buffer)
{
	int ready[2], status;
	uint32_t key;
	char byte;
	pid_t child;

	assert_ok(device_bind(region_engine, "dvp_rdma"));
	assert_sys(pipe(ready));
	child = fork();
	assert_sys(child);
	if (!child) {
		hold_until_killed(holder, buffer, ready[1]);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(assert_ok(card_regions(region_engine, &key)), 1);
	assert_ok(card_write(region_engine, key, 0, 1));
	kill(child, SIGKILL);
	assert_sys(waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(assert_ok(card_regions(region_engine, &key)), 0);
	assert_no_importer();
}

static void card_user_killed(void **state)
{
	struct vfio *vfio = bench_open(region_memory);
	int buffer = bench_export(vfio, BAR2, 0, 16 * PAGE);

	(void)state;
	kill_holder(ONLY_CARD, buffer);
	region_lands(region_register(buffer, 0, PAGE, 0), 0, bench_mmap(vfio, BAR2));
}

static void both_killed(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;

	(void)state;
	assert_ok(device_bind(region_memory, bench_driver()));
	kill_holder(DEVICE_CARD, -1);
	kill_holder(CARD_DEVICE, -1);
	region_open(&vfio, &bar);
}

/* Its descriptors are still open, and its region is not. */
static void example(void **state)
{
	char name[] = "rdma-region", device[BDF_SIZE];
	uint32_t key;
	int status;
	pid_t child;

	(void)state;
	assert_ok(device_bind(region_memory, bench_driver()));
	region_open_card();
	snprintf(device, sizeof(device), "%s", region_memory);
	child = fork();
	assert_sys(child);
	if (!child) {
		execlp(name, name, ibv_get_device_name(region_card.context->device),
		       device, "2", "0", "0x200000", NULL);
		_exit(127);
	}
	wait_until(waitpid(child, &status, WNOHANG) ||
		   card_regions(region_engine, &key) == 1);
	assert_ok(card_write(region_engine, key, 0x1ff000, 2));
	kill(child, SIGKILL);
	assert_sys(waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(assert_ok(card_regions(region_engine, &key)), 0);
}

/* efa, bnxt_re, mana, ionic, and irdma before 7.1. */
static void pinned(void **state)
{
	struct vfio *vfio = bench_open(region_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);

	(void)state;
	assert_ok(card_register_as(CARD_PINNED));
	region_refused(buffer, EOPNOTSUPP);
	/* Nothing of it is left in the way of others. */
	assert_no_importer();
	assert_ok(card_register_as(CARD_DYNAMIC));
	region_lands(region_register(buffer, 0, PAGE, 0), 0, bench_mmap(vfio, BAR2));
}

/* irdma from 7.1 on: a region is given up for good, not mapped anew. */
static void revocable(void **state)
{
	struct vfio *vfio = bench_open(region_memory);
	int buffer = bench_export(vfio, BAR2, 0, 16 * PAGE);
	uint8_t *bar = bench_mmap(vfio, BAR2);
	struct ibv_mr *region;

	(void)state;
	assert_ok(card_register_as(CARD_REVOCABLE));
	region = region_register(buffer, PAGE, 4 * PAGE, 0);
	region_lands(region, 0, bar + PAGE);
	bench_decoding(vfio, false);
	region_taken(region, 1, EFAULT);
	bench_decoding(vfio, true);
	region_taken(region, 1, EFAULT);

	region = region_register(buffer, PAGE, 4 * PAGE, 0);
	region_lands(region, 0, bar + PAGE);
	bench_close(vfio);
	region_taken(region, 1, EFAULT);
}

/* A kernel without has no such symbol; what looks like one may have it. */
static void not_revocable(void **state)
{
	struct vfio *vfio = bench_open(region_memory);
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	struct ibv_mr *region;
	int ret;

	(void)state;
	assert_ok(card_register_as(CARD_REVOCABLE));
	region_open_card();
	ret = card_register(&region_card, buffer, 0, PAGE, 0, &region);
	if (ret != -ENXIO)
		assert_error(ret, EOPNOTSUPP);
	assert_no_importer();
}

/* With pinned_importers=hold such a region is accepted, and the device waits for it. */
static struct ibv_mr *hold_subject(struct vfio **vfio, uint8_t **bar)
{
	struct ibv_mr *region;

	assert_ok(bench_reload("pinned_importers=hold"));
	*vfio = bench_open(region_memory);
	assert_ok(card_register_as(CARD_PINNED));
	region = region_register(bench_export(*vfio, BAR2, MIB, 16 * PAGE),
				 2 * PAGE, 4 * PAGE, 0);
	*bar = bench_mmap(*vfio, BAR2) + MIB + 2 * PAGE;
	region_lands(region, 0, *bar);
	return region;
}

/* Whether somebody can open the device now. */
static bool is_free(void)
{
	struct vfio vfio;
	int ret = vfio_open(&vfio, region_memory);

	if (ret && ret != -EBUSY)
		assert_ok(ret);
	vfio_close(&vfio);
	return !ret;
}

static void held(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = hold_subject(&vfio, &bar);

	(void)state;
	bench_decoding(vfio, false);
	assert_ok(card_write(region_engine, region->rkey, 0, 0xee));
	bench_decoding(vfio, true);
	assert_false(region_is_filled(bar, 0xee));
	region_lands(region, PAGE, bar + PAGE);
	region_mapped(region, 0);
}

static void held_closed(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;
	struct ibv_mr *region = hold_subject(&vfio, &bar);

	(void)state;
	bench_close(vfio);
	region_mapped(region, 0);
	assert_false(is_free());
	region_deregister();
	assert_true(is_free());
}

/* The card takes its region along. */
static void held_card_goes(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;

	(void)state;
	hold_subject(&vfio, &bar);
	bench_close(vfio);
	assert_false(is_free());
	assert_ok(device_unbind(region_engine));
	assert_true(is_free());
}

static void held_killed(void **state)
{
	(void)state;
	assert_ok(bench_reload("pinned_importers=hold"));
	assert_ok(device_bind(region_memory, bench_driver()));
	assert_ok(card_register_as(CARD_PINNED));
	kill_holder(DEVICE_CARD, -1);
	assert_true(is_free());
	kill_holder(CARD_DEVICE, -1);
	assert_true(is_free());
}

static int reload_teardown(void **state)
{
	region_teardown(state);
	return bench_reload("");
}

#define RDMA(name, function) \
	{ "rdma: " name, function, region_setup, region_teardown, NULL }
#define HELD(name, function) \
	{ "rdma: " name, function, region_setup, reload_teardown, NULL }

int suite_rdma(void)
{
	const struct CMUnitTest tests[] = {
		RDMA("decoding off takes the card's table, and the next use brings it",
		     decoding_off),
		RDMA("a reset takes the card's table, and the next use brings it",
		     reset),
		RDMA("closing the device takes the card's table for good", closed),
		RDMA("a device on which a region is registered can be unbound",
		     unbound),
		RDMA("nothing is registered while decoding is off",
		     registered_while_off),
		RDMA("debugfs has the card while a region is registered",
		     shown_inside),
		RDMA("a card that goes leaves nothing behind", card_goes),
		RDMA("the card's user is killed", card_user_killed),
		RDMA("who has opened both is killed, in both orders", both_killed),
		RDMA("the example program registers a region", example),
		RDMA("a region that pins and is not told is refused", pinned),
		expect_kernel()->pins == PINS_ALLOWED ?
			(struct CMUnitTest)
			RDMA("a region that pins and obeys is given up for good",
			     revocable) :
			(struct CMUnitTest)
			RDMA("where pins are refused, one that would obey is as well",
			     not_revocable),
	};
	const struct CMUnitTest hold[] = {
		HELD("a region that pins is held through decoding off", held),
		HELD("a region that pins keeps the device from its next user",
		     held_closed),
		HELD("a card that goes lets a held device go", held_card_goes),
		HELD("who has pinned and opened both is killed, in both orders",
		     held_killed),
	};
	int failed = cmocka_run_group_tests_name("rdma", tests, region_load,
						 region_unload);

	/* Only our own exporter holds. */
	if (expect()->shows_inside && !access(PARAMETER, F_OK))
		failed += cmocka_run_group_tests_name("rdma", hold, region_load,
						      region_unload);
	return failed;
}
