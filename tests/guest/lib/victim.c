// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pci_regs.h>
#include <signal.h>
#include <sys/wait.h>

#include "actor.h"
#include "bench.h"
#include "victim.h"

/* Above all that the process has open. */
#define FIRST_FD 200

const enum victim_fd victim_orders[VICTIM_ORDERS][VICTIM_FDS] = {
	{ VICTIM_DEVICE, VICTIM_BUFFER, VICTIM_IMPORTER },
	{ VICTIM_DEVICE, VICTIM_IMPORTER, VICTIM_BUFFER },
	{ VICTIM_BUFFER, VICTIM_DEVICE, VICTIM_IMPORTER },
	{ VICTIM_BUFFER, VICTIM_IMPORTER, VICTIM_DEVICE },
	{ VICTIM_IMPORTER, VICTIM_DEVICE, VICTIM_BUFFER },
	{ VICTIM_IMPORTER, VICTIM_BUFFER, VICTIM_DEVICE },
};

int victim_off(const struct vfio *vfio)
{
	return vfio_set_command(vfio, 0, PCI_COMMAND_MEMORY);
}

int victim_reset(const struct vfio *vfio)
{
	return vfio_reset(vfio);
}

/* In the child, which tells its state by its exit status until it is killed. */
static void live(const struct victim_plan *plan, const char *exporter,
		 const char *edu, int ready)
{
	struct vfio vfio;
	int fds[VICTIM_FDS], i;

	if (vfio_open(&vfio, exporter))
		_exit(1);
	fds[VICTIM_DEVICE] = vfio.device;
	fds[VICTIM_BUFFER] = vfio_export_range(&vfio,
					       VFIO_PCI_BAR2_REGION_INDEX, 0,
					       MIB);
	fds[VICTIM_IMPORTER] = importer_open(edu);
	if (importer_attach_as(fds[VICTIM_IMPORTER], fds[VICTIM_BUFFER],
			       plan->kind, plan->hold_ms))
		_exit(2);
	if (!importer_is_mapped(fds[VICTIM_IMPORTER]) &&
	    importer_map(fds[VICTIM_IMPORTER]))
		_exit(3);
	for (i = 0; i < VICTIM_FDS; i++) {
		dup2(fds[plan->order[i]], FIRST_FD + i);
		close(fds[plan->order[i]]);
		if (plan->order[i] == VICTIM_DEVICE)
			vfio.device = FIRST_FD + i;
	}
	if (write(ready, "", 1) != 1)
		_exit(4);
	while (!plan->act || !plan->act(&vfio))
		pause();
	_exit(5);
}

pid_t victim_start(const struct victim_plan *plan)
{
	const char *exporter = bench_find(IVSHMEM, 0);
	const char *edu = bench_find(EDU, 0);
	int ready[2];
	pid_t victim;
	char byte;

	bench_close(bench_open(exporter));
	assert_sys(pipe2(ready, O_CLOEXEC));
	victim = fork();
	if (!victim)
		live(plan, exporter, edu, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	if (plan->act)
		wait_until(task_sleeps(victim));
	return victim;
}

void victim_kill(pid_t victim)
{
	struct vfio vfio;
	int status;

	assert_sys(kill(victim, SIGKILL));
	wait_until(waitpid(victim, &status, WNOHANG) == victim);
	assert_true(WIFSIGNALED(status));
	/* The importer's descriptor is closed, but perhaps not released yet. */
	wait_until(!vfio_open(&vfio, bench_find(IVSHMEM, 0)));
	vfio_close(&vfio);
}
