// SPDX-License-Identifier: GPL-2.0-only
/* The memory of a virtual function goes with its physical function. */
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "actor.h"
#include "events.h"
#include "suites.h"

/* The token by which the PF's user lets others have the VFs. */
#define TOKEN_TEXT "00112233-4455-6677-8899-aabbccddeeff"
static const uint8_t token[] = {
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
	0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
};

/* The second nvme has functions; they come after it. */
#define PF	1
#define VF	2

/**
 * struct family - a PF and its first VF, both open, and an importer of the VF
 * @pf: address of the PF
 * @vf: address of the VF
 * @pf_vfio: PF
 * @vf_vfio: VF
 * @bar: of the VF, that has the MSI-X table
 * @table: where that is
 * @importer: has the VF's memory mapped
 * @seed: of what was last written
 */
struct family {
	const char *pf;
	const char *vf;
	struct vfio *pf_vfio;
	struct vfio vf_vfio;
	unsigned int bar;
	unsigned int table;
	int importer;
	unsigned int seed;
};

static int open_vf(struct vfio *vfio, const char *bdf)
{
	char name[128], path[64];

	*vfio = (struct vfio) { -1, -1, -1 };
	snprintf(path, sizeof(path), "/dev/vfio/%d", device_group(bdf));
	vfio->container = bench_keep(assert_ok(open("/dev/vfio/vfio",
						    O_RDWR | O_CLOEXEC)));
	vfio->group = bench_keep(assert_ok(open(path, O_RDWR | O_CLOEXEC)));
	assert_sys(ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER,
			 &vfio->container));
	assert_sys(ioctl(vfio->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
	snprintf(name, sizeof(name), "%s vf_token=" TOKEN_TEXT, bdf);
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, name);
	return vfio->device < 0 ? -errno : bench_keep(vfio->device);
}

static void close_vf(struct vfio *vfio)
{
	bench_drop(vfio->device);
	bench_drop(vfio->group);
	bench_drop(vfio->container);
}

static void allow_vfs(bool allow)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/enable_sriov",
		 bench_module());
	assert_ok(write_file(path, allow ? "1" : "0"));
}

static int set_vfs(const char *pf, const char *count)
{
	return device_write_attr(pf, "sriov_numvfs", count);
}

/*
 * The MSI-X table is memory of a VF that nobody has switched on.  The core does
 * not let its user read it, but map it.
 */
static void find_table(struct family *family)
{
	unsigned int msix = find_capability(&family->vf_vfio, PCI_CAP_ID_MSIX);
	uint32_t table;

	assert_ok(vfio_read(&family->vf_vfio, CONFIG, msix + PCI_MSIX_TABLE,
			    &table, 4));
	family->bar = table & PCI_MSIX_TABLE_BIR;
	family->table = table & PCI_MSIX_TABLE_OFFSET;
}

static void move_bytes(struct family *family)
{
	uint32_t data[2], got[2];
	uint32_t *table;
	uint8_t *memory;
	size_t size;

	bench_pattern((uint8_t *)data, sizeof(data), ++family->seed);
	assert_ok(importer_write(family->importer, family->table, data,
				 sizeof(data)));
	assert_ok(vfio_map(&family->vf_vfio, family->bar, &memory, &size));
	table = (uint32_t *)(memory + family->table);
	got[0] = __atomic_load_n(&table[0], __ATOMIC_RELAXED);
	got[1] = __atomic_load_n(&table[1], __ATOMIC_RELAXED);
	/* Before a failure: it keeps the VF open, which then cannot go. */
	munmap(memory, size);
	assert_memory_equal(got, data, sizeof(got));
}

static unsigned int find_extended(const char *bdf, unsigned int id)
{
	unsigned int position = PCI_CFG_SPACE_SIZE;
	uint32_t header;

	while (position) {
		assert_ok(device_read_config(bdf, position, &header, 4));
		if (PCI_EXT_CAP_ID(header) == id)
			return position;
		position = PCI_EXT_CAP_NEXT(header);
	}
	fail_msg("%s has no extended capability %#x", bdf, id);
	return 0;
}

/* Opens the VF; returns a buffer of its memory. */
static int export_vf(struct family *family)
{
	struct vfio_region_info info;

	assert_ok(open_vf(&family->vf_vfio, family->vf));

	find_table(family);
	assert_ok(vfio_region(&family->vf_vfio, family->bar, &info));
	return bench_export(&family->vf_vfio, family->bar, 0, info.size);
}

static void open_family_vf(struct family *family)
{
	int buffer = export_vf(family);

	family->importer = bench_importer(bench_find(EDU, 0));
	assert_ok(importer_attach(family->importer, buffer));
	assert_ok(importer_map(family->importer));
	family->seed = 0;
	move_bytes(family);
}

static void family_open(struct family *family)
{
	family->pf = bench_find(NVME, PF);
	family->pf_vfio = bench_open(family->pf);
	assert_ok(vfio_feature(family->pf_vfio, VFIO_DEVICE_FEATURE_SET |
			       VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, token,
			       sizeof(token)));
	allow_vfs(true);
	assert_ok(set_vfs(family->pf, "2"));
	family->vf = bench_find(NVME, VF);
	assert_ok(device_bind(family->vf, bench_driver()));
	open_family_vf(family);
}

/* However the test ended. */
static int no_vfs(void **state)
{
	bench_teardown(state);
	allow_vfs(true);
	set_vfs(bench_find(NVME, PF), "0");
	allow_vfs(false);
	return 0;
}

static void is_revoked(struct family *family)
{
	assert_int_equal(importer_notifications(family->importer), 1);
	assert_false(importer_is_mapped(family->importer));
	assert_error(importer_map(family->importer), ENODEV);
}

static void is_restored(struct family *family, unsigned int count)
{
	assert_int_equal(importer_notifications(family->importer), count);
	assert_false(importer_is_mapped(family->importer));
	assert_ok(importer_map(family->importer));
	move_bytes(family);
}

static void is_untouched(struct family *family)
{
	assert_int_equal(importer_notifications(family->importer), 0);
	assert_true(importer_is_mapped(family->importer));
	move_bytes(family);
}

static void vf_reset(void **state)
{
	struct family family;

	(void)state;
	family_open(&family);
	assert_ok(vfio_reset(&family.vf_vfio));
	is_restored(&family, 2);
}

/*
 * In a reset, QEMU's PF loses its VFs but not the bit that enables them, and the
 * kernel restores them only if that bit is off.  So they are enabled by hand; what
 * comes then are VFs whose memory QEMU wants to have switched on.
 */
static void bring_vfs_back(const struct family *family)
{
	const uint16_t count = 2, command = PCI_COMMAND_MEMORY;
	const char *pf = family->pf;
	uint16_t control;
	unsigned int cap;

	cap = find_extended(pf, PCI_EXT_CAP_ID_SRIOV);
	assert_ok(device_read_config(pf, cap + PCI_SRIOV_CTRL, &control, 2));
	assert_true(control & PCI_SRIOV_CTRL_VFE);
	assert_ok(device_write_config(pf, cap + PCI_SRIOV_NUM_VF, &count, 2));
	assert_ok(device_write_config(pf, cap + PCI_SRIOV_CTRL, &control, 2));
	assert_ok(device_write_config(family->vf, PCI_COMMAND, &command, 2));
}

/* The in-tree driver leaves the VF's importers in the dark. */
static void pf_was_reset(struct family *family)
{
	bring_vfs_back(family);
	if (expects(hears_of_resets))
		is_restored(family, 2);
	else
		is_untouched(family);
}

static void pf_reset(void **state)
{
	struct family family;

	(void)state;
	family_open(&family);
	assert_ok(vfio_reset(family.pf_vfio));
	pf_was_reset(&family);
}

static void pf_reset_by_admin(void **state)
{
	struct family family;

	(void)state;
	family_open(&family);
	assert_ok(device_write_attr(family.pf, "reset", "1"));
	pf_was_reset(&family);
}

/* The core resets the PF when it is closed, without a word to any driver. */
static void pf_closed(void **state)
{
	struct family family;

	(void)state;
	family_open(&family);
	bench_close(family.pf_vfio);
	pf_was_reset(&family);
}

/* Their users may have nothing to do with each other. */
static void pf_closed_kept(void **state)
{
	struct vfio_region_info info;
	struct family family;
	long long start;
	int buffer;

	(void)state;
	family_open(&family);
	assert_ok(vfio_region(&family.vf_vfio, family.bar, &info));
	buffer = bench_export(&family.vf_vfio, family.bar, 0, info.size);
	assert_ok(importer_detach(family.importer));
	assert_ok(importer_attach_as(family.importer, buffer,
				     DVP_IMPORTER_REVOCABLE,
				     DVP_IMPORTER_UNTIL_CALL));
	assert_ok(importer_map(family.importer));
	start = bench_now_ms();
	bench_close(family.pf_vfio);
	assert_in_range(bench_now_ms() - start, 0, 8000);
	assert_true(importer_is_mapped(family.importer));
	assert_ok(importer_unmap(family.importer));
	bring_vfs_back(&family);
	assert_ok(importer_map(family.importer));
	move_bytes(&family);
}

/* Its memory is switched by the PF, so the bit means nothing. */
static void vf_memory_bit(void **state)
{
	struct family family;

	(void)state;
	family_open(&family);
	bench_decoding(&family.vf_vfio, false);
	bench_decoding(&family.vf_vfio, true);
	is_untouched(&family);
}

static void *disable(void *pf)
{
	return (void *)(intptr_t)set_vfs(pf, "0");
}

static void disabled(void **state)
{
	struct family family;
	pthread_t admin;
	void *ret;
	int event;

	(void)state;
	family_open(&family);
	event = watch_irq(&family.vf_vfio, VFIO_PCI_REQ_IRQ_INDEX);
	assert_int_equal(pthread_create(&admin, NULL, disable,
					(void *)family.pf), 0);
	wait_until(was_told(event));
	is_untouched(&family);
	close_vf(&family.vf_vfio);
	assert_int_equal(pthread_join(admin, &ret), 0);
	assert_ok((intptr_t)ret);
	assert_null(device_find(NVME, VF));
	is_revoked(&family);
}

/* The PF has told the VFs that there were when it is held. */
static void bound_during_reset(void **state)
{
	struct family family;
	struct actor resets = { .act = act_reset };
	int held, buffer;

	(void)state;
	family_open(&family);
	bench_drop(family.importer);
	close_vf(&family.vf_vfio);
	assert_ok(device_unbind(family.vf));
	resets.bdf = family.pf;
	held = actor_hold(&resets, "dvp_revoke_block");
	assert_ok(device_bind(family.vf, bench_driver()));
	buffer = export_vf(&family);
	family.importer = bench_importer(bench_find(EDU, 0));
	assert_error(importer_attach(family.importer, buffer), ENODEV);

	assert_ok(importer_release(held));
	actor_join(&resets);
	assert_ok(resets.result);
	bring_vfs_back(&family);
	assert_ok(importer_attach(family.importer, buffer));
	assert_ok(importer_map(family.importer));
	move_bytes(&family);
}

#define SRIOV(name, function) \
	{ "sriov: " name, function, bench_setup, no_vfs, NULL }

int suite_sriov(void)
{
	const struct CMUnitTest tests[] = {
		SRIOV("a VF's reset revokes and restores", vf_reset),
		SRIOV("the reset of the PF revokes the VF's memory", pf_reset),
		SRIOV("so does an administrator's reset of the PF",
		      pf_reset_by_admin),
		SRIOV("closing the PF revokes the VF's memory", pf_closed),
		SRIOV("disabling VFs waits for the user, then all is revoked",
		      disabled),
	};

	/* The core tells its own importers all the same. */
	const struct CMUnitTest ours[] = {
		SRIOV("closing the PF does not wait for who keeps the VF's memory",
		      pf_closed_kept),
		SRIOV("a VF's memory bit means nothing", vf_memory_bit),
		SRIOV("a VF bound in the PF's reset gets memory at its end",
		      bound_during_reset),
	};
	int failed;

	failed = run_group("sriov", tests);
	if (expects(hears_of_resets))
		failed += run_group("sriov", ours);
	return failed;
}
