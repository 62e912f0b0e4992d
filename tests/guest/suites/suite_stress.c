// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users who race: some threads take the memory away and give it back in every
 * way, others export, close and open the device, hand descriptors to other
 * processes, and importers come and go, all at once.  From time to time one looks
 * whether anybody still has a mapping after an event has returned.  Other devices
 * are unplugged, torn out or reset together, while they are used in the same way.
 *
 * DVP_STRESS=SECONDS:SEED makes it longer, and different.  The tests share the time.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/mman.h>

#include "events.h"
#include "stress.h"
#include "suites.h"

#define PATIENCE_MS 120000

struct stress stress;

/* The devices and the buffers; not held while the kernel works on one. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const count_names[STRESS_COUNTS] = {
	[EVENTS] = "events",
	[REFUSED] = "refused",
	[OPENS] = "opens",
	[EXPORTS] = "exports",
	[BAD_EXPORTS] = "refused exports",
	[CHILDREN] = "children",
	[KILLED] = "killed",
	[MAPS] = "maps",
	[TRANSFERS] = "transfers",
	[REVOKES] = "revokes",
	[UNPLUGS] = "unplugs",
	[TEARS] = "torn out",
	[HOT_RESETS] = "hot resets",
	[CHECKS] = "checks",
	[HOLDS] = "holds",
	[TOUCHES] = "touches",
	[PINS] = "pins",
	[STILL_MAPPED] = "still mapped",
	[MAPPED_AWAY] = "mapped while away",
	[NOT_BACK] = "not back",
	[BLIND] = "told too late",
	[UNDEAD] = "undead buffers",
	[WRONG_BYTES] = "wrong transfers",
	[SICK_CHILDREN] = "sick children",
};

unsigned int stress_pick(unsigned int *seed, unsigned int below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

struct vfio stress_swap_device(struct stress_exporter *exporter,
			       const struct vfio *vfio)
{
	struct vfio old;

	pthread_mutex_lock(&table_lock);
	old = exporter->vfio;
	exporter->vfio = *vfio;
	pthread_mutex_unlock(&table_lock);
	return old;
}

bool stress_take_device(const struct stress_exporter *exporter,
			struct vfio *device)
{
	*device = (struct vfio) { -1, -1, -1 };
	pthread_mutex_lock(&table_lock);
	if (exporter->vfio.device >= 0)
		device->device = dup(exporter->vfio.device);
	pthread_mutex_unlock(&table_lock);
	return device->device >= 0;
}

int stress_take_buffer(const struct stress_exporter *exporter,
		       unsigned int which)
{
	int buffer = -1;

	pthread_mutex_lock(&table_lock);
	if (exporter->buffers[which] >= 0)
		buffer = dup(exporter->buffers[which]);
	pthread_mutex_unlock(&table_lock);
	return buffer;
}

void stress_put_buffer(struct stress_exporter *exporter, unsigned int which,
		       int buffer)
{
	int old;

	pthread_mutex_lock(&table_lock);
	old = exporter->buffers[which];
	exporter->buffers[which] = buffer;
	pthread_mutex_unlock(&table_lock);
	if (old >= 0)
		close(old);
}

static const struct {
	const char *name;
	void (*step)(struct worker *worker);
	enum stress_place place;
	unsigned int count;
	bool imports;
} kinds[] = {
	{ "events", stress_event, STRESS_MAIN, 2, false },
	{ "check", stress_check, STRESS_MAIN, 1, true },
	{ "export", stress_export, STRESS_MAIN, 1, false },
	{ "reopen", stress_reopen, STRESS_MAIN, 1, true },
	{ "import", stress_import, STRESS_MAIN, STRESS_IMPORTERS, false },
	{ "pass", stress_pass, STRESS_MAIN, 1, false },
	{ "hold", stress_hold, STRESS_MAIN, 2, false },
	{ "unplug", stress_unplug, STRESS_PLUGGED, 1, true },
	{ "use plugged", stress_use_device, STRESS_PLUGGED, 1, true },
	{ "hold plugged", stress_hold, STRESS_PLUGGED, 1, false },
	{ "import plugged", stress_import, STRESS_PLUGGED, 1, false },
	{ "tear out", stress_tear_out, STRESS_TORN, 1, true },
	{ "use torn", stress_use_device, STRESS_TORN, 1, true },
	{ "hold torn", stress_hold, STRESS_TORN, 1, false },
	{ "import torn", stress_import, STRESS_TORN, 1, false },
	{ "hot reset", stress_hot_reset, STRESS_FIRST, 1, true },
	{ "use first", stress_use_device, STRESS_FIRST, 1, true },
	{ "import first", stress_import, STRESS_FIRST, 1, false },
	{ "use second", stress_use_device, STRESS_SECOND, 1, true },
	{ "import second", stress_import, STRESS_SECOND, 1, false },
	{ "lie", stress_lie, STRESS_MAIN, 1, false },
	{ "pin", stress_pin, STRESS_MAIN, 1, true },
	{ "touch", stress_touch, STRESS_MAIN, 2, false },
};

#define MAX_WORKERS 32

/* What has not been done yet; @STILL_MAPPED if all has. */
static enum stress_count find_missing(void)
{
	enum stress_count i;

	for (i = 0; i < STILL_MAPPED; i++)
		if (i != REFUSED && (i != PINS || stress.pins) &&
		    (i != TOUCHES || stress.expect->delegates) &&
		    !stress.shared->counts[i])
			break;
	return i;
}

/* A busy machine may take longer until all has been done once. */
static bool is_over(void)
{
	long long left = stress.end - bench_now_ms();

	return left <= -PATIENCE_MS ||
	       (left <= 0 && find_missing() == STILL_MAPPED);
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	worker->tid = gettid();
	while (!is_over()) {
		worker->step(worker);
		worker->steps++;
	}
	worker->tid = -1;
	return NULL;
}

static bool is_wanted(void (*step)(struct worker *worker))
{
	return (step != stress_lie || stress.lies) &&
	       (step != stress_pin || stress.pins) &&
	       (step != stress_touch || stress.expect->delegates);
}

static unsigned int hire(struct worker workers[MAX_WORKERS],
			 unsigned int seed)
{
	unsigned int kind, nth, count = 0;
	struct worker *worker;

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		if (!is_wanted(kinds[kind].step))
			continue;
		for (nth = 0; nth < kinds[kind].count; nth++) {
			assert_true(count < MAX_WORKERS);
			worker = &workers[count++];
			worker->name = kinds[kind].name;
			worker->step = kinds[kind].step;
			worker->exporter =
				&stress.exporters[kinds[kind].place];
			worker->nth = nth;
			worker->importer = kinds[kind].imports ?
				bench_importer(stress.edus[0]) : -1;
			worker->seed = (seed * 100 + count) * 2654435761u | 1;
		}
	}
	return count;
}

/* Returns how many steps were done. */
static unsigned int run(struct worker *workers, unsigned int count)
{
	unsigned int steps = 0, i;

	stress_watch(workers, count);
	for (i = 0; i < count; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]), 0);
	for (i = 0; i < count; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		steps += workers[i].steps;
	}
	stress_unwatch();
	return steps;
}

static void find_registers(void)
{
	struct vfio *vfio = bench_open(stress.exporters[STRESS_MAIN].bdf);

	stress.pmcsr = find_capability(vfio, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	stress.devctl = find_capability(vfio, PCI_CAP_ID_EXP) +
			PCI_EXP_DEVCTL;
	bench_close(vfio);
}

static void open_importers(struct stress_exporter *exporter)
{
	unsigned int i;

	exporter->nr_importers = exporter->place == STRESS_MAIN ?
		STRESS_IMPORTERS : 1;
	for (i = 0; i < exporter->nr_importers; i++)
		exporter->importers[i] = bench_importer(stress.edus[i % 2]);
}

static void open_all(void)
{
	unsigned int i;

	for (i = 0; i < STRESS_PLACES; i++)
		open_importers(&stress.exporters[i]);
	for (i = 0; i < STRESS_FIRST; i++)
		stress_open(&stress.exporters[i]);
	stress_open_pair();
}

static void set_up_exporter(enum stress_place place, const char *bdf)
{
	struct stress_exporter *exporter = &stress.exporters[place];
	const int kind = PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
	pthread_rwlockattr_t attr;
	unsigned int i;

	exporter->place = place;
	snprintf(exporter->bdf, sizeof(exporter->bdf), "%s", bdf);
	exporter->vfio = (struct vfio) { -1, -1, -1 };
	for (i = 0; i < STRESS_BUFFERS; i++)
		exporter->buffers[i] = -1;
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, kind);
	pthread_rwlock_init(&exporter->lock, &attr);
	assert_ok(device_bind(bdf, bench_driver()));
	if (place == STRESS_PLUGGED || place == STRESS_TORN) {
		assert_ok(slot_find(&exporter->slot, bdf));
		bench_keep(exporter->slot.klog);
	}
}

/*
 * Of the pairs, one is reset with its slot and the other with its bus: each test
 * has one of them.  See tests/matrix/machines.
 */
static void set_up(bool lies, bool pins)
{
	unsigned int i, pair = lies ? 4 : 2;

	memset(&stress, 0, sizeof(stress));
	stress.expect = expect();
	stress.lies = lies;
	stress.pins = pins;
	set_up_exporter(STRESS_MAIN, bench_find(NVME, 0));
	set_up_exporter(STRESS_PLUGGED, bench_find(IVSHMEM, 6));
	set_up_exporter(STRESS_TORN, bench_find(IVSHMEM, 7));
	set_up_exporter(STRESS_FIRST, bench_find(IVSHMEM, pair));
	set_up_exporter(STRESS_SECOND, bench_find(IVSHMEM, pair + 1));
	for (i = 0; i < ARRAY_SIZE(stress.edus); i++)
		stress.edus[i] = bench_find(EDU, i);
	assert_ok(device_read_attr(stress.exporters[STRESS_MAIN].bdf,
				   "reset_method", stress.methods,
				   sizeof(stress.methods)));
	find_registers();
	stress.shared = mmap(NULL, sizeof(*stress.shared),
			     PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(stress.shared, MAP_FAILED);
}

/* The lanes may have been written or not. */
static void check_memory(const uint8_t *memory)
{
	static const uint8_t nothing[STRESS_LANE];
	uint8_t page[PAGE], found[PAGE];
	unsigned int i, lane;

	stress_fill_page(page);
	for (lane = 0; lane < STRESS_LANES; lane++)
		stress_lane(lane, page + STRESS_LANE_AT(lane));
	for (i = 0; i < STRESS_PAGES; i++) {
		memcpy(found, memory + i * PAGE, PAGE);
		for (lane = 0; lane < STRESS_LANES; lane++)
			if (!memcmp(found + STRESS_LANE_AT(lane), nothing,
				    STRESS_LANE))
				memcpy(found + STRESS_LANE_AT(lane),
				       page + STRESS_LANE_AT(lane),
				       STRESS_LANE);
		assert_memory_equal(found, page, PAGE);
	}
}

static void fill_memory(void)
{
	struct vfio *vfio;
	unsigned int i;

	for (i = 0; i < STRESS_PLACES; i++) {
		vfio = bench_open(stress.exporters[i].bdf);
		assert_ok(stress_fill(vfio));
		bench_close(vfio);
	}
}

static void clean_up(void)
{
	struct stress_exporter *exporter;
	unsigned int i;

	for (exporter = stress.exporters;
	     exporter < stress.exporters + STRESS_PLACES; exporter++) {
		for (i = 0; i < STRESS_BUFFERS; i++)
			if (exporter->buffers[i] >= 0)
				close(exporter->buffers[i]);
		vfio_close(&exporter->vfio);
		pthread_rwlock_destroy(&exporter->lock);
	}
	device_write_attr(stress.exporters[STRESS_MAIN].bdf, "reset_method",
			  "default");
}

/* No importer is so slow that it is named, so all were seen to let go. */
static void check_log(int klog)
{
	static const char *const words[] = { "revoke waits:", NULL };

	assert_int_equal(klog_count(klog, words), 0);
}

/* Nothing holds anything any more, and all works as on the first day. */
static void check_settled(int references, int importer_references)
{
	static const struct place place = PLACE_NVME;
	struct subject subject;
	struct vfio *vfio;
	unsigned int i;

	wait_until(module_references(stress.expect->module) == references);
	wait_until(module_references("dvp_importer") == importer_references);
	for (i = 0; i < STRESS_PLACES; i++) {
		vfio = bench_open(stress.exporters[i].bdf);
		check_memory(bench_mmap(vfio, STRESS_BAR));
		bench_close(vfio);
	}
	subject_open(&subject, &place);
	subject_is_untouched(&subject, 0);
}

static void print_counts(unsigned int seconds, unsigned int seed,
			 unsigned int steps)
{
	unsigned int i;

	/* A mapping may outlive the memory if nobody could say that it goes. */
	if (stress.lies || !stress.expect->hears_of_resets)
		stress.shared->counts[BLIND] = 0;
	print_message("# %u s, seed %u: %u operations", seconds, seed, steps);
	for (i = 0; i < STRESS_COUNTS; i++)
		if (i < STILL_MAPPED || stress.shared->counts[i])
			print_message(", %u %s", stress.shared->counts[i],
				      count_names[i]);
	print_message("\n");
}

static void check_counts(void)
{
	unsigned int i;

	if (find_missing() != STILL_MAPPED)
		fail_msg("%s: none", count_names[find_missing()]);
	for (i = STILL_MAPPED; i < STRESS_COUNTS; i++)
		if (stress.shared->counts[i])
			fail_msg("%s: %u", count_names[i],
				 stress.shared->counts[i]);
}

static void race(bool lies, bool pins)
{
	unsigned int seconds = 12, seed = 1, steps, count;
	const char *text = getenv("DVP_STRESS");
	int references, importer_references;
	int klog = klog_open_end();
	struct worker workers[MAX_WORKERS] = { 0 };
	long long milliseconds;

	if (text)
		sscanf(text, "%u:%u", &seconds, &seed);
	seconds = seconds / (expects(quarantines) ? 3 : 2) + 1;
	set_up(lies, pins);
	fill_memory();
	references = module_references(stress.expect->module);
	importer_references = module_references("dvp_importer");
	stress_start_nursery();
	open_all();
	count = hire(workers, seed);
	milliseconds = -bench_now_ms();
	stress.end = bench_now_ms() + seconds * 1000LL;
	steps = run(workers, count);
	milliseconds += bench_now_ms();
	stress_end_nursery();
	clean_up();
	bench_teardown(NULL);
	print_counts(milliseconds / 1000, seed, steps);
	check_counts();
	check_log(klog);
	close(klog);
	check_settled(references, importer_references);
	munmap(stress.shared, sizeof(*stress.shared));
}

static void race_honestly(void **state)
{
	(void)state;
	race(false, false);
}

static void race_and_lie(void **state)
{
	(void)state;
	race(true, false);
}

static void race_pinned(void **state)
{
	(void)state;
	assert_ok(bench_reload("pinned_importers=hold"));
	race(false, true);
}

#define STRESS(name, function) TEST("stress", name, function)

int suite_stress(void)
{
	const struct CMUnitTest tests[] = {
		STRESS("in any race importers are told in time and let go",
		       race_honestly),
		STRESS("they let go even if a write changes under way",
		       race_and_lie),
	};
	const struct CMUnitTest own[] = {
		TEST_RELOADS("stress", "importers that pin keep nobody from letting go",
			     race_pinned),
	};
	int failed = run_group("stress", tests);

	return expects(quarantines) ? failed + run_group("stress", own) : failed;
}
