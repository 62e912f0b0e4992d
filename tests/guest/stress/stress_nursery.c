// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other processes are given buffers, and the device, through a socket.  They
 * end by force with everything open and mapped, or in good order.  A process
 * without threads starts them, as a child of one with threads could do little.
 */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "pass.h"
#include "stress.h"

/* How long children live at most, if nobody takes their place before. */
#define LIFE_MS 50

/**
 * struct order - what comes with descriptors of a buffer and perhaps the device
 * @place: where the buffer comes from
 * @seed: of the child's choices
 */
struct order {
	enum stress_place place;
	unsigned int seed;
};

static pid_t children[STRESS_CHILDREN];

/* Exports from a device that only this process may still have open. */
static int replace_buffer(int buffer, int device)
{
	const struct vfio vfio = { -1, -1, device };
	int ret = vfio_export_range(&vfio, STRESS_BAR, 0, PAGE);

	if (ret < 0)
		return buffer;
	close(buffer);
	return ret;
}

static _Noreturn void live(unsigned int nth, enum stress_place place,
			   unsigned int seed, int *fds, int count)
{
	const struct stress_exporter *exporter = &stress.exporters[place];
	int importer = importer_open(stress.edus[nth % 2]), i;

	if (importer < 0)
		_exit(1);
	if (count > 1 && stress_pick(&seed, 2))
		fds[0] = replace_buffer(fds[0], fds[1]);
	stress_use(exporter, importer, fds[0], STRESS_IMPORTERS + nth, &seed);
	switch (stress_pick(&seed, 4)) {
	case 0:
		_exit(0);
	case 1:
		close(importer);
		_exit(0);
	case 2:
		for (i = 0; i < count; i++)
			close(fds[i]);
		break;
	}
	/* Until it is killed. */
	for (;;)
		if (stress_map(exporter, importer))
			usleep(1000);
}

static void kill_child(unsigned int nth)
{
	int status;

	if (!children[nth])
		return;
	kill(children[nth], SIGKILL);
	if (waitpid(children[nth], &status, 0) != children[nth])
		stress_count(SICK_CHILDREN);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		stress_count(KILLED);
	else if (status)
		stress_count(SICK_CHILDREN);
	children[nth] = 0;
}

static void kill_all(void)
{
	unsigned int i;

	for (i = 0; i < STRESS_CHILDREN; i++)
		kill_child(i);
}

static void start_child(int socket, const struct order *order, int *fds,
			int count)
{
	unsigned int seed = order->seed, i;
	unsigned int nth = stress_pick(&seed, STRESS_CHILDREN);

	kill_child(nth);
	children[nth] = fork();
	if (!children[nth]) {
		close(socket);
		live(nth, order->place, seed, fds, count);
	}
	stress_count(CHILDREN);
	for (i = 0; i < (unsigned int)count; i++)
		close(fds[i]);
}

static _Noreturn void run_nursery(int socket)
{
	struct pollfd ready = { socket, POLLIN, 0 };
	int fds[PASS_MAX], count;
	struct order order;

	for (;;) {
		if (!poll(&ready, 1, LIFE_MS)) {
			kill_all();
			continue;
		}
		count = pass_receive(socket, &order, sizeof(order), fds);
		if (count < 0)
			break;
		start_child(socket, &order, fds, count);
		if (write(socket, "", 1) != 1)
			break;
	}
	kill_all();
	_exit(0);
}

static pid_t nursery;

void stress_start_nursery(void)
{
	int sockets[2];

	assert_sys(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			      sockets));
	nursery = fork();
	if (!nursery) {
		close(sockets[0]);
		run_nursery(sockets[1]);
	}
	assert_true(nursery > 0);
	close(sockets[1]);
	stress.nursery = bench_keep(sockets[0]);
}

void stress_end_nursery(void)
{
	int status;

	bench_drop(stress.nursery);
	assert_int_equal(waitpid(nursery, &status, 0), nursery);
	assert_int_equal(status, 0);
}

void stress_pass(struct worker *worker)
{
	/* The main one as often as all others. */
	struct order order = {
		.place = stress_pick(&worker->seed, 2) ? STRESS_MAIN :
			 stress_pick(&worker->seed, STRESS_PLACES),
		.seed = stress_pick(&worker->seed, 1 << 24) + 1,
	};
	const struct stress_exporter *exporter = &stress.exporters[order.place];
	struct vfio device = { -1, -1, -1 };
	int fds[PASS_MAX], count = 1;
	char byte;

	usleep(stress_pick(&worker->seed, 200000));
	fds[0] = stress_take_buffer(exporter, stress_pick(&worker->seed,
							  STRESS_BUFFERS));
	if (fds[0] < 0)
		return;
	if (stress_pick(&worker->seed, 4) == 0 &&
	    stress_take_device(exporter, &device))
		fds[count++] = device.device;
	/* What is on its way keeps the device open: one order at a time. */
	if (pass_send(stress.nursery, &order, sizeof(order), fds, count) ||
	    read(stress.nursery, &byte, 1) != 1)
		stress_count(SICK_CHILDREN);
	close(fds[0]);
	vfio_close(&device);
}
