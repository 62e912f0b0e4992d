/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads of which tests want to know how far they have come. */
#ifndef GUEST_ACTOR_H
#define GUEST_ACTOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct vfio;

/**
 * struct actor - a thread that does something to a device
 * @act: what it does: 0 or a negative errno
 * @bdf: the device
 * @vfio: its group, and the device's descriptor while there is one
 * @thread: the thread
 * @tid: its number in /proc, 0 before it runs
 * @done: it has returned from @act
 * @result: of @act
 */
struct actor {
	int (*act)(struct actor *actor);
	const char *bdf;
	struct vfio *vfio;
	pthread_t thread;
	atomic_int tid;
	atomic_bool done;
	int result;
};

void actor_start(struct actor *actor);
void actor_join(struct actor *actor);

/* In the kernel, and not to be woken by anything but what it waits for. */
bool actor_sleeps(const struct actor *actor);

#endif /* GUEST_ACTOR_H */
