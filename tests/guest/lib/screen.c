// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "modules.h"
#include "monitor.h"
#include "screen.h"

/* The folder on the host, and where it is here. */
#define HOSTS	"DVP_SHARE"
#define HERE	"/tmp/share"
#define DUMP	"screen.ppm"
/* What the machine calls it; it has another display, secondary-vga. */
#define DISPLAY	"screen"

#define PATIENCE_S	30

bool screen_exists(void)
{
	return getenv(HOSTS);
}

int screen_start(void)
{
	static const char *const modules[] = {
		"virtio_pci", "virtio-gpu", "9pnet_virtio", "9p",
	};
	unsigned int i;
	int ret;

	if (!access(HERE, F_OK))
		return 0;
	for (i = 0; i < sizeof(modules) / sizeof(*modules); i++) {
		ret = module_load(modules[i], NULL);
		if (ret)
			return ret;
	}
	/* What the host changes there is seen at once. */
	if (mkdir(HERE, 0755) ||
	    mount("share", HERE, "9p", MS_RDONLY,
		  "trans=virtio,version=9p2000.L,cache=none,msize=131072"))
		return -errno;
	return 0;
}

static int read_dump(uint8_t (*colors)[3])
{
	unsigned int width, height, most;
	FILE *file = fopen(HERE "/" DUMP, "r");
	int ret = -EBADMSG;

	if (!file)
		return -errno;
	if (fscanf(file, "P6 %u %u %u", &width, &height, &most) == 3 &&
	    fgetc(file) == '\n' && width == SCREEN_WIDTH &&
	    height == SCREEN_HEIGHT && most == 255 &&
	    fread(colors, sizeof(*colors), SCREEN_PIXELS, file) == SCREEN_PIXELS)
		ret = 0;
	fclose(file);
	return ret;
}

/* 1 or 0; a display of another size is no error, but not the picture either. */
static int shows(const uint32_t *pixels)
{
	static uint8_t colors[SCREEN_PIXELS][3];
	unsigned int i;
	int ret;

	ret = monitor("screendump", "'device': '" DISPLAY "', 'filename': '%s/%s'",
		      getenv(HOSTS), DUMP);
	if (!ret)
		ret = read_dump(colors);
	if (ret)
		return ret == -EBADMSG ? 0 : ret;
	for (i = 0; i < SCREEN_PIXELS; i++)
		if ((colors[i][0] << 16 | colors[i][1] << 8 | colors[i][2]) !=
		    (int)(pixels[i] & 0xffffff))
			return 0;
	return 1;
}

/* The kernel says what is to be shown, and does not wait for QEMU without a limit. */
int screen_wait(const uint32_t *pixels)
{
	time_t end = time(NULL) + PATIENCE_S;
	int ret;

	do {
		ret = shows(pixels);
		if (ret)
			return ret < 0 ? ret : 0;
		usleep(1000);
	} while (time(NULL) < end);
	return -EILSEQ;
}

const char *screen_save(void)
{
	const char *name = getenv("DVP_PICTURE");

	return name && !monitor("screendump", "'device': '" DISPLAY
				"', 'format': 'png', 'filename': '%s'",
				name) ? name : NULL;
}

/* A sun with rays above water, in which it is reflected. */
void screen_draw(uint32_t *pixels)
{
	const int horizon = SCREEN_HEIGHT * 5 / 8, radius = 90;
	int x, y, up, from, to, red, green, blue;

	for (y = 0; y < SCREEN_HEIGHT; y++) {
		/* Each second band of the water is a little to the side. */
		up = y < horizon ? y : 2 * horizon - y;
		from = y < horizon ? 0 : (y / 4 % 2 ? 6 : -6);
		for (x = 0; x < SCREEN_WIDTH; x++) {
			to = (x + from - SCREEN_WIDTH / 2) * (x + from - SCREEN_WIDTH / 2) +
			     (up - horizon + 60) * (up - horizon + 60);
			red = 40 + 200 * up / horizon;
			green = 30 + 110 * up / horizon;
			blue = 90 + 30 * up / horizon;
			if (to < radius * radius) {
				red = 255;
				green = 235 - 100 * to / (radius * radius);
				blue = 90;
			}
			if (y >= horizon) {
				red = red * 3 / 5;
				green = green * 3 / 5;
				blue = blue * 4 / 5;
			}
			pixels[y * SCREEN_WIDTH + x] = red << 16 | green << 8 | blue;
		}
	}
}
