// SPDX-License-Identifier: GPL-2.0-only
/* The memory is taken away and given back, in every way that its user has. */
#include <linux/pci_regs.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "events.h"
#include "stress.h"

/* The core cuts a write up: where it begins, seen from the register, and ends. */
static const struct {
	int from;
	unsigned int size;
} shapes[] = {
	{ 0, 1 }, { 0, 2 }, { 0, 4 }, { -1, 3 }, { -2, 4 }, { -4, 8 },
};

/* What is around the register is written as it was, or as zeroes. */
static int write_register(const struct vfio *device, unsigned int reg,
			  uint16_t value, unsigned int *seed)
{
	unsigned int shape = stress_pick(seed, ARRAY_SIZE(shapes));
	uint8_t data[8] = { 0 };
	int ret;

	ret = vfio_read(device, CONFIG, reg - 4, data, 4);
	if (ret)
		return ret;
	memcpy(data + 4, &value, sizeof(value));
	return vfio_write(device, CONFIG, reg + shapes[shape].from,
			  data + 4 + shapes[shape].from, shapes[shape].size);
}

static int set_memory(const struct vfio *device, bool on, unsigned int *seed)
{
	return write_register(device, PCI_COMMAND,
			      on ? PCI_COMMAND_MEMORY : 0, seed);
}

static int set_power(const struct vfio *device, unsigned int state,
		     unsigned int *seed)
{
	return write_register(device, stress.pmcsr, state, seed);
}

static int low_power(const struct vfio *device, uint32_t feature,
		     const void *payload, size_t size)
{
	return vfio_feature(device, VFIO_DEVICE_FEATURE_SET | feature, payload,
			    size);
}

/* Events: 0 or a negative errno. */
static int memory_off(const struct vfio *device, unsigned int *seed)
{
	return set_memory(device, false, seed);
}

static int power_off(const struct vfio *device, unsigned int *seed)
{
	return set_power(device, 3, seed);
}

static int sleep_deep(const struct vfio *device, unsigned int *seed)
{
	(void)seed;
	return low_power(device, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, NULL, 0);
}

static int sleep_lightly(const struct vfio *device, unsigned int *seed)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = eventfd(0, EFD_CLOEXEC),
	};
	int ret;

	(void)seed;
	ret = low_power(device, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			&entry, sizeof(entry));
	close(entry.wakeup_eventfd);
	return ret;
}

static int reset(const struct vfio *device, unsigned int *seed)
{
	(void)seed;
	return ioctl(device->device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static int reset_function(const struct vfio *device, unsigned int *seed)
{
	(void)seed;
	return vfio_write(device, CONFIG, stress.devctl,
			  &(uint16_t){ PCI_EXP_DEVCTL_BCR_FLR }, 2);
}

/* The kernel copies twice what another thread writes in between. */
static int lie(const struct vfio *device, unsigned int *seed)
{
	struct vfio_region_info info;

	if (!stress.lies)
		return memory_off(device, seed);
	if (vfio_region(device, CONFIG, &info) ||
	    pwrite(device->device, (void *)&stress.command, 2,
		   info.offset + PCI_COMMAND) != 2)
		return -errno;
	return 0;
}

/* Those that take long are rare; the main exporter has all, the others the first. */
static int (*const events[])(const struct vfio *device, unsigned int *seed) = {
	memory_off, memory_off, memory_off, memory_off, lie, lie, lie, lie,
	power_off, power_off, sleep_deep, sleep_lightly, reset, reset_function,
};

#define COMMON_EVENTS 8

static bool is_main(const struct stress_exporter *exporter)
{
	return exporter->place == STRESS_MAIN;
}

/*
 * Without a descriptor of the device, as the reset waits for an unbinding that
 * waits for all descriptors.  The way stays for a while, and other resets that
 * come meanwhile take it, too; but that of the bus takes a second.
 */
static int reset_by_administrator(const struct stress_exporter *exporter,
				  unsigned int *seed)
{
	char methods[sizeof(stress.methods)], *rest = methods, *method;
	unsigned int nth = stress_pick(seed, 16);
	int ret;

	memcpy(methods, stress.methods, sizeof(methods));
	while ((method = strsep(&rest, " ")) && nth--)
		;
	if (method)
		device_write_attr(exporter->bdf, "reset_method", method);
	ret = device_write_attr(exporter->bdf, "reset", "1");
	if (method)
		device_write_attr(exporter->bdf, "reset_method", "default");
	return ret;
}

/* The in-tree driver stays revoked without a change of the memory bit. */
static void bring_back(const struct stress_exporter *exporter,
		       const struct vfio *device, unsigned int *seed)
{
	if (is_main(exporter)) {
		low_power(device, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL, 0);
		set_power(device, 0, seed);
	}
	if (!stress.expect->hears_of_waking)
		set_memory(device, false, seed);
	set_memory(device, true, seed);
}

/* While it is closed, one reset after the other would keep it from being opened. */
static bool is_worth_reset(const struct stress_exporter *exporter,
			   unsigned int *seed)
{
	struct vfio device;

	if (!stress_take_device(exporter, &device))
		return stress_pick(seed, 16) == 0;
	vfio_close(&device);
	return true;
}

/* False if there is no device just now. */
static bool make_event(const struct stress_exporter *exporter,
		       unsigned int which, unsigned int *seed)
{
	struct vfio device;
	int ret = 0;

	/* vfio-pci can lose the BARs if it opens the device meanwhile. */
	if (which == ARRAY_SIZE(events) && bench_is_ours() &&
	    is_worth_reset(exporter, seed))
		ret = reset_by_administrator(exporter, seed);
	if (!stress_take_device(exporter, &device))
		return false;
	if (which < ARRAY_SIZE(events))
		ret = events[which](&device, seed);
	if (stress_pick(seed, 4) == 0)
		usleep(stress_pick(seed, 3000));
	bring_back(exporter, &device, seed);
	stress_count(ret ? REFUSED : EVENTS);
	vfio_close(&device);
	return true;
}

void stress_event(struct worker *worker)
{
	unsigned int which = stress_pick(&worker->seed,
					 is_main(worker->exporter) ?
					 ARRAY_SIZE(events) + 1 :
					 COMMON_EVENTS);
	bool made;

	pthread_rwlock_rdlock(&worker->exporter->lock);
	made = make_event(worker->exporter, which, &worker->seed);
	pthread_rwlock_unlock(&worker->exporter->lock);
	usleep(stress_pick(&worker->seed, made ? 2000 : 20000));
}

void stress_lie(struct worker *worker)
{
	stress.command ^= PCI_COMMAND_MEMORY;
	usleep(stress_pick(&worker->seed, 100));
}

/*
 * Those whose end is known.  The main exporter has all, the others the first;
 * during the last one, children export.
 */
static int (*const quiet[])(const struct vfio *device, unsigned int *seed) = {
	memory_off, power_off, sleep_deep,
};

static void look_while_away(const struct stress_exporter *exporter,
			    unsigned int how, unsigned int *seed)
{
	atomic_uint *away = &stress.shared->away[exporter->place];
	static atomic_uint times;
	unsigned int i;

	*away = ++times * ARRAY_SIZE(quiet) + how;
	for (i = 0; i < exporter->nr_importers; i++)
		if (importer_is_mapped(exporter->importers[i]))
			stress_count(STILL_MAPPED);
	usleep(stress_pick(seed, 5000));
	*away = 0;
}

void stress_look_when_back(const struct vfio *device, int importer)
{
	int buffer = vfio_export_range(device, STRESS_BAR, 0, PAGE);

	if (buffer < 0 || importer_attach(importer, buffer) ||
	    importer_map(importer))
		stress_count(NOT_BACK);
	importer_detach(importer);
	close(buffer);
}

/* Nobody else makes events meanwhile: nobody has a mapping. */
void stress_check(struct worker *worker)
{
	struct stress_exporter *exporter = worker->exporter;
	unsigned int how = stress_pick(&worker->seed, !is_main(exporter) ? 1 :
				       ARRAY_SIZE(quiet) -
				       !stress.expect->revoked_asleep);
	struct vfio device;

	usleep(stress_pick(&worker->seed, 40000));
	pthread_rwlock_wrlock(&exporter->lock);
	if (!exporter->gone && stress_take_device(exporter, &device)) {
		if (quiet[how](&device, &worker->seed))
			stress_count(REFUSED);
		else
			look_while_away(exporter, how, &worker->seed);
		bring_back(exporter, &device, &worker->seed);
		stress_look_when_back(&device, worker->importer);
		stress_count(CHECKS);
		vfio_close(&device);
	}
	pthread_rwlock_unlock(&exporter->lock);
}

/* What who has a device does with it, in the places that have one user. */
void stress_use_device(struct worker *worker)
{
	switch (stress_pick(&worker->seed, 4)) {
	case 0:
		stress_check(worker);
		break;
	case 1:
		stress_event(worker);
		break;
	default:
		stress_export(worker);
	}
	usleep(stress_pick(&worker->seed, 20000));
}
