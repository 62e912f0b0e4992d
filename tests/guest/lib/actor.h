/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads whose progress a test watches. */
#ifndef GUEST_ACTOR_H
#define GUEST_ACTOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct vfio;

/**
 * struct actor - a thread that does something to a device
 * @act: what it does: 0 or a negative errno
 * @bdf: the device
 * @vfio: its group, and the device's descriptor while there is one
 * @importer: has the device's memory mapped; for acts that move bytes
 * @thread: the thread
 * @tid: its number in /proc, 0 before it runs
 * @done: it has returned from @act
 * @result: of @act
 */
struct actor {
	int (*act)(struct actor *actor);
	const char *bdf;
	struct vfio *vfio;
	int importer;
	pthread_t thread;
	atomic_int tid;
	atomic_bool done;
	int result;
};

/* The administrator's reset, and the user's. */
int act_reset(struct actor *actor);
int act_reset_by_user(struct actor *actor);
/* Switches memory off. */
int act_off(struct actor *actor);
/* Closes the device. */
int act_close(struct actor *actor);
/* Unbinds the device from its driver. */
int act_unbind(struct actor *actor);
/* Unmaps the memory. */
int act_unmap(struct actor *actor);
/* Switches the device's domain to the lazy mode. */
int act_flush_lazily(struct actor *actor);
/* Writes ACT_BYTE until the mapping is gone and the write fails. */
#define ACT_BYTE 0xa5
int act_transfer(struct actor *actor);

void actor_start(struct actor *actor);
void actor_join(struct actor *actor);

/*
 * Starts it; returns when it is held at the call of a kernel function, which must be
 * able to sleep.  importer_release() of the returned importer lets it go on.
 */
int actor_hold(struct actor *actor, const char *function);
/* The same, but when it is about to return from the function. */
int actor_hold_return(struct actor *actor, const char *function);

/* The same for the first kernel thread that calls it from now on. */
int kernel_hold(const char *function);
bool kernel_is_held(int importer);

/*
 * Starts it; returns whether it sleeps before it calls a kernel function.  When this
 * returns, it has called the function, or sleeps, or is done.
 */
bool actor_sleeps_before(struct actor *actor, const char *function);

/*
 * Whether a thread or a process sleeps in the kernel, uninterruptible but for a kill.
 */
bool task_sleeps(pid_t tid);

#endif /* GUEST_ACTOR_H */
