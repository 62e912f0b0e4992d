// SPDX-License-Identifier: GPL-2.0-only
/* Processes that share slices of a BAR, lose them together, and outlive each other. */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "events.h"
#include "slice.h"
#include "suites.h"
#include "touch.h"

static void inherited(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE), to[2], from[2], status;
	uint8_t *memory = slice_map(buffer, SLICE, 0);
	char byte;
	pid_t child;

	(void)state;
	memory[3] = 33;
	assert_sys(pipe(to));
	assert_sys(pipe(from));
	child = fork();
	if (!child) {
		/* Keeps the area, and nothing of the device. */
		close(vfio->device);
		close(vfio->group);
		byte = touch(memory + 3) == 33;
		if (write(from[1], &byte, 1) != 1 ||
		    read(to[0], &byte, 1) != 1)
			_exit(2);
		_exit(touch(memory + 3) != -SIGBUS);
	}
	/* A child that dies is no wait without end. */
	close(to[0]);
	close(from[1]);
	assert_int_equal(read(from[0], &byte, 1), 1);
	assert_int_equal(byte, 1);
	assert_ok(slice_revoke(vfio, buffer));
	assert_int_equal(touch(memory + 3), -SIGBUS);
	assert_int_equal(write(to[1], "", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(to[1]);
	close(from[0]);
	assert_sys(munmap(memory, SLICE));
}

/* Neither filling ahead nor a fork gets hold of what is away. */
static void forked_while_away(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE), to[2], from[2], status;
	uint8_t *memory;
	pid_t child;
	char byte;

	(void)state;
	bench_decoding(vfio, false);
	memory = mmap(NULL, SLICE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, buffer, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_sys(pipe(to));
	assert_sys(pipe(from));
	child = fork();
	if (!child) {
		if (touch(memory) != -SIGBUS || write(from[1], "", 1) != 1 ||
		    read(to[0], &byte, 1) != 1)
			_exit(1);
		_exit(touch(memory) < 0);
	}
	close(to[0]);
	close(from[1]);
	assert_int_equal(read(from[0], &byte, 1), 1);
	bench_decoding(vfio, true);
	assert_int_equal(write(to[1], "", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(to[1]);
	close(from[0]);
	assert_sys(munmap(memory, SLICE));
}

#define MANY 64

/* Each is mapped by each of several processes, and all lose all in one go. */
static void many(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffers[MANY], ready[2], go[2], status;
	uint8_t *memory[MANY], byte;
	unsigned int i, child;
	pid_t children[4];

	(void)state;
	for (i = 0; i < MANY; i++) {
		buffers[i] = bench_export(vfio, SLICE_BAR, i * PAGE, PAGE);
		memory[i] = slice_map(buffers[i], PAGE, 0);
	}
	assert_sys(pipe(ready));
	assert_sys(pipe(go));
	for (child = 0; child < ARRAY_SIZE(children); child++) {
		children[child] = fork();
		if (children[child])
			continue;
		for (i = 0; i < MANY; i++)
			if (touch(memory[i]) < 0)
				_exit(1);
		if (write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		for (i = 0; i < MANY; i++)
			if (touch(memory[i]) != -SIGBUS)
				_exit(1);
		_exit(0);
	}
	for (child = 0; child < ARRAY_SIZE(children); child++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	bench_decoding(vfio, false);
	for (child = 0; child < ARRAY_SIZE(children); child++)
		assert_int_equal(write(go[1], "", 1), 1);
	for (child = 0; child < ARRAY_SIZE(children); child++) {
		assert_int_equal(waitpid(children[child], &status, 0),
				 children[child]);
		assert_int_equal(status, 0);
	}
	for (i = 0; i < MANY; i++)
		assert_sys(munmap(memory[i], PAGE));
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	close(go[1]);
}

#define RACE_BUFFERS	8
#define RACE_CHILDREN	4
#define RACE_ROUNDS	40

/* Copies all of them, again and again: each byte is what it was, or there is none. */
static _Noreturn void copy_on(const int *buffers, int ready)
{
	uint8_t *memory[RACE_BUFFERS];
	unsigned int i, at;
	int seen;

	for (i = 0; i < RACE_BUFFERS; i++) {
		memory[i] = mmap(NULL, SLICE, PROT_READ | PROT_WRITE, MAP_SHARED,
				 buffers[i], 0);
		if (memory[i] == MAP_FAILED)
			_exit(1);
	}
	if (write(ready, "", 1) != 1)
		_exit(3);
	for (at = 0;; at = (at + 61) % SLICE)
		for (i = 0; i < RACE_BUFFERS; i++) {
			seen = touch(memory[i] + at);
			if (seen != -SIGBUS && seen != 0x77)
				_exit(2);
		}
}

/* While the memory is away nobody sees it, and then all see it again. */
static void race(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffers[RACE_BUFFERS], status;
	pid_t children[RACE_CHILDREN];
	unsigned int i, round;
	int ready[2];
	char byte;

	(void)state;
	memset(bench_mmap(vfio, SLICE_BAR), 0x77, RACE_BUFFERS * SLICE);
	for (i = 0; i < RACE_BUFFERS; i++)
		buffers[i] = bench_export(vfio, SLICE_BAR, i * SLICE, SLICE);
	assert_sys(pipe(ready));
	for (i = 0; i < RACE_CHILDREN; i++) {
		children[i] = fork();
		if (!children[i])
			copy_on(buffers, ready[1]);
	}
	/* So that a child that fails ends the wait. */
	close(ready[1]);
	for (i = 0; i < RACE_CHILDREN; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	for (round = 0; round < RACE_ROUNDS; round++) {
		bench_decoding(vfio, false);
		usleep(1000);
		bench_decoding(vfio, true);
		usleep(1000);
	}
	for (i = 0; i < RACE_BUFFERS; i++)
		assert_ok(slice_revoke(vfio, buffers[i]));
	for (i = 0; i < RACE_CHILDREN; i++) {
		assert_int_equal(waitpid(children[i], &status, WNOHANG), 0);
		kill(children[i], SIGKILL);
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
	}
}

/* The server dies with everything open: the slice is gone, and its client lives on. */
static void owner_dies(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	struct vfio *vfio = bench_open(bdf), mine;
	int buffer, status;
	uint8_t *memory;
	pid_t child;

	(void)state;
	bench_close(vfio);
	assert_ok(vfio_open(&mine, bdf));
	buffer = bench_keep(assert_ok(vfio_export_range(&mine, SLICE_BAR, 0, SLICE)));
	memory = slice_map(buffer, SLICE, 0);
	child = fork();
	if (!child) {
		pause();
		_exit(1);
	}
	vfio_close(&mine);
	assert_true(touch(memory) >= 0);
	assert_sys(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, &status, 0), child);
	wait_until(touch(memory) == -SIGBUS);
	assert_sys(munmap(memory, SLICE));
}

/* How long an importer needs to let go: long enough for somebody else to come. */
#define SLOW_MS 4000

/* A child has begun to revoke a buffer for good, and waits for an importer. */
static pid_t begin_revoke(struct vfio *vfio, int buffer, int importer)
{
	struct dvp_importer_report report;
	pid_t child;

	assert_ok(importer_attach_as(importer, buffer, DVP_IMPORTER_REVOCABLE, SLOW_MS));
	assert_ok(importer_map(importer));
	child = fork();
	if (!child)
		_exit(-slice_revoke(vfio, buffer));
	wait_until(!importer_report(importer, &report, NULL, 0) && report.revokes);
	assert_true(importer_is_mapped(importer));
	return child;
}

static void revoked_by_two(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE), status;
	int importer = bench_importer(bench_find(EDU, 0));
	pid_t child = begin_revoke(vfio, buffer, importer);

	(void)state;
	assert_ok(slice_revoke(vfio, buffer));
	assert_false(importer_is_mapped(importer));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_error(slice_revoke(vfio, buffer), EBADFD);
}

static void revoked_again(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE), status;
	int importer = bench_importer(bench_find(EDU, 0));
	pid_t child = begin_revoke(vfio, buffer, importer);

	(void)state;
	assert_sys(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_true(importer_is_mapped(importer));
	assert_ok(slice_revoke(vfio, buffer));
	assert_false(importer_is_mapped(importer));
}

#define TENANTS(name, function) TEST("tenants", name, function)

int suite_tenants(void)
{
	const struct CMUnitTest tests[] = {
		TENANTS("a child loses what it inherited", inherited),
		TENANTS("a child that was made while the memory was away gets it back",
			forked_while_away),
		TENANTS("many buffers go from many processes", many),
		TENANTS("processes race with revokes", race),
		TENANTS("a client outlives the owner", owner_dies),
		TENANTS("two who revoke a buffer for good wait both", revoked_by_two),
		TENANTS("who tries again after a kill waits for the importer",
			revoked_again),
	};

	return expects(delegates) ? run_group("tenants", tests) : 0;
}
