// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libdrm/drm_fourcc.h>

#include "drm.h"

#define DRIVER		"virtio_gpu"
#define MAX_CARDS	4
#define MAX_MODES	64

static int call(int card, unsigned long request, void *argument)
{
	int ret;

	do
		ret = ioctl(card, request, argument);
	while (ret && (errno == EINTR || errno == EAGAIN));
	return ret ? -errno : 0;
}

static int open_card(unsigned int number)
{
	char path[32], name[32] = "";
	struct drm_version version = {
		.name = name,
		.name_len = sizeof(name) - 1,
	};
	int card, ret;

	snprintf(path, sizeof(path), "/dev/dri/card%u", number);
	card = open(path, O_RDWR | O_CLOEXEC);
	if (card < 0)
		return -errno;
	ret = call(card, DRM_IOCTL_VERSION, &version);
	if (!ret && strcmp(name, DRIVER))
		ret = -ENODEV;
	if (!ret)
		return card;
	close(card);
	return ret;
}

static int find_output(struct drm *drm)
{
	struct drm_mode_card_res all = {
		.crtc_id_ptr = (uintptr_t)&drm->crtc,
		.count_crtcs = 1,
		.connector_id_ptr = (uintptr_t)&drm->connector,
		.count_connectors = 1,
	};
	int ret;

	ret = call(drm->card, DRM_IOCTL_MODE_GETRESOURCES, &all);
	if (!ret && (all.count_crtcs != 1 || all.count_connectors != 1))
		ret = -E2BIG;
	return ret;
}

/* The kernel looks what is connected when it is asked for no modes, and lists them so. */
static int find_mode(struct drm *drm)
{
	static struct drm_mode_modeinfo modes[MAX_MODES];
	struct drm_mode_get_connector connector = {
		.connector_id = drm->connector,
	};
	int ret;

	ret = call(drm->card, DRM_IOCTL_MODE_GETCONNECTOR, &connector);
	if (ret)
		return ret;
	if (!connector.count_modes || connector.count_modes > MAX_MODES)
		return -ENODEV;
	connector.modes_ptr = (uintptr_t)modes;
	connector.count_props = 0;
	connector.count_encoders = 0;
	ret = call(drm->card, DRM_IOCTL_MODE_GETCONNECTOR, &connector);
	drm->mode = modes[0];
	return ret;
}

int drm_open(struct drm *drm)
{
	unsigned int number;
	int ret = -ENODEV;

	for (number = 0; number < MAX_CARDS; number++) {
		drm->card = open_card(number);
		if (drm->card >= 0)
			break;
	}
	if (drm->card < 0)
		return drm->card;
	ret = find_output(drm);
	if (!ret)
		ret = find_mode(drm);
	if (ret)
		close(drm->card);
	return ret;
}

int drm_import(const struct drm *drm, int buffer, uint32_t *handle)
{
	struct drm_prime_handle prime = { .fd = buffer };
	int ret;

	ret = call(drm->card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);
	*handle = prime.handle;
	return ret;
}

void drm_forget(const struct drm *drm, uint32_t handle)
{
	struct drm_gem_close gem = { .handle = handle };

	call(drm->card, DRM_IOCTL_GEM_CLOSE, &gem);
}

int drm_add(const struct drm *drm, uint32_t handle,
	    const struct drm_picture *picture, uint32_t *framebuffer)
{
	struct drm_mode_fb_cmd2 command = {
		.width = picture->width,
		.height = picture->height,
		.pixel_format = DRM_FORMAT_XRGB8888,
		.handles = { handle },
		.pitches = { picture->pitch },
		.offsets = { picture->offset },
	};
	int ret;

	ret = call(drm->card, DRM_IOCTL_MODE_ADDFB2, &command);
	*framebuffer = command.fb_id;
	return ret;
}

int drm_remove(const struct drm *drm, uint32_t framebuffer)
{
	return call(drm->card, DRM_IOCTL_MODE_RMFB, &framebuffer);
}

int drm_show(const struct drm *drm, uint32_t framebuffer)
{
	struct drm_mode_crtc command = {
		.crtc_id = drm->crtc,
		.fb_id = framebuffer,
		.set_connectors_ptr = (uintptr_t)&drm->connector,
		.count_connectors = 1,
		.mode = drm->mode,
		.mode_valid = 1,
	};

	return call(drm->card, DRM_IOCTL_MODE_SETCRTC, &command);
}

int drm_changed(const struct drm *drm, uint32_t framebuffer)
{
	struct drm_mode_fb_dirty_cmd command = { .fb_id = framebuffer };

	return call(drm->card, DRM_IOCTL_MODE_DIRTYFB, &command);
}
