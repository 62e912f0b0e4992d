// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actor.h"
#include "bench.h"

int act_reset(struct actor *actor)
{
	return device_write_attr(actor->bdf, "reset", "1");
}

int act_reset_by_user(struct actor *actor)
{
	return vfio_reset(actor->vfio);
}

int act_off(struct actor *actor)
{
	return vfio_set_command(actor->vfio, 0, PCI_COMMAND_MEMORY);
}

int act_close(struct actor *actor)
{
	close(actor->vfio->device);
	actor->vfio->device = -1;
	return 0;
}

int act_unbind(struct actor *actor)
{
	return device_unbind(actor->bdf);
}

int act_unmap(struct actor *actor)
{
	return importer_unmap(actor->importer);
}

int act_flush_lazily(struct actor *actor)
{
	return device_write_attr(actor->bdf, "iommu_group/type", "DMA-FQ");
}

int act_transfer(struct actor *actor)
{
	uint8_t data[DVP_IMPORTER_TRANSFER_MAX];
	int ret;

	memset(data, ACT_BYTE, sizeof(data));
	do {
		ret = importer_write(actor->importer, 0, data, sizeof(data));
	} while (!ret);
	return ret;
}

static void *actor_run(void *data)
{
	struct actor *actor = data;

	actor->tid = syscall(SYS_gettid);
	actor->result = actor->act(actor);
	actor->done = true;
	return NULL;
}

void actor_start(struct actor *actor)
{
	assert_int_equal(pthread_create(&actor->thread, NULL, actor_run, actor),
			 0);
}

bool task_sleeps(pid_t tid)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (!tid || read_file(path, text, sizeof(text)))
		return false;
	state = strrchr(text, ')');
	return state && !strncmp(state, ") D", 3);
}

/* Probes a function; @hold as in struct dvp_importer_probe. */
static int probe(const char *function, unsigned int hold)
{
	struct dvp_importer_probe probe = { .hold = hold };
	int importer = bench_importer("platform");

	snprintf(probe.function, sizeof(probe.function), "%s", function);
	assert_ok(importer_probe(importer, &probe));
	return importer;
}

static struct dvp_importer_probed look(int importer)
{
	struct dvp_importer_probed seen;

	assert_ok(importer_look(importer, &seen));
	return seen;
}

static int start_held(struct actor *actor, const char *function,
		      unsigned int hold)
{
	int importer = probe(function, hold);

	actor_start(actor);
	wait_until(look(importer).held || actor->done);
	if (!look(importer).held)
		fail_msg("it does without %s", function);
	return importer;
}

int actor_hold(struct actor *actor, const char *function)
{
	return start_held(actor, function, DVP_IMPORTER_HOLD_CALL);
}

int actor_hold_return(struct actor *actor, const char *function)
{
	return start_held(actor, function, DVP_IMPORTER_HOLD_RETURN);
}

int kernel_hold(const char *function)
{
	return probe(function, DVP_IMPORTER_HOLD_KERNEL);
}

bool kernel_is_held(int importer)
{
	return look(importer).held;
}

bool actor_sleeps_before(struct actor *actor, const char *function)
{
	int importer = probe(function, 0);

	actor_start(actor);
	wait_until(actor->done || look(importer).calls || task_sleeps(actor->tid));
	return !actor->done && !look(importer).calls;
}

void actor_join(struct actor *actor)
{
	assert_int_equal(pthread_join(actor->thread, NULL), 0);
}
