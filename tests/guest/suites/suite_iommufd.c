// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommufd maps our buffers for another device of userspace's: an edu device that this
 * program drives itself, as QEMU lets a guest do.
 */
#include <linux/pci_regs.h>
#include <sys/mman.h>

#include "bench.h"
#include "iommufd.h"
#include "suites.h"
#include "vtd.h"

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define BAR2	VFIO_PCI_BAR2_REGION_INDEX

/* The registers of edu, and what it calls its own buffer. */
#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_RUN		1
#define EDU_TO_BUS	2
#define EDU_BUFFER	0x40000

/* Where the peer finds memory of ours, and the buffer. */
#define AT_MEMORY	0x10000000UL
#define AT_BUFFER	0x20000000UL

#define CHUNK	512

/**
 * struct peer - a device that userspace drives
 * @vfio: the device, with a /dev/iommu
 * @space: its address space
 * @memory: a page of ours that it reaches
 */
struct peer {
	struct vfio vfio;
	uint32_t space;
	uint8_t *memory;
};

static struct peer peer;

static int load(void **state)
{
	(void)state;
	return module_load("iommufd", NULL);
}

static int setup(void **state)
{
	peer = (struct peer) { .vfio = { -1, -1, -1 } };
	return bench_setup(state);
}

/* The peer goes first, as it does when who has opened both is killed. */
static int teardown(void **state)
{
	vfio_close(&peer.vfio);
	if (peer.memory)
		munmap(peer.memory, PAGE);
	return bench_teardown(state);
}

static void open_peer(void)
{
	const char *bdf = bench_find(EDU, 0);

	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_ok(iommufd_open_device(&peer.vfio, bdf, &peer.space));
	peer.memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(peer.memory, MAP_FAILED);
	assert_ok(iommufd_map(&peer.vfio, peer.space, peer.memory, PAGE,
			      AT_MEMORY));
	assert_ok(vfio_set_command(&peer.vfio, PCI_COMMAND_MASTER |
				   PCI_COMMAND_MEMORY, 0));
}

static int map(int buffer, uint64_t start, uint64_t length)
{
	return iommufd_map_file(&peer.vfio, peer.space, buffer, start, length,
				AT_BUFFER);
}

static void set(unsigned int reg, uint32_t value)
{
	assert_ok(vfio_write(&peer.vfio, BAR0, reg, &value, sizeof(value)));
}

static bool is_running(void)
{
	uint32_t value;

	assert_ok(vfio_read(&peer.vfio, BAR0, EDU_CMD, &value, sizeof(value)));
	return value & EDU_RUN;
}

static void run(uint32_t from, uint32_t to, uint32_t direction)
{
	set(EDU_SRC, from);
	set(EDU_DST, to);
	set(EDU_COUNT, CHUNK);
	set(EDU_CMD, EDU_RUN | direction);
	wait_until(!is_running());
}

/* The peer writes to that address, what its memory has. */
static void peer_writes(uint32_t to)
{
	static unsigned int seed;

	bench_pattern(peer.memory, CHUNK, ++seed);
	run(AT_MEMORY, EDU_BUFFER, 0);
	run(EDU_BUFFER, to, EDU_TO_BUS);
}

static void assert_lands(uint32_t offset, const uint8_t *there)
{
	peer_writes(AT_BUFFER + offset);
	assert_memory_equal(there, peer.memory, CHUNK);
}

/* How much of the BAR the peer's tables lead to. */
static uint64_t reached(const char *bdf)
{
	int importer = bench_importer("platform");
	struct vtd_pages pages;
	struct bar bar;

	assert_ok(device_bar(bdf, 2, &bar));
	assert_ok(vtd_walk(importer, bench_find(EDU, 0), bar.start, bar.size,
			   &pages));
	bench_drop(importer);
	return pages.size;
}

static uint64_t reached_memory(void)
{
	return reached(bench_find(IVSHMEM, 0));
}

/* The peer reaches nothing of it. */
static void assert_taken(void)
{
	assert_int_equal(reached_memory(), 0);
}

/* What it writes nevertheless, the IOMMU stops and says so. */
static void assert_stopped(void)
{
	const char *const words[] = { "DMAR:", "fault addr", NULL };
	int klog = bench_keep(assert_ok(klog_open_end()));

	assert_ok(klog_say(KLOG_FAULTS_FROM));
	peer_writes(AT_BUFFER);
	wait_until(klog_count(klog, words));
	assert_ok(klog_say(KLOG_FAULTS_UNTIL));
}

/* A buffer of 16 pages, all of which the peer has mapped. */
static int open_mapped(struct vfio **vfio, uint64_t offset)
{
	int buffer;

	*vfio = bench_open_memory();
	buffer = bench_export(*vfio, BAR2, offset, 16 * PAGE);
	open_peer();
	assert_ok(map(buffer, 0, 16 * PAGE));
	return buffer;
}

static void lands(void **state)
{
	struct vfio *vfio;
	uint8_t *bar;

	(void)state;
	open_mapped(&vfio, MIB);
	bar = bench_mmap(vfio, BAR2) + MIB;
	assert_int_equal(reached_memory(), 16 * PAGE);
	assert_lands(0, bar);
	assert_lands(16 * PAGE - CHUNK, bar + 16 * PAGE - CHUNK);
}

static void part_lands(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, BAR2, MIB, 16 * PAGE);
	uint8_t *bar = bench_mmap(vfio, BAR2) + MIB;

	(void)state;
	open_peer();
	assert_ok(map(buffer, 3 * PAGE, 2 * PAGE));
	bench_drop(buffer);
	assert_int_equal(reached_memory(), 2 * PAGE);
	assert_lands(PAGE, bar + 4 * PAGE);
	assert_ok(iommufd_unmap(&peer.vfio, peer.space, AT_BUFFER, 2 * PAGE));
	assert_taken();
}

/* What iommufd has lost it does not get back by itself. */
static void decoding_off(void **state)
{
	struct vfio *vfio;
	int buffer;
	uint8_t *bar;

	(void)state;
	buffer = open_mapped(&vfio, 0);
	bar = bench_mmap(vfio, BAR2);
	assert_lands(0, bar);
	bench_decoding(vfio, false);
	assert_taken();
	bench_decoding(vfio, true);
	assert_taken();
	assert_ok(iommufd_unmap(&peer.vfio, peer.space, AT_BUFFER, 16 * PAGE));
	assert_ok(map(buffer, 0, 16 * PAGE));
	assert_lands(0, bar);
}

static void reset(void **state)
{
	struct vfio *vfio;

	(void)state;
	open_mapped(&vfio, 0);
	assert_ok(vfio_reset(vfio));
	assert_taken();
}

static void closed(void **state)
{
	struct vfio *vfio;
	int buffer;

	(void)state;
	buffer = open_mapped(&vfio, 0);
	bench_close(vfio);
	assert_taken();
	assert_stopped();
	/* Nor has it anything of the next user's. */
	bench_open_memory();
	assert_taken();
	assert_ok(iommufd_unmap(&peer.vfio, peer.space, AT_BUFFER, 16 * PAGE));
	assert_error(map(buffer, 0, PAGE), ENODEV);
}

static void unbound(void **state)
{
	struct vfio *vfio;

	(void)state;
	open_mapped(&vfio, 0);
	bench_close(vfio);
	assert_ok(device_unbind(bench_find(IVSHMEM, 0)));
	assert_taken();
}

static void peer_closed(void **state)
{
	struct vfio *vfio;

	(void)state;
	open_mapped(&vfio, 0);
	vfio_close(&peer.vfio);
	bench_decoding(vfio, false);
	bench_decoding(vfio, true);
}

/* It has one address for each buffer. */
static void several(void **state)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ MIB, PAGE }, { 0, PAGE },
	};
	struct vfio *vfio = bench_open_memory();

	(void)state;
	open_peer();
	assert_error(map(bench_export_ranges(vfio, BAR2, ranges, 2), 0, 2 * PAGE),
		     EOPNOTSUPP);
}

/* It takes addresses from the exporter of vfio-pci-core only. */
static void own_refused(void **state)
{
	static const char *const words[] = {
		"no peer-to-peer path from iommu: it is not a PCI device nor below one",
		NULL
	};
	struct vfio *vfio = bench_open_memory();
	int klog = bench_keep(klog_open_end());

	(void)state;
	open_peer();
	assert_error(map(bench_export(vfio, BAR2, 0, PAGE), 0, PAGE), EINVAL);
	assert_int_equal(klog_count(klog, words), 1);
}

static void no_import(void **state)
{
	struct vfio *vfio = bench_open_memory();

	(void)state;
	open_peer();
	assert_error(map(bench_export(vfio, BAR2, 0, PAGE), 0, PAGE), ENOTTY);
}

#define IOMMUFD(name, function) \
	{ "iommufd: " name, function, setup, teardown, NULL }

int suite_iommufd(void)
{
	const struct CMUnitTest intree[] = {
		IOMMUFD("what a peer writes is in the BAR", lands),
		IOMMUFD("a part of a buffer is mapped, and unmapped", part_lands),
		IOMMUFD("decoding off takes it until it is mapped again",
			decoding_off),
		IOMMUFD("a reset takes it", reset),
		IOMMUFD("closing the device takes it for good", closed),
		IOMMUFD("a device whose memory is mapped can be unbound", unbound),
		IOMMUFD("the peer is closed first", peer_closed),
		IOMMUFD("a buffer of several ranges is refused", several),
	};
	const struct CMUnitTest own[] = {
		IOMMUFD("our own exporter's buffers are refused, and the log says so",
			own_refused),
	};
	const struct CMUnitTest older[] = {
		IOMMUFD("before 6.19 it imports nothing", no_import),
	};

	if (!expect_kernel()->core_exports)
		return cmocka_run_group_tests_name("iommufd", older, load, NULL);
	/* Of ours, and of nobody else, debugfs shows the inside. */
	if (expect()->shows_inside)
		return cmocka_run_group_tests_name("iommufd", own, load, NULL);
	return cmocka_run_group_tests_name("iommufd", intree, load, NULL);
}
