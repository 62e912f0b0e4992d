// SPDX-License-Identifier: GPL-2.0-only
/* A buffer outlives what it came from, and leaves nothing behind. */
#include <linux/dma-buf.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "actor.h"
#include "bench.h"
#include "hold.h"
#include "pass.h"
#include "suites.h"
#include "victim.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

static int open_edu(void)
{
	return bench_importer(bench_find(EDU, 0));
}

static void assert_shell(int buffer, uint64_t size)
{
	assert_int_equal(lseek(buffer, 0, SEEK_END), size);
	assert_error(importer_attach(open_edu(), buffer), ENODEV);
}

static void outlives_device_fd(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, MIB);

	(void)state;
	bench_close(vfio);
	assert_shell(buffer, MIB);
}

static void outlives_binding(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, MIB);

	(void)state;
	bench_close(vfio);
	assert_ok(device_unbind(bdf));
	assert_string_equal(device_driver(bdf), "");
	assert_shell(buffer, MIB);
}

static void outlives_device(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 1);
	struct vfio *vfio = bench_open(bdf);
	int buffer = bench_export(vfio, BAR2, 0, MIB);

	(void)state;
	bench_close(vfio);
	assert_ok(device_write_attr(bdf, "remove", "1"));
	assert_null(device_find(IVSHMEM, 1));
	assert_shell(buffer, MIB);
	assert_ok(write_file("/sys/bus/pci/rescan", "1"));
	wait_until(device_find(IVSHMEM, 1));
	bench_export(bench_open(bdf), BAR2, 0, MIB);
}

static void attachment_outlives_device(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 1);
	struct vfio *vfio = bench_open(bdf);
	int importer = open_edu();

	(void)state;
	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE)));
	assert_ok(importer_map(importer));
	bench_close(vfio);
	assert_ok(device_write_attr(bdf, "remove", "1"));
	assert_error(importer_map(importer), ENODEV);
	assert_ok(importer_detach(importer));
	assert_ok(write_file("/sys/bus/pci/rescan", "1"));
	wait_until(device_find(IVSHMEM, 1));
}

/* What fdinfo has behind the key; "" if it has not got that. */
static const char *fdinfo_of(int buffer, const char *key)
{
	static char value[128];
	size_t length = strlen(key);
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", buffer);
	file = fopen(path, "re");
	assert_non_null(file);
	*value = '\0';
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, length) && line[length] == ':')
			sscanf(line + length, ": %127[^\n]", value);
	fclose(file);
	return value;
}

static void names_exporter(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	int buffer = bench_export(bench_open_memory(), BAR2, 0, PAGE);
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "%s%s%s", expect()->name,
		 expects(names_device) ? " " : "",
		 expects(names_device) ? bdf : "");
	assert_string_equal(fdinfo_of(buffer, "exp_name"), name);
	assert_string_equal(fdinfo_of(buffer, "name"), "");
}

static void user_names(void **state)
{
	int buffer = bench_export(bench_open_memory(), BAR2, 0, PAGE);

	(void)state;
	assert_sys(ioctl(buffer, DMA_BUF_SET_NAME, "my name"));
	assert_string_equal(fdinfo_of(buffer, "name"), "my name");
	assert_sys(ioctl(buffer, DMA_BUF_SET_NAME, ""));
	assert_string_equal(fdinfo_of(buffer, "name"), "");
}

static int holders(void)
{
	return assert_ok(module_references(expect()->module));
}

static void keeps_module(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	struct vfio *vfio = bench_open_memory();
	int before, buffer;

	(void)state;
	bench_close(vfio);
	before = holders();
	vfio = bench_open_memory();
	buffer = bench_export(vfio, BAR2, 0, PAGE);
	bench_close(vfio);
	assert_ok(device_unbind(bdf));
	assert_int_equal(holders(), before + 1);
	assert_error(module_unload(expect()->module), EAGAIN);

	bench_drop(buffer);
	wait_until(holders() == before);
}

static void leaves_nothing(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int before = holders(), i, importer, buffer;

	(void)state;
	for (i = 0; i < 200; i++) {
		buffer = bench_export(vfio, BAR2, 0, MIB);
		importer = open_edu();
		assert_ok(importer_attach(importer, buffer));
		assert_ok(importer_map(importer));
		/* In either order. */
		bench_drop(i & 1 ? buffer : importer);
		bench_drop(i & 1 ? importer : buffer);
	}
	wait_until(holders() == before);
}

static void buffer_closed_first(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE);

	(void)state;
	bench_drop(buffer);
	/* Nothing is left to be told. */
	assert_ok(vfio_set_command(vfio, 0, 2));
	assert_ok(vfio_set_command(vfio, 2, 0));
	bench_close(vfio);
}

/* In a child that ends by force, with everything open and mapped. */
static void be_killed(const char *exporter, const char *edu)
{
	struct vfio vfio;
	int buffer, importer;

	if (vfio_open(&vfio, exporter))
		_exit(1);
	buffer = vfio_export_range(&vfio, BAR2, 0, MIB);
	importer = importer_open(edu);
	if (importer_attach(importer, buffer) || importer_map(importer))
		_exit(1);
	raise(SIGKILL);
}

static void killed(void **state)
{
	const char *exporter = bench_find(IVSHMEM, 0);
	const char *edu = bench_find(EDU, 0);
	int status, i;
	pid_t child;

	(void)state;
	bench_close(bench_open(exporter));
	for (i = 0; i < 10; i++) {
		child = fork();
		if (!child)
			be_killed(exporter, edu);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
	}
	bench_export(bench_open_memory(), BAR2, 0, MIB);
}

/* Like xe (Intel GPUs): unmaps at its next call only. */
static int keep(int buffer)
{
	int importer = open_edu();

	assert_ok(importer_attach_as(importer, buffer, DVP_IMPORTER_REVOCABLE,
				     DVP_IMPORTER_UNTIL_CALL));
	assert_ok(importer_map(importer));
	return importer;
}

static void assert_busy(void)
{
	struct vfio vfio;

	assert_error(vfio_open(&vfio, bench_find(IVSHMEM, 0)), EBUSY);
}

/* Within a second or so, on a slow machine. */
static void close_soon(struct vfio *vfio)
{
	long long start = bench_now_ms();

	bench_close(vfio);
	assert_in_range(bench_now_ms() - start, 0, 6000);
}

static void quarantined(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int importer = keep(bench_export(vfio, BAR2, 0, MIB));
	uint8_t byte = 0;

	(void)state;
	close_soon(vfio);
	assert_int_equal(importer_notifications(importer), 1);
	assert_true(importer_is_mapped(importer));
	assert_busy();
	assert_error(importer_write(importer, 0, &byte, sizeof(byte)), ENODEV);
	vfio = bench_open_memory();
	/* What the former user has exported does not come back. */
	assert_error(importer_map(importer), ENODEV);
	assert_ok(vfio_set_command(vfio, 0, 2));
	assert_ok(vfio_set_command(vfio, 2, 0));
	assert_error(importer_map(importer), ENODEV);
}

static void quarantined_by_work(void **state)
{
	struct vfio *vfio = bench_open_memory(), again;
	int importer = open_edu();

	(void)state;
	assert_ok(importer_attach(importer, bench_export(vfio, BAR2, 0, PAGE)));
	assert_ok(importer_map(importer));
	assert_ok(importer_work(importer, 15000));
	close_soon(vfio);
	assert_false(importer_is_mapped(importer));
	assert_busy();
	wait_until(!vfio_open(&again, bench_find(IVSHMEM, 0)));
	vfio_close(&again);
}

static void killed_with_gpu(void **state)
{
	struct victim_plan plan = {
		.kind = DVP_IMPORTER_REVOCABLE,
		.hold_ms = DVP_IMPORTER_UNTIL_CALL,
	};
	size_t i;

	(void)state;
	for (i = 0; i < VICTIM_ORDERS; i++) {
		memcpy(plan.order, victim_orders[i], sizeof(plan.order));
		victim_kill(victim_start(&plan));
	}
}

/* It waits for its own importer, or for somebody else who does. */
static void killed_waiting(void **state)
{
	static int (*const acts[])(const struct vfio *) = {
		victim_off, victim_reset,
	};
	struct victim_plan plan = {
		.order = { VICTIM_DEVICE, VICTIM_BUFFER, VICTIM_IMPORTER },
		.kind = DVP_IMPORTER_REVOCABLE,
		.hold_ms = DVP_IMPORTER_UNTIL_CALL,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(acts); i++) {
		plan.act = acts[i];
		victim_kill(victim_start(&plan));
	}
}

/* The administrator's reset waits with it, and with the lock of the device. */
static void killed_in_reset(void **state)
{
	struct victim_plan plan = {
		.order = { VICTIM_DEVICE, VICTIM_BUFFER, VICTIM_IMPORTER },
		.kind = DVP_IMPORTER_REVOCABLE,
		.hold_ms = DVP_IMPORTER_UNTIL_CALL,
	};
	struct actor actor = {
		.act = act_reset, .bdf = bench_find(IVSHMEM, 0),
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		pid_t victim;

		plan.act = i ? victim_off : NULL;
		victim = victim_start(&plan);
		actor.done = false;
		actor.tid = 0;
		actor_start(&actor);
		wait_until(task_sleeps(actor.tid));
		usleep(500000);
		assert_false(actor.done);
		victim_kill(victim);
		actor_join(&actor);
		assert_ok(actor.result);
	}
}

static void unbind_waits(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	const char *const words[] = {
		bdf, "waiting to unbind", bench_find(EDU, 0), NULL
	};
	struct actor actor = { .act = act_unbind, .bdf = bdf };
	int klog = bench_keep(assert_ok(klog_open_end()));
	struct vfio *vfio = bench_open_memory();
	int importer = keep(bench_export(vfio, BAR2, 0, MIB));

	(void)state;
	bench_close(vfio);
	actor_start(&actor);
	wait_until(klog_count(klog, words));
	assert_false(actor.done);
	assert_ok(importer_detach(importer));
	actor_join(&actor);
	assert_ok(actor.result);
}

/* Sends a descriptor through a socket, and takes it out at the other end. */
static int pass_on(int fd)
{
	int sockets[2], received[PASS_MAX];

	assert_sys(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	assert_ok(pass_send(sockets[0], "", 1, &fd, 1));
	assert_int_equal(pass_receive(sockets[1], &(char) { 0 }, 1, received),
			 1);
	close(sockets[0]);
	close(sockets[1]);
	return bench_keep(received[0]);
}

static void passed_on(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, 0, PAGE);
	int other = pass_on(buffer), importer = open_edu();

	(void)state;
	bench_drop(buffer);
	assert_ok(importer_attach(importer, other));
	assert_ok(importer_map(importer));
}

/* Nothing but the hold is left of the buffer, and what was freed is gone. */
static struct hold hold_alone(int buffer, enum hold_kind kind)
{
	struct hold hold;

	assert_ok(hold_begin(&hold, kind, buffer));
	bench_drop(buffer);
	hold_synchronize();
	return hold;
}

/* The list of buffers. */
static const char *read_debugfs(void)
{
	static char text[4096];

	if (bench_is_ours())
		assert_ok(bench_debugfs(bench_find(IVSHMEM, 0), "buffers", text,
					sizeof(text)));
	return text;
}

/* All that walks along the buffers. */
static void held_alone(void **state)
{
	const enum hold_kind *kind = *state;
	struct vfio *vfio = bench_open_memory();
	int before = holders();
	struct hold hold;

	hold = hold_alone(bench_export(vfio, BAR2, 0, PAGE), *kind);
	read_debugfs();
	bench_decoding(vfio, false);
	assert_null(strstr(read_debugfs(), " state live "));
	bench_decoding(vfio, true);
	assert_null(strstr(read_debugfs(), " state revoked "));
	bench_close(vfio);
	assert_string_equal(read_debugfs(), "");
	assert_ok(device_unbind(bench_find(IVSHMEM, 0)));
	hold_end(&hold);
	wait_until(holders() <= before);
}

/* Its last hold goes while a revoke, which has found it, waits for another one. */
static void let_go_meanwhile(void **state)
{
	const enum hold_kind *kind = *state;
	struct vfio *vfio = bench_open_memory();
	int slow = bench_export(vfio, BAR2, 0, PAGE), importer = open_edu();
	struct actor actor = { .act = act_off, .vfio = vfio };
	struct hold before, after;

	/* In the order of the list, on either side of the slow one. */
	before = hold_alone(bench_export(vfio, BAR2, 0, PAGE), *kind);
	assert_ok(importer_attach_as(importer, slow, DVP_IMPORTER_REVOCABLE,
				     60000));
	assert_ok(importer_map(importer));
	after = hold_alone(bench_export(vfio, BAR2, 0, PAGE), *kind);
	actor_start(&actor);
	wait_until(importer_notifications(importer) == 1);
	hold_end(&before);
	hold_end(&after);
	hold_synchronize();
	read_debugfs();
	assert_ok(importer_unmap(importer));
	actor_join(&actor);
	assert_ok(actor.result);
	bench_decoding(vfio, true);
	assert_ok(importer_map(importer));
}

/* The revoke has found both, and tells the importers of the first one just now. */
static void let_go_before_told(void **state)
{
	const enum hold_kind *kind = *state;
	struct vfio *vfio = bench_open_memory();
	struct actor actor = { .act = act_off, .vfio = vfio };
	struct hold hold;
	int probe;

	bench_export(vfio, BAR2, 0, PAGE);
	hold = hold_alone(bench_export(vfio, BAR2, 0, PAGE), *kind);
	probe = actor_hold(&actor, expect_kernel()->no_callback ?
				   "dma_buf_invalidate_mappings" :
				   "dma_buf_move_notify");
	hold_end(&hold);
	hold_synchronize();
	assert_ok(importer_release(probe));
	actor_join(&actor);
	assert_ok(actor.result);
}

/* Again and again, from a thread of its own. */
static int act_switch(struct actor *actor)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 100 && !ret; i++)
		ret = vfio_set_command(actor->vfio, i % 2 ? 2 : 0, i % 2 ? 0 : 2);
	return ret;
}

static void come_and_go(void **state)
{
	const enum hold_kind *kind = *state;
	struct vfio *vfio = bench_open_memory();
	struct actor actor = { .act = act_switch, .vfio = vfio };
	struct hold hold;

	actor_start(&actor);
	while (!actor.done) {
		hold = hold_alone(bench_export(vfio, BAR2, 0, PAGE), *kind);
		read_debugfs();
		hold_end(&hold);
	}
	actor_join(&actor);
	assert_ok(actor.result);
}

static const enum hold_kind kinds[] = {
	HOLD_PATH, HOLD_FLIGHT, HOLD_COPY, HOLD_EPOLL, HOLD_TABLE,
};

#define LIFETIME(name, function) TEST("lifetime", name, function)
#define HELD(kind, name, function) \
	TEST_WITH("lifetime", name, function, &kinds[kind])
#define HELD_BY(kind, how) \
	HELD(kind, "a buffer that is held " how " alone can be revoked", \
	     held_alone), \
	HELD(kind, "a buffer that is held " how " can be let go in a revoke", \
	     let_go_meanwhile), \
	HELD(kind, "a buffer that is held " how " can go before it is told", \
	     let_go_before_told), \
	HELD(kind, "buffers that are held " how " come and go", come_and_go)

int suite_lifetime(void)
{
	const struct CMUnitTest tests[] = {
		LIFETIME("the buffer says who exports it", names_exporter),
		LIFETIME("its user can give it a name", user_names),
		LIFETIME("a buffer outlives the device's descriptor",
			 outlives_device_fd),
		LIFETIME("a buffer outlives the binding", outlives_binding),
		LIFETIME("a buffer outlives the device", outlives_device),
		LIFETIME("an attachment outlives the device",
			 attachment_outlives_device),
		LIFETIME("the module stays as long as a buffer lives",
			 keeps_module),
		LIFETIME("exports and imports leave nothing behind",
			 leaves_nothing),
		LIFETIME("a closed buffer is not revoked any more",
			 buffer_closed_first),
		LIFETIME("a killed process frees the device", killed),
		LIFETIME("a buffer can be passed on to another process",
			 passed_on),
	};
	const struct CMUnitTest kept[] = {
		LIFETIME("a device whose importer keeps its mapping is closed, and busy",
			 quarantined),
		LIFETIME("a device is busy until the work on its memory is done",
			 quarantined_by_work),
		LIFETIME("a process can be killed with an importer that keeps its mapping",
			 killed_with_gpu),
		LIFETIME("a process can be killed while it waits for its importer",
			 killed_waiting),
		LIFETIME("a process can be killed while a reset waits for its importer",
			 killed_in_reset),
		LIFETIME("unbinding waits for who keeps a mapping, and names it",
			 unbind_waits),
	};
	const struct CMUnitTest held[] = {
		HELD_BY(HOLD_PATH, "by O_PATH"),
		HELD_BY(HOLD_FLIGHT, "by a socket's own queue"),
		HELD_BY(HOLD_COPY, "by pidfd_getfd()"),
		HELD_BY(HOLD_EPOLL, "by epoll"),
		HELD_BY(HOLD_TABLE, "by a shared table"),
	};
	int failed;

	failed = run_group("lifetime", tests);
	if (expects(quarantines))
		failed += run_group("lifetime", kept);
	if (expects(outlives_file))
		failed += run_group("lifetime", held);
	return failed;
}
