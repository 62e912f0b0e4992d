// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users who race: some threads take the memory away and give it back in every
 * way, others export, and importers come and go, all at once.  From time to time
 * one looks whether anybody still has a mapping after an event has returned.
 *
 * DVP_STRESS=SECONDS:SEED makes it longer, and different.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "events.h"
#include "suites.h"

#define BUFFERS		8
#define IMPORTERS	4

static struct {
	const char *bdf;
	struct vfio *vfio;
	unsigned int pmcsr;
	int buffers[BUFFERS];
	int importers[IMPORTERS];
	long long end;
	unsigned int seed;
	/* Written by one thread while others let the kernel read it. */
	atomic_ushort command;
	atomic_uint events, refused, exports, maps, checks, wrong;
} stress;

/* Events share it; who looks at the result of one has it alone. */
static pthread_rwlock_t event_lock =
	PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
/* The buffers; not held while the kernel does something with one. */
static pthread_mutex_t buffer_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_over(void)
{
	return bench_now_ms() >= stress.end;
}

static unsigned int pick(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % below;
}

static void set_state(uint16_t state)
{
	vfio_write(stress.vfio, CONFIG, stress.pmcsr, &state, 2);
}

static int low_power(uint32_t feature)
{
	return vfio_feature(stress.vfio, VFIO_DEVICE_FEATURE_SET | feature,
			    NULL, 0);
}

/* The kernel copies twice what another thread writes in between. */
static void write_racing_command(void)
{
	struct vfio_region_info info;

	if (vfio_region(stress.vfio, CONFIG, &info) ||
	    pwrite(stress.vfio->device, (void *)&stress.command, 2,
		   info.offset + PCI_COMMAND) != 2)
		stress.refused++;
}

/* Each takes the memory away and gives it back, but others do so meanwhile. */
static void do_event(unsigned int which)
{
	switch (which) {
	case 0:
		vfio_set_command(stress.vfio, 0, PCI_COMMAND_MEMORY);
		break;
	case 1:
		write_racing_command();
		break;
	case 2:
		set_state(3);
		set_state(0);
		break;
	case 3:
		stress.refused += ioctl(stress.vfio->device,
					VFIO_DEVICE_RESET) < 0;
		break;
	case 4:
		stress.refused += low_power(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY)
			< 0;
		low_power(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
		break;
	case 5:
		device_write_attr(stress.bdf, "reset", "1");
		break;
	default:
		close(dup(stress.vfio->device));
		usleep(1000);
	}
	vfio_set_command(stress.vfio, PCI_COMMAND_MEMORY, 0);
	stress.events++;
}

static void *make_events(void *arg)
{
	unsigned int seed = stress.seed + (uintptr_t)arg;

	while (!is_over()) {
		pthread_rwlock_rdlock(&event_lock);
		do_event(pick(&seed, 16));
		pthread_rwlock_unlock(&event_lock);
	}
	return NULL;
}

static void *flip_command(void *arg)
{
	unsigned int seed = stress.seed + (uintptr_t)arg;

	while (!is_over())
		stress.command = pick(&seed, 2) ? PCI_COMMAND_MEMORY : 0;
	return NULL;
}

/* Replaces a buffer by a new one. */
static void *export(void *arg)
{
	unsigned int seed = stress.seed + (uintptr_t)arg, i;
	int buffer, old;

	while (!is_over()) {
		buffer = vfio_export_range(stress.vfio, 2,
					   pick(&seed, 64) * PAGE,
					   (1 + pick(&seed, 64)) * PAGE);
		i = pick(&seed, BUFFERS);
		pthread_mutex_lock(&buffer_lock);
		old = stress.buffers[i];
		stress.buffers[i] = buffer;
		pthread_mutex_unlock(&buffer_lock);
		if (old >= 0)
			close(old);
		stress.exports++;
		usleep(pick(&seed, 2000));
	}
	return NULL;
}

static int take_buffer(unsigned int which)
{
	int buffer = -1;

	pthread_mutex_lock(&buffer_lock);
	if (stress.buffers[which] >= 0)
		buffer = dup(stress.buffers[which]);
	pthread_mutex_unlock(&buffer_lock);
	return buffer;
}

/* Now and then the device moves a few bytes, which takes 200 ms. */
static void use_buffer(int importer, unsigned int *seed)
{
	uint8_t data[16];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (importer_map(importer))
			continue;
		stress.maps++;
		if (!pick(seed, 256))
			importer_read(importer, 0, data, sizeof(data));
		if (pick(seed, 2))
			importer_unmap(importer);
	}
}

static void *import(void *arg)
{
	unsigned int nth = (uintptr_t)arg, seed = stress.seed + 100 + nth;
	int importer = stress.importers[nth], buffer;

	while (!is_over()) {
		buffer = take_buffer(pick(&seed, BUFFERS));
		if (buffer < 0)
			continue;
		if (!importer_attach_as(importer, buffer,
					DVP_IMPORTER_REVOCABLE,
					pick(&seed, 8) ? 0 : 5)) {
			use_buffer(importer, &seed);
			importer_detach(importer);
		}
		close(buffer);
	}
	return NULL;
}

/* An event that nobody undoes has returned: nobody has a mapping. */
static void *check(void *arg)
{
	unsigned int seed = stress.seed + (uintptr_t)arg, i;

	while (!is_over()) {
		usleep(20000);
		pthread_rwlock_wrlock(&event_lock);
		if (pick(&seed, 2))
			vfio_set_command(stress.vfio, 0, PCI_COMMAND_MEMORY);
		else
			set_state(3);
		for (i = 0; i < IMPORTERS; i++)
			stress.wrong += importer_is_mapped(stress.importers[i]);
		/* All is on again, whatever has been done before. */
		low_power(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
		set_state(0);
		vfio_set_command(stress.vfio, PCI_COMMAND_MEMORY, 0);
		stress.checks++;
		pthread_rwlock_unlock(&event_lock);
	}
	return NULL;
}

static void set_up(void)
{
	unsigned int seconds = 20, seed = 1, i;
	const char *text = getenv("DVP_STRESS");

	if (text)
		sscanf(text, "%u:%u", &seconds, &seed);
	stress.bdf = bench_find(NVME, 0);
	stress.vfio = bench_open(stress.bdf);
	stress.pmcsr = find_capability(stress.vfio, PCI_CAP_ID_PM) +
		       PCI_PM_CTRL;
	stress.seed = seed * 1000;
	stress.end = bench_now_ms() + seconds * 1000LL;
	for (i = 0; i < BUFFERS; i++)
		stress.buffers[i] = -1;
	for (i = 0; i < IMPORTERS; i++)
		stress.importers[i] = bench_importer(bench_find(EDU, i % 2));
}

static void race(void **state)
{
	static void *(*const work[])(void *) = {
		make_events, make_events, flip_command, export, check,
	};
	pthread_t threads[ARRAY_SIZE(work) + IMPORTERS];
	unsigned int i, started = 0;

	(void)state;
	set_up();
	for (i = 0; i < ARRAY_SIZE(work); i++)
		assert_int_equal(pthread_create(&threads[started++], NULL,
						work[i], (void *)(uintptr_t)i),
				 0);
	for (i = 0; i < IMPORTERS; i++)
		assert_int_equal(pthread_create(&threads[started++], NULL,
						import, (void *)(uintptr_t)i),
				 0);
	for (i = 0; i < started; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (i = 0; i < BUFFERS; i++)
		if (stress.buffers[i] >= 0)
			close(stress.buffers[i]);

	print_message("# %u events (%u refused), %u exports, %u maps, %u checks\n",
		      stress.events, stress.refused, stress.exports,
		      stress.maps, stress.checks);
	assert_int_equal(stress.wrong, 0);
	/* Not all of it was in vain. */
	assert_true(stress.events > 0 && stress.exports > 0);
	assert_true(stress.maps > 0 && stress.checks > 0);
}

#define STRESS(name, function) TEST("stress", name, function)

int suite_stress(void)
{
	const struct CMUnitTest tests[] = {
		STRESS("after an event nobody has a mapping, in any race",
		       race),
	};

	return run_group("stress", tests);
}
