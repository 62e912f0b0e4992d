/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The display of the machine `screen`, as QEMU draws it.
 * Functions return 0, or what they say, or a negative errno.
 */
#ifndef GUEST_SCREEN_H
#define GUEST_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#define SCREEN_WIDTH	640
#define SCREEN_HEIGHT	480
#define SCREEN_PIXELS	(SCREEN_WIDTH * SCREEN_HEIGHT)
#define SCREEN_BYTES	(SCREEN_PIXELS * sizeof(uint32_t))

/* Whether the machine has a display. */
bool screen_exists(void);
/* Loads what it needs; once is enough. */
int screen_start(void);

/*
 * Returns once each of SCREEN_PIXELS pixels, XRGB8888, is on the display, or -EILSEQ
 * if another picture is there to the end.
 */
int screen_wait(const uint32_t *pixels);
/* Writes a PNG of it on the host; returns its name there, or NULL. */
const char *screen_save(void);

/* A picture for people, of SCREEN_PIXELS. */
void screen_draw(uint32_t *pixels);

#endif /* GUEST_SCREEN_H */
