/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A display by the kernel's DRM interface.  Functions return 0, or what they say, or
 * a negative errno.
 */
#ifndef GUEST_DRM_H
#define GUEST_DRM_H

#include <stdint.h>

#include <libdrm/drm.h>
#include <libdrm/drm_mode.h>

/**
 * struct drm - a display whose only user we are
 * @card: file descriptor; closing it gives back all that has been imported
 * @crtc: id of its first CRTC
 * @connector: id of its first connector
 * @mode: what the connector prefers
 */
struct drm {
	int card;
	uint32_t crtc;
	uint32_t connector;
	struct drm_mode_modeinfo mode;
};

/**
 * struct drm_picture - how a picture lies in a buffer, in 32 bits per pixel: XRGB8888
 * @width: pixels of a line
 * @height: lines
 * @pitch: bytes from one line to the next
 * @offset: where the first line is, in bytes
 */
struct drm_picture {
	uint32_t width;
	uint32_t height;
	uint32_t pitch;
	uint32_t offset;
};

/* The first display of the driver virtio_gpu. */
int drm_open(struct drm *drm);

/* Imports a dma-buf: returns 0, and the handle by which the display knows it. */
int drm_import(const struct drm *drm, int buffer, uint32_t *handle);
void drm_forget(const struct drm *drm, uint32_t handle);

/* Makes a framebuffer of what was imported: returns 0, and its id. */
int drm_add(const struct drm *drm, uint32_t handle,
	    const struct drm_picture *picture, uint32_t *framebuffer);
int drm_remove(const struct drm *drm, uint32_t framebuffer);

/* Shows it in the preferred mode. */
int drm_show(const struct drm *drm, uint32_t framebuffer);
/* Says that it has changed. */
int drm_changed(const struct drm *drm, uint32_t framebuffer);

#endif /* GUEST_DRM_H */
