// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <sys/syscall.h>

#include "actor.h"
#include "bench.h"

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

bool actor_sleeps(const struct actor *actor)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", actor->tid);
	if (!actor->tid || read_file(path, text, sizeof(text)))
		return false;
	state = strrchr(text, ')');
	return state && !strncmp(state, ") D", 3);
}

void actor_join(struct actor *actor)
{
	assert_int_equal(pthread_join(actor->thread, NULL), 0);
}
