// SPDX-License-Identifier: GPL-2.0-only
/*
 * DPDK, as Debian has it.  It takes devices whose driver is called vfio-pci, and no
 * others.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bench.h"
#include "suites.h"
#include "system.h"

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX

/* The first half of the MAC address of e1000e, in the registers of its BAR 0. */
#define RAL0	0x5400

/* The polling threads share one CPU with all else in a guest. */
#define SETTLE_MS 20000

/* The two cards that are on one wire. */
static const char *card(unsigned int nth)
{
	return bench_find(E1000E, 1 + nth);
}

static bool is_known_by_name(void)
{
	return !strcmp(bench_driver(), "vfio-pci");
}

static int bind_cards(void **state)
{
	unsigned int i;

	(void)state;
	system_mount();
	for (i = 0; i < 2; i++) {
		tool_free_device(card(i));
		assert_ok(device_bind(card(i), bench_driver()));
	}
	return 0;
}

static int free_cards(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++)
		tool_free_device(card(i));
	return 0;
}

static void listed(void **state)
{
	char words[128];

	(void)state;
	snprintf(words, sizeof(words), "drv=%s", bench_driver());
	assert_tool(system_run("dpdk-devbind.py --status-dev net | sed -n '/%s/,/^$/p' | grep %s",
			       is_known_by_name() ? "using DPDK-compatible driver" :
			       "using kernel driver", card(0)), 0, words);
}

#define TESTPMD "dpdk-testpmd --no-huge -m 64 --no-telemetry -l 0-1 -a %s -a %s -- -i --total-num-mbufs=2048 --no-lsc-interrupt"

static void not_found(void **state)
{
	(void)state;
	assert_tool(system_run("echo quit | " TESTPMD " 2>&1", card(0), card(1)),
		    0, "No probed ethernet devices");
}

/**
 * struct testpmd - a testpmd that is running
 * @pid: its process, and that of the shell that has become it
 * @input: file descriptor for its commands
 * @output: file descriptor for what it says
 * @said: what it has said
 */
struct testpmd {
	pid_t pid;
	int input;
	int output;
	char said[65536];
	size_t length;
};

static struct testpmd testpmd;

static void say(const char *command)
{
	assert_int_equal(write(testpmd.input, command, strlen(command)),
			 strlen(command));
}

/* Until it has said it, or has ended. */
static void hear(const char *words)
{
	ssize_t done;

	while (!strstr(testpmd.said, words)) {
		done = read(testpmd.output, testpmd.said + testpmd.length,
			    sizeof(testpmd.said) - 1 - testpmd.length);
		if (done <= 0)
			fail_msg("no \"%s\" in: %s", words, testpmd.said);
		testpmd.length += done;
		testpmd.said[testpmd.length] = '\0';
	}
}

/* Of all ports. */
static unsigned long packets(const char *kind)
{
	const char *sums = strstr(testpmd.said, "Accumulated forward statistics");
	const char *found = sums ? strstr(sums, kind) : NULL;

	if (!found)
		fail_msg("no %s in: %s", kind, testpmd.said);
	return strtoul(found + strlen(kind), NULL, 10);
}

/* The descriptor of a device that another process has open, as a struct vfio. */
static struct vfio device_of(pid_t pid, const char *bdf)
{
	struct vfio vfio = { -1, -1, -1 };
	uint16_t ids[2];
	unsigned int want[2];
	int process, fd, copy;

	device_ids(E1000E, &want[0], &want[1]);
	process = assert_ok(syscall(SYS_pidfd_open, pid, 0));
	bench_keep(process);
	for (fd = 3; fd < 256 && vfio.device < 0; fd++) {
		char path[64], target[64] = "";

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		if (readlink(path, target, sizeof(target) - 1) < 0 ||
		    !strstr(target, "[vfio-device]"))
			continue;
		copy = syscall(SYS_pidfd_getfd, process, fd, 0);
		assert_sys(copy);
		vfio.device = bench_keep(copy);
		assert_ok(vfio_read(&vfio, VFIO_PCI_CONFIG_REGION_INDEX, 0,
				    ids, sizeof(ids)));
		assert_int_equal(ids[0], want[0]);
		assert_int_equal(ids[1], want[1]);
	}
	if (vfio.device < 0)
		fail_msg("process %d has %s not open", pid, bdf);
	return vfio;
}

/* Another device reads the card's registers through a dma-buf of them. */
static void read_by_peer(pid_t pid)
{
	struct vfio vfio = device_of(pid, card(0));
	int importer = bench_importer(bench_find(EDU, 0));
	uint32_t seen, read;

	assert_ok(importer_attach(importer,
				  bench_keep(vfio_export_range(&vfio, BAR0, RAL0 & -PAGE,
							       PAGE))));
	assert_ok(importer_map(importer));
	assert_ok(importer_read(importer, RAL0 % PAGE, &seen, sizeof(seen)));
	assert_ok(vfio_read(&vfio, BAR0, RAL0, &read, sizeof(read)));
	assert_int_equal(seen, read);
	/* 52:54:00 is where QEMU's addresses begin. */
	assert_int_equal(read & 0xffffff, 0x005452);
}

static void sends(void **state)
{
	int status;

	(void)state;
	testpmd = (struct testpmd) {};
	testpmd.pid = system_start(&testpmd.input, &testpmd.output,
				   "exec stdbuf -oL " TESTPMD " 2>&1", card(0), card(1));
	bench_keep(testpmd.input);
	bench_keep(testpmd.output);
	hear("testpmd> ");
	say("start tx_first\n");
	hear("streams=2");
	read_by_peer(testpmd.pid);
	usleep(1000 * SETTLE_MS);
	say("stop\nquit\n");
	hear("Accumulated forward statistics");
	hear("Bye...");
	assert_int_equal(waitpid(testpmd.pid, &status, 0), testpmd.pid);
	assert_int_equal(status, 0);
	assert_true(packets("TX-packets: ") > 64);
	assert_true(packets("RX-packets: ") > 64);
}

#define DPDK(name, function) TEST("dpdk", name, function)

int suite_dpdk(void)
{
	const struct CMUnitTest variant[] = {
		DPDK("dpdk-devbind.py lists the device among those of the kernel", listed),
		DPDK("testpmd finds no port, because of the driver's name", not_found),
	};
	const struct CMUnitTest named[] = {
		DPDK("dpdk-devbind.py lists the device among those for DPDK", listed),
		DPDK("testpmd sends and receives while a peer reads the card by a dma-buf",
		     sends),
	};

	return is_known_by_name() ?
		cmocka_run_group_tests_name("dpdk", named, bind_cards, free_cards) :
		cmocka_run_group_tests_name("dpdk", variant, bind_cards, free_cards);
}
