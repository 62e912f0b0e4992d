// SPDX-License-Identifier: GPL-2.0-only
/* A reset takes the memory away for a moment, whoever asks for it. */
#include <sys/wait.h>

#include "actor.h"
#include "events.h"
#include "suites.h"

static const struct place nvme = PLACE_NVME;
static const struct place e1000e = PLACE_E1000E;
static const struct place ivshmem = PLACE_IVSHMEM;

/* The second functions of the slots that share a reset; see tests/matrix/machines. */
#define SLOT_FUNCTION	3
#define BUS_FUNCTION	5

static const unsigned int slot_function = SLOT_FUNCTION;
static const unsigned int bus_function = BUS_FUNCTION;

static void by_user(void **state)
{
	struct subject subject;
	unsigned int i;

	subject_open(&subject, *state);
	for (i = 0; i < 3; i++) {
		assert_ok(vfio_reset(subject.vfio));
		subject_is_restored(&subject, 2 * i + 2);
		subject_answered(&subject, 2 * i);
		subject_answered(&subject, 2 * i + 1);
	}
}

/* The reset waits for the importer, whose device gets at the memory till then. */
static void slow_importer(void **state)
{
	struct subject subject = { .place = nvme };
	struct actor resets = { .act = act_reset_by_user };
	uint8_t data[64], got[64];

	(void)state;
	subject.bdf = bench_find(NVME, 0);
	subject_import(&subject, bench_open(subject.bdf), 3000);
	resets.vfio = subject.vfio;
	actor_start(&resets);
	wait_until(importer_notifications(subject.importer) == 1);
	bench_pattern(data, sizeof(data), 77);
	assert_ok(importer_write(subject.importer, 0, data, sizeof(data)));
	assert_ok(importer_read(subject.importer, 0, got, sizeof(got)));
	assert_memory_equal(got, data, sizeof(got));
	assert_error(importer_map(subject.importer), EBUSY);

	actor_join(&resets);
	assert_ok(resets.result);
	subject_is_restored(&subject, 2);
}

/* Sets the bit of the function-level reset in a write that starts earlier. */
static void reset_by_config(struct vfio *vfio, unsigned int before, size_t size)
{
	unsigned int control = find_capability(vfio, PCI_CAP_ID_EXP) +
			       PCI_EXP_DEVCTL;
	uint8_t bytes[16];

	assert_ok(vfio_read(vfio, CONFIG, control - before, bytes, size));
	bytes[before + 1] |= PCI_EXP_DEVCTL_BCR_FLR >> 8;
	assert_ok(vfio_write(vfio, CONFIG, control - before, bytes, size));
}

static void by_config(void **state)
{
	static const struct {
		unsigned int before;
		size_t size;
	} writes[] = {
		{ 0, 2 },
		{ 0, 4 },
		{ 2, 4 },
		{ 4, 8 },
		{ 8, 12 },
	};
	struct subject subject;
	unsigned int i;

	(void)state;
	subject_open(&subject, &nvme);
	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		reset_by_config(subject.vfio, writes[i].before, writes[i].size);
		subject_is_restored(&subject, 2 * i + 2);
	}
	subject_answered(&subject, 2 * i - 1);
}

static void memory_off(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	bench_decoding(subject.vfio, false);
	assert_ok(vfio_reset(subject.vfio));
	subject_is_revoked(&subject, 1);
	bench_decoding(subject.vfio, true);
	subject_is_restored(&subject, 2);
}

/* The core wakes the device up for its reset. */
static void asleep(void **state)
{
	struct subject subject;
	uint16_t pmcsr;
	unsigned int pm;

	(void)state;
	subject_open(&subject, &nvme);
	pm = find_capability(subject.vfio, PCI_CAP_ID_PM);
	assert_ok(vfio_read(subject.vfio, CONFIG, pm + PCI_PM_CTRL, &pmcsr, 2));
	pmcsr |= 3;
	assert_ok(vfio_write(subject.vfio, CONFIG, pm + PCI_PM_CTRL, &pmcsr,
			     2));
	subject_is_revoked(&subject, 1);
	assert_ok(vfio_reset(subject.vfio));
	subject_is_restored(&subject, 2);
}

/* A hole in nvme's config space. */
#define AF_POSITION 0xf0

/* No device that QEMU 7.2 emulates has Advanced Features. */
static void have_af(bool have)
{
	int importer = bench_importer("platform");

	assert_ok(importer_pretend(importer, bench_find(NVME, 0), false,
				   have ? AF_POSITION : 0));
	bench_drop(importer);
}

static int no_af(void **state)
{
	bench_teardown(state);
	have_af(false);
	return bench_teardown(state);
}

/* The core hears the write, and resets the device in whatever way it can. */
static void by_config_af(void **state)
{
	static const struct {
		unsigned int before;
		size_t size;
	} writes[] = {
		{ 0, 1 },
		{ 0, 2 },
		{ 1, 2 },
		{ 4, 6 },
	};
	uint8_t bytes[8] = { 0 };
	struct subject subject;
	unsigned int i, control;

	(void)state;
	have_af(true);
	subject_open(&subject, &nvme);
	control = find_capability(subject.vfio, PCI_CAP_ID_AF) + PCI_AF_CTRL;
	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		memset(bytes, 0, sizeof(bytes));
		bytes[writes[i].before] = PCI_AF_CTRL_FLR;
		assert_ok(vfio_write(subject.vfio, CONFIG,
				     control - writes[i].before, bytes,
				     writes[i].size));
		subject_is_restored(&subject, 2 * i + 2);
	}
	subject_answered(&subject, 2 * i - 1);
}

/*
 * The reset of an administrator, who uses no descriptor of the device.  The
 * in-tree driver does not hear of it.
 */
static void admin_resets(struct subject *subject, unsigned int *count)
{
	assert_ok(device_write_attr(subject->bdf, "reset", "1"));
	if (!expects(hears_of_resets)) {
		subject_is_untouched(subject, *count);
		return;
	}
	*count += 2;
	subject_is_restored(subject, *count);
	subject_answered(subject, *count - 2);
	subject_answered(subject, *count - 1);
}

static void by_admin(void **state)
{
	struct subject subject;
	unsigned int count = 0;

	(void)state;
	subject_open(&subject, &nvme);
	admin_resets(&subject, &count);
}

/**
 * struct methods - what an administrator's reset can be
 * @place: in the device that is reset
 * @at_least: so many methods it has: nvme at least flr and bus
 */
struct methods {
	const struct place *place;
	unsigned int at_least;
};

static const struct methods of_nvme = { &nvme, 2 };
static const struct methods of_e1000e = { &e1000e, 1 };
static const struct methods of_ivshmem = { &ivshmem, 1 };

/* Every method that the kernel has for the device, one after the other. */
static void by_each_method(void **state)
{
	const struct methods *methods = *state;
	char all[128], *rest = all, *method;
	unsigned int count = 0, tried = 0;
	struct subject subject;

	subject_open(&subject, methods->place);
	assert_ok(device_read_attr(subject.bdf, "reset_method", all,
				   sizeof(all)));
	while ((method = strsep(&rest, " "))) {
		assert_ok(device_write_attr(subject.bdf, "reset_method",
					    method));
		admin_resets(&subject, &count);
		tried++;
	}
	assert_ok(device_write_attr(subject.bdf, "reset_method", "default"));
	assert_in_range(tried, methods->at_least, UINT32_MAX);
}

/* The kernel looks for methods anew. */
static void by_method_af(void **state)
{
	struct subject subject;
	unsigned int count = 0;

	(void)state;
	have_af(true);
	subject_open(&subject, &nvme);
	assert_ok(device_write_attr(subject.bdf, "reset_method", "default"));
	assert_ok(device_write_attr(subject.bdf, "reset_method", "af_flr"));
	admin_resets(&subject, &count);
	have_af(false);
	assert_ok(device_write_attr(subject.bdf, "reset_method", "default"));
	admin_resets(&subject, &count);
}

/* Of the slot, or of the bus, through the bridge above. */
static void by_bridge(void **state)
{
	const unsigned int function = *(const unsigned int *)*state;
	struct place place = ivshmem;
	struct subject subject;
	char port[BDF_SIZE];

	assert_ok(device_bind(bench_find(IVSHMEM, function), bench_driver()));
	place.nth = function - 1;
	subject_open(&subject, &place);
	assert_true(device_parent(subject.bdf, port));
	assert_ok(device_write_attr(port, "reset_subordinate", "1"));
	if (!expects(hears_of_resets)) {
		subject_is_untouched(&subject, 0);
		return;
	}
	subject_went_and_came(&subject);
}

static void admin_while_closed(void **state)
{
	struct subject subject;

	(void)state;
	subject_open(&subject, &nvme);
	bench_close(subject.vfio);
	assert_ok(device_write_attr(subject.bdf, "reset", "1"));
	subject_is_revoked(&subject, 1);
	subject_open(&subject, &nvme);
}

/*
 * In a process of its own, which has the other device alone.  The group comes
 * along, as proof that it may.
 */
static void hot_reset_by_child(const struct vfio *vfio, const char *other)
{
	pid_t child = fork();
	int status, device;

	if (!child) {
		close(vfio->device);
		device = vfio_open_sibling(vfio, other);
		_exit(device < 0 ? 1 : vfio_hot_reset(device, vfio->group) != 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/**
 * struct hot - a hot reset
 * @function: through which it is asked for: of the slot, or of the bus
 * @driver: of that function, NULL for the driver under test
 */
struct hot {
	unsigned int function;
	const char *driver;
};

static const struct hot of_slot = { SLOT_FUNCTION, NULL };
static const struct hot of_slot_foreign = { SLOT_FUNCTION, "vfio-pci" };
static const struct hot of_bus = { BUS_FUNCTION, NULL };
static const struct hot of_bus_foreign = { BUS_FUNCTION, "vfio-pci" };

static void hot_resets(void **state)
{
	const struct hot *hot = *state;
	const char *other = bench_find(IVSHMEM, hot->function);
	struct place place = ivshmem;
	struct subject subject;

	assert_ok(device_bind(other, hot->driver ?: bench_driver()));
	place.nth = hot->function - 1;
	subject_open(&subject, &place);
	hot_reset_by_child(subject.vfio, other);
	subject_went_and_came(&subject);
	hot_reset_by_child(subject.vfio, other);
	subject_is_restored(&subject, 4);
}

/* Both devices' buffers, by a reset through one of them. */
static void hot_both(void **state)
{
	struct place first_place = ivshmem, second_place = ivshmem;
	struct subject first = { 0 }, second = { 0 };
	struct vfio sibling;

	(void)state;
	first_place.nth = BUS_FUNCTION - 1;
	second_place.nth = BUS_FUNCTION;
	second.bdf = bench_find(IVSHMEM, BUS_FUNCTION);
	assert_ok(device_bind(second.bdf, bench_driver()));
	subject_open(&first, &first_place);
	sibling = *first.vfio;
	sibling.device = assert_ok(vfio_open_sibling(first.vfio, second.bdf));
	bench_keep(sibling.device);
	second.place = second_place;
	subject_import(&second, &sibling, 0);

	assert_ok(vfio_hot_reset(first.vfio->device, first.vfio->group));
	subject_is_restored(&first, 2);
	subject_is_restored(&second, 2);
}

/* A reset that the core refuses takes nothing away. */
static void hot_refused(void **state)
{
	struct place place = ivshmem;
	struct subject subject;

	(void)state;
	assert_ok(device_bind(bench_find(IVSHMEM, BUS_FUNCTION),
			      bench_driver()));
	place.nth = BUS_FUNCTION - 1;
	subject_open(&subject, &place);
	assert_error(vfio_hot_reset(subject.vfio->device, -1), EBADF);
	subject_is_untouched(&subject, 0);
}

#define RESET(name, function) TEST("reset", name, function)
#define RESET_WITH(name, function, data) TEST_WITH("reset", name, function, data)
#define RESET_AF(name, function) \
	{ "reset: " name, function, bench_setup, no_af, NULL }

int suite_reset(void)
{
	const struct CMUnitTest tests[] = {
		RESET_WITH("the user's reset revokes and restores",
			   by_user, &nvme),
		RESET_WITH("the user's reset revokes registers, too",
			   by_user, &e1000e),
		RESET_WITH("the user's reset through the bus revokes",
			   by_user, &ivshmem),
		RESET("a reset waits for a slow importer", slow_importer),
		RESET("a function-level reset by config write revokes",
		      by_config),
		RESET_AF("so does one through Advanced Features", by_config_af),
		RESET("a reset with memory off does not restore", memory_off),
		RESET("a reset in D3hot restores", asleep),
		RESET("an administrator's reset revokes and restores",
		      by_admin),
		RESET_WITH("each reset method of nvme revokes",
			   by_each_method, &of_nvme),
		RESET_WITH("each reset method of e1000e revokes",
			   by_each_method, &of_e1000e),
		RESET_WITH("each reset method of ivshmem revokes",
			   by_each_method, &of_ivshmem),
		RESET_AF("the method af_flr revokes", by_method_af),
		RESET("a reset while closed revives nothing",
		      admin_while_closed),
		RESET_WITH("another process resets the slot",
			   hot_resets, &of_slot),
		RESET_WITH("another process resets the slot through vfio-pci",
			   hot_resets, &of_slot_foreign),
		RESET_WITH("another process resets the bus",
			   hot_resets, &of_bus),
		RESET_WITH("another process resets the bus through vfio-pci",
			   hot_resets, &of_bus_foreign),
		RESET("a hot reset revokes of all its devices", hot_both),
		RESET("a refused hot reset leaves the mapping alone",
		      hot_refused),
	};
	const struct CMUnitTest bridges[] = {
		RESET_WITH("an administrator resets the slot through its bridge",
			   by_bridge, &slot_function),
		RESET_WITH("an administrator resets the bus through its bridge",
			   by_bridge, &bus_function),
	};
	int failed;

	failed = run_group("reset", tests);
	if (expect_kernel()->resets_bridges)
		failed += run_group("reset", bridges);
	return failed;
}
