// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that others use are unplugged, or torn out, and plugged in again.  Here
 * is who lets go of them when the kernel asks for that.
 */
#include <stdio.h>

#include "events.h"
#include "monitor.h"
#include "stress.h"

/* There is one monitor. */
static pthread_mutex_t monitor_lock = PTHREAD_MUTEX_INITIALIZER;

/* What QEMU calls them; see tests/matrix/machines. */
static const struct {
	const char *device;
	const char *bus;
} names[STRESS_PLACES] = {
	[STRESS_PLUGGED] = { "plug-memory", "rp11" },
	[STRESS_TORN] = { "torn-memory", "rp13" },
};

/* Only the watch ends what cannot go on. */
static _Noreturn void stop(const struct stress_exporter *exporter,
			   const char *what, int error)
{
	printf("# %s: %s: %s\n", names[exporter->place].device, what,
	       strerror(-error));
	for (;;)
		pause();
}

static void press_button(const struct stress_exporter *exporter)
{
	int ret;

	pthread_mutex_lock(&monitor_lock);
	ret = monitor("device_del", "'id': '%s'",
		      names[exporter->place].device);
	pthread_mutex_unlock(&monitor_lock);
	if (ret)
		stop(exporter, "device_del", ret);
}

static void *switch_off(void *arg)
{
	const struct stress_exporter *exporter = arg;

	return (void *)(intptr_t)write_file(exporter->slot.power, "0");
}

/* Which returns when the device is gone.  The kernel takes the button five seconds. */
static pthread_t start_switching_off(struct stress_exporter *exporter)
{
	pthread_t thread;
	int ret;

	ret = pthread_create(&thread, NULL, switch_off, exporter);
	if (ret)
		stop(exporter, "a thread", -ret);
	return thread;
}

static void end_switching_off(const struct stress_exporter *exporter,
			      pthread_t thread)
{
	void *ret;

	pthread_join(thread, &ret);
	if (ret)
		stop(exporter, "switching off", (intptr_t)ret);
}

/* The kernel asks until nobody has it open any more, children among them. */
static void wait_until_asked(const struct stress_exporter *exporter, int event)
{
	if (event < 0)
		stop(exporter, "the request", event);
	while (!was_told(event))
		usleep(1000);
}

static void plug_in(struct worker *worker)
{
	struct stress_exporter *exporter = worker->exporter;
	int ret;

	while (!slot_is_empty(&exporter->slot))
		usleep(1000);
	worker->steps++;
	stress_look_when_dead(exporter, worker->importer);
	pthread_mutex_lock(&monitor_lock);
	ret = slot_plug_memory(&exporter->slot,
			       names[exporter->place].device,
			       names[exporter->place].bus);
	pthread_mutex_unlock(&monitor_lock);
	if (ret)
		stop(exporter, "device_add", ret);
	while (!slot_is_filled(&exporter->slot))
		usleep(1000);
	stress_open(exporter);
}

void stress_unplug(struct worker *worker)
{
	struct stress_exporter *exporter = worker->exporter;
	bool by_button = stress_pick(&worker->seed, 4) == 0;
	pthread_t thread;
	int event;

	usleep(stress_pick(&worker->seed, 1000000));
	event = open_irq(&exporter->vfio, VFIO_PCI_REQ_IRQ_INDEX);
	if (by_button)
		press_button(exporter);
	else
		thread = start_switching_off(exporter);
	wait_until_asked(exporter, event);
	usleep(stress_pick(&worker->seed, 100000));
	stress_close(exporter);
	close(event);
	worker->steps++;
	if (!by_button)
		end_switching_off(exporter, thread);
	plug_in(worker);
	stress_count(UNPLUGS);
}

/* Those who just use it do not know until they find out. */
void stress_tear_out(struct worker *worker)
{
	struct stress_exporter *exporter = worker->exporter;
	int event, ret;

	usleep(stress_pick(&worker->seed, 1000000));
	event = open_irq(&exporter->vfio, VFIO_PCI_REQ_IRQ_INDEX);
	pthread_rwlock_wrlock(&exporter->lock);
	ret = slot_tear_out(&exporter->slot);
	exporter->gone = true;
	pthread_rwlock_unlock(&exporter->lock);
	if (ret)
		stop(exporter, "tearing out", ret);
	wait_until_asked(exporter, event);
	ret = slot_light_up(&exporter->slot);
	if (ret)
		stop(exporter, "the light", ret);
	usleep(stress_pick(&worker->seed, 100000));
	stress_close(exporter);
	close(event);
	worker->steps++;
	plug_in(worker);
	pthread_rwlock_wrlock(&exporter->lock);
	exporter->gone = false;
	pthread_rwlock_unlock(&exporter->lock);
	stress_count(TEARS);
}
