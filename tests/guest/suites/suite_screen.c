// SPDX-License-Identifier: GPL-2.0-only
/*
 * An importer that is not ours: virtio_gpu as the kernel has it shows what is in the
 * memory of another device.  QEMU says what is on the display, pixel by pixel.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "bench.h"
#include "drm.h"
#include "screen.h"
#include "suites.h"
#include "tool.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX

/* On the machine `screenpt`: below the switch that the display is below, too. */
#define SWITCH_IVSHMEM	2

/* One page of the BAR each, of which there are 1024. */
#define NR_PAGES	(SCREEN_BYTES / PAGE)
/* Goes through all of them in an order in which no two are neighbours. */
#define SCATTERED(i)	((i) * 389 % 1024 * PAGE)

static const struct drm_picture full = {
	SCREEN_WIDTH, SCREEN_HEIGHT, SCREEN_WIDTH * sizeof(uint32_t), 0,
};

static const struct vfio_region_dma_range one_range[] = {
	{ MIB + PAGE, SCREEN_BYTES },
};

/* Neither in order nor touching. */
static const struct vfio_region_dma_range three_ranges[] = {
	{ 3 * MIB, 100 * PAGE },
	{ PAGE, 50 * PAGE },
	{ 2 * MIB, 150 * PAGE },
};

/**
 * struct shown - a picture on the display
 * @vfio: the device in whose memory it is
 * @buffer: the memory
 * @drm: the display
 * @handle: what the display has imported
 * @framebuffer: made of it
 */
struct shown {
	struct vfio *vfio;
	int buffer;
	struct drm drm;
	uint32_t handle;
	uint32_t framebuffer;
};

static uint32_t pixels[SCREEN_PIXELS];

static const char *first_memory(void)
{
	return bench_find(IVSHMEM, 0);
}

static void draw(unsigned int seed)
{
	bench_pattern((uint8_t *)pixels, sizeof(pixels), seed);
}

/* Writes bytes to the ranges, as if they were one. */
static void put(struct vfio *vfio, const struct vfio_region_dma_range *ranges,
		uint32_t count, const void *data, size_t size)
{
	const uint8_t *from = data;
	uint8_t *memory = bench_mmap(vfio, BAR2);
	size_t length;
	uint32_t i;

	for (i = 0; i < count && size; i++) {
		length = ranges[i].length < size ? ranges[i].length : size;
		memcpy(memory + ranges[i].offset, from, length);
		from += length;
		size -= length;
	}
}

static void open_display(struct drm *drm)
{
	assert_ok(screen_start());
	assert_ok(drm_open(drm));
	bench_keep(drm->card);
	assert_int_equal(drm->mode.hdisplay, SCREEN_WIDTH);
	assert_int_equal(drm->mode.vdisplay, SCREEN_HEIGHT);
}

/* By which path the display has mapped the only buffer, and how often. */
static void assert_mapped(const char *exporter, const char *path, unsigned int mappings)
{
	char text[4096], line[128];

	if (!expects(shows_inside))
		return;
	snprintf(line, sizeof(line), "importer %s map %s mappings %u ",
		 bench_find(VIRTIO_GPU, 0), path, mappings);
	assert_ok(bench_debugfs(exporter, "buffers", text, sizeof(text)));
	if (!strstr(text, line))
		fail_msg("no \"%s\" in: %.400s", line, text);
}

/* Imports the buffer anew, and shows it. */
static void show(struct shown *shown, const struct drm_picture *picture)
{
	assert_ok(drm_import(&shown->drm, shown->buffer, &shown->handle));
	assert_ok(drm_add(&shown->drm, shown->handle, picture,
			  &shown->framebuffer));
	assert_ok(drm_show(&shown->drm, shown->framebuffer));
}

static void forget(struct shown *shown)
{
	assert_ok(drm_remove(&shown->drm, shown->framebuffer));
	drm_forget(&shown->drm, shown->handle);
}

static struct shown show_ranges(const char *bdf,
				const struct vfio_region_dma_range *ranges,
				uint32_t count)
{
	struct shown shown = { .vfio = bench_open(bdf) };

	put(shown.vfio, ranges, count, pixels, sizeof(pixels));
	shown.buffer = bench_export_ranges(shown.vfio, BAR2, ranges, count);
	open_display(&shown.drm);
	show(&shown, &full);
	assert_ok(screen_wait(pixels));
	return shown;
}

static struct shown show_noise(unsigned int seed)
{
	draw(seed);
	return show_ranges(first_memory(), one_range, ARRAY_SIZE(one_range));
}

/* Neither what it has imported nor an import of its own works. */
static void assert_taken(const struct shown *shown)
{
	struct drm other;
	uint32_t handle;

	assert_error(drm_changed(&shown->drm, shown->framebuffer), ENODEV);
	assert_ok(drm_open(&other));
	bench_keep(other.card);
	assert_error(drm_import(&other, shown->buffer, &handle), ENODEV);
	bench_drop(other.card);
}

/* What has been imported works again, and so does an import of its own. */
static void assert_back(struct shown *shown, unsigned int seed)
{
	assert_ok(drm_changed(&shown->drm, shown->framebuffer));
	forget(shown);
	draw(seed);
	put(shown->vfio, one_range, 1, pixels, sizeof(pixels));
	show(shown, &full);
	assert_ok(screen_wait(pixels));
}

static void picture(void **state)
{
	(void)state;
	screen_draw(pixels);
	show_ranges(first_memory(), one_range, ARRAY_SIZE(one_range));
	assert_mapped(first_memory(), "THRU_HOST_BRIDGE", 1);
	assert_non_null(screen_save());
}

static void below_switch(void **state)
{
	const char *exporter = bench_find(IVSHMEM, SWITCH_IVSHMEM);

	(void)state;
	draw(1);
	show_ranges(exporter, one_range, ARRAY_SIZE(one_range));
	assert_mapped(exporter, "BUS_ADDR", 1);
}

static void changed(void **state)
{
	struct shown shown = show_noise(2);
	unsigned int seed;

	(void)state;
	for (seed = 3; seed < 6; seed++) {
		draw(seed);
		put(shown.vfio, one_range, 1, pixels, sizeof(pixels));
		assert_ok(drm_changed(&shown.drm, shown.framebuffer));
		assert_ok(screen_wait(pixels));
	}
}

/* Lines that are longer than what is shown of them, from within the buffer on. */
static void part_of_it(void **state)
{
	static const struct drm_picture part = {
		SCREEN_WIDTH, SCREEN_HEIGHT, PAGE, 3 * PAGE + 64,
	};
	static const struct vfio_region_dma_range range = { MIB, 2 * MIB };
	static uint8_t bytes[2 * MIB];
	struct shown shown = { .vfio = bench_open_memory() };
	unsigned int line;

	(void)state;
	bench_pattern(bytes, sizeof(bytes), 6);
	for (line = 0; line < SCREEN_HEIGHT; line++)
		memcpy(pixels + line * SCREEN_WIDTH,
		       bytes + part.offset + line * part.pitch, full.pitch);
	put(shown.vfio, &range, 1, bytes, sizeof(bytes));
	shown.buffer = bench_export_ranges(shown.vfio, BAR2, &range, 1);
	open_display(&shown.drm);
	show(&shown, &part);
	assert_ok(screen_wait(pixels));
}

static void check_ranges(const struct vfio_region_dma_range *ranges,
			 uint32_t count)
{
	struct shown shown = { .vfio = bench_open(first_memory()) };

	/* The display is behind the same IOMMU as the other importers, or none. */
	if (bench_maps_several()) {
		bench_close(shown.vfio);
		draw(count);
		show_ranges(first_memory(), ranges, count);
		return;
	}
	shown.buffer = bench_export_ranges(shown.vfio, BAR2, ranges, count);
	open_display(&shown.drm);
	assert_error(drm_import(&shown.drm, shown.buffer, &shown.handle),
		     expects(several_translated));
}

static void several(void **state)
{
	(void)state;
	check_ranges(three_ranges, ARRAY_SIZE(three_ranges));
}

static void every_page(void **state)
{
	struct vfio_region_dma_range ranges[NR_PAGES];
	unsigned int i;

	(void)state;
	for (i = 0; i < NR_PAGES; i++) {
		ranges[i].offset = SCATTERED(i);
		ranges[i].length = PAGE;
	}
	check_ranges(ranges, NR_PAGES);
}

static void decoding_off(void **state)
{
	struct shown shown = show_noise(7);

	(void)state;
	bench_decoding(shown.vfio, false);
	assert_mapped(first_memory(), "THRU_HOST_BRIDGE", 0);
	assert_taken(&shown);
	bench_decoding(shown.vfio, true);
	assert_back(&shown, 8);
}

static void over_and_over(void **state)
{
	struct shown shown = show_noise(9);
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		bench_decoding(shown.vfio, false);
		assert_error(drm_changed(&shown.drm, shown.framebuffer), ENODEV);
		bench_decoding(shown.vfio, true);
		assert_ok(drm_changed(&shown.drm, shown.framebuffer));
	}
	assert_back(&shown, 10);
}

static void reset(void **state)
{
	struct shown shown = show_noise(11);

	(void)state;
	assert_ok(vfio_reset(shown.vfio));
	assert_back(&shown, 12);
}

static void closed(void **state)
{
	struct shown shown = show_noise(13);

	(void)state;
	bench_close(shown.vfio);
	assert_taken(&shown);

	/* The next user's memory is another's picture. */
	forget(&shown);
	bench_drop(shown.buffer);
	draw(14);
	shown.vfio = bench_open(first_memory());
	put(shown.vfio, one_range, 1, pixels, sizeof(pixels));
	shown.buffer = bench_export_ranges(shown.vfio, BAR2, one_range, 1);
	show(&shown, &full);
	assert_ok(screen_wait(pixels));
}

static void unbound(void **state)
{
	struct shown shown = show_noise(15);

	(void)state;
	bench_close(shown.vfio);
	assert_ok(device_unbind(first_memory()));
	assert_error(drm_changed(&shown.drm, shown.framebuffer), ENODEV);
}

/**
 * enum holder - what the one who is killed has opened, in this order
 * @DISPLAY: only the display; the device is another's
 * @DEVICE_DISPLAY: the device, and then the display
 * @DISPLAY_DEVICE: the display, and then the device
 */
enum holder {
	DISPLAY,
	DEVICE_DISPLAY,
	DISPLAY_DEVICE,
};

/* Descriptors are closed from the lowest on.  Returns only if something fails. */
static void show_until_killed(enum holder holder, struct shown *shown, int ready)
{
	struct vfio vfio;

	if (holder == DISPLAY_DEVICE && drm_open(&shown->drm))
		return;
	if (holder != DISPLAY) {
		if (vfio_open(&vfio, first_memory()) ||
		    vfio_write(&vfio, BAR2, one_range->offset, pixels, sizeof(pixels)))
			return;
		shown->buffer = vfio_export(&vfio, BAR2, one_range, 1, O_RDWR);
	}
	if (holder != DISPLAY_DEVICE && drm_open(&shown->drm))
		return;
	if (drm_import(&shown->drm, shown->buffer, &shown->handle) ||
	    drm_add(&shown->drm, shown->handle, &full, &shown->framebuffer) ||
	    drm_show(&shown->drm, shown->framebuffer))
		return;
	if (write(ready, "", 1) == 1)
		pause();
}

static void kill_holder(enum holder holder, struct shown *shown)
{
	int ready[2], status;
	char byte;
	pid_t child;

	assert_ok(screen_start());
	assert_sys(pipe(ready));
	child = fork();
	assert_sys(child);
	if (!child) {
		show_until_killed(holder, shown, ready[1]);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_ok(screen_wait(pixels));
	kill(child, SIGKILL);
	assert_sys(waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status));
}

static void display_killed(void **state)
{
	struct shown shown = { .vfio = bench_open(first_memory()) };

	(void)state;
	draw(16);
	put(shown.vfio, one_range, 1, pixels, sizeof(pixels));
	shown.buffer = bench_export_ranges(shown.vfio, BAR2, one_range, 1);
	kill_holder(DISPLAY, &shown);

	open_display(&shown.drm);
	show(&shown, &full);
	assert_ok(screen_wait(pixels));
}

static void both_killed(void **state)
{
	enum holder holder;
	struct shown shown;

	(void)state;
	assert_ok(device_bind(first_memory(), bench_driver()));
	for (holder = DEVICE_DISPLAY; holder <= DISPLAY_DEVICE; holder++) {
		draw(20 + holder);
		kill_holder(holder, &shown);
	}
	show_noise(23);
}

/* The display's driver imports for anybody who has its render node open. */
static void selftested(void **state)
{
	const char *bdf = first_memory();
	struct tool_run run;
	char words[64];

	(void)state;
	assert_ok(screen_start());
	assert_ok(device_bind(bdf, bench_driver()));
	run = tool_run("selftest", bdf, NULL);
	snprintf(words, sizeof(words), "ok       %s: %s imports it", bdf,
		 bench_find(VIRTIO_GPU, 0));
	assert_tool(run, 0, words);
	if (!expects(shows_inside))
		return;
	assert_tool(run, 0, "imports it, by the path ");
	assert_tool(run, 0, "its buffers are revoked when it stops decoding memory\n");
	assert_tool(run, 0, "its buffers are restored when it decodes memory again\n");
}

/* Attaches for good, as it does for memory of the CPU's. */
static void refused(void **state)
{
	struct shown shown = { .vfio = bench_open(first_memory()) };

	(void)state;
	shown.buffer = bench_export_ranges(shown.vfio, BAR2, one_range, 1);
	open_display(&shown.drm);
	assert_error(drm_import(&shown.drm, shown.buffer, &shown.handle),
		     EOPNOTSUPP);
}

#define SCREEN(name, function) TEST("screen", name, function)

int suite_screen(void)
{
	const struct CMUnitTest tests[] = {
		SCREEN("a picture in one device's memory is on another's display",
		       picture),
		SCREEN("what is written there later is on the display", changed),
		SCREEN("a part of the buffer is a picture as well", part_of_it),
		SCREEN("several ranges are one picture", several),
		SCREEN("pages from all over the BAR are one picture", every_page),
		SCREEN("decoding off takes the picture, and on gives it back",
		       decoding_off),
		SCREEN("it is taken and given back again and again",
		       over_and_over),
		SCREEN("after a reset while it is shown it can be shown again",
		       reset),
		SCREEN("closing the device takes it for good", closed),
		SCREEN("a device whose memory was shown can be unbound", unbound),
		SCREEN("the display's user is killed while it shows it",
		       display_killed),
		SCREEN("who uses both is killed while it shows it", both_killed),
	};
	const struct CMUnitTest command[] = {
		SCREEN("selftest lets the display import, and let go of it",
		       selftested),
	};
	const struct CMUnitTest switched[] = {
		SCREEN("a picture below a switch is on the display beside it",
		       below_switch),
	};
	const struct CMUnitTest older[] = {
		SCREEN("a display that cannot give it back is refused", refused),
	};
	int failed;

	/* Since 6.14 it attaches as one that can be told to let go. */
	if (!expect_kernel()->core_exports)
		return run_group("screen", older);
	failed = run_group("screen", tests);
	/* The command tests our driver only. */
	if (bench_is_ours())
		failed += run_group("screen", command);
	if (device_find(IVSHMEM, SWITCH_IVSHMEM))
		failed += run_group("screen", switched);
	return failed;
}
