// SPDX-License-Identifier: GPL-2.0-only
/* Devices that are only reset together, through either of them. */
#include "events.h"
#include "stress.h"

/* Only this thread opens and closes them. */
static struct stress_exporter *const pair[] = {
	&stress.exporters[STRESS_FIRST], &stress.exporters[STRESS_SECOND],
};

/* Both are of one group, which the first keeps. */
void stress_open_pair(void)
{
	struct vfio second = { -1, -1, -1 };

	stress_open(pair[0]);
	second.device = vfio_open_sibling(&pair[0]->vfio, pair[1]->bdf);
	vfio_set_command(&second, PCI_COMMAND_MEMORY, 0);
	stress_swap_device(pair[1], &second);
	stress_count(OPENS);
}

/* Nobody makes events: whoever has mapped the other one's memory loses it. */
static int look_at_reset(unsigned int which, int importer)
{
	const struct vfio *other = &pair[!which]->vfio;
	int buffer = vfio_export_range(other, STRESS_BAR, 0, PAGE);
	int ret;

	if (buffer < 0 || importer_attach(importer, buffer) ||
	    importer_map(importer))
		stress_count(NOT_BACK);
	ret = vfio_hot_reset(pair[which]->vfio.device, pair[0]->vfio.group);
	if (!ret && importer_is_mapped(importer))
		stress_count(STILL_MAPPED);
	importer_detach(importer);
	close(buffer);
	stress_look_when_back(other, importer);
	stress_look_when_back(&pair[which]->vfio, importer);
	return ret;
}

void stress_hot_reset(struct worker *worker)
{
	unsigned int which = stress_pick(&worker->seed, 2), i;
	bool alone = stress_pick(&worker->seed, 3) == 0;
	int ret;

	usleep(stress_pick(&worker->seed, 1000000));
	for (i = 0; i < ARRAY_SIZE(pair); i++)
		if (alone)
			pthread_rwlock_wrlock(&pair[i]->lock);
		else
			pthread_rwlock_rdlock(&pair[i]->lock);
	if (alone)
		ret = look_at_reset(which, worker->importer);
	else
		ret = vfio_hot_reset(pair[which]->vfio.device,
				     pair[0]->vfio.group);
	stress_count(ret ? REFUSED : HOT_RESETS);
	for (i = ARRAY_SIZE(pair); i--;)
		pthread_rwlock_unlock(&pair[i]->lock);
}
