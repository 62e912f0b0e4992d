// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users who race: some threads take the memory away and give it back in every
 * way, others export, close and open the device, hand descriptors to other
 * processes, and importers come and go, all at once.  From time to time one looks
 * whether anybody still has a mapping after an event has returned.
 *
 * DVP_STRESS=SECONDS:SEED makes it longer, and different.  Half of the time goes
 * to each of the tests.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/mman.h>

#include "events.h"
#include "stress.h"
#include "suites.h"

#define PATIENCE_MS 120000

struct stress stress;

pthread_rwlock_t stress_event_lock =
	PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
/* The device and the buffers; not held while the kernel works on one. */
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
	[CHECKS] = "checks",
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

struct vfio stress_swap_device(const struct vfio *vfio)
{
	struct vfio old;

	pthread_mutex_lock(&table_lock);
	old = stress.vfio;
	stress.vfio = *vfio;
	pthread_mutex_unlock(&table_lock);
	return old;
}

bool stress_take_device(struct vfio *device)
{
	*device = (struct vfio) { -1, -1, -1 };
	pthread_mutex_lock(&table_lock);
	if (stress.vfio.device >= 0)
		device->device = dup(stress.vfio.device);
	pthread_mutex_unlock(&table_lock);
	return device->device >= 0;
}

int stress_take_buffer(unsigned int which)
{
	int buffer = -1;

	pthread_mutex_lock(&table_lock);
	if (stress.buffers[which] >= 0)
		buffer = dup(stress.buffers[which]);
	pthread_mutex_unlock(&table_lock);
	return buffer;
}

void stress_put_buffer(unsigned int which, int buffer)
{
	int old;

	pthread_mutex_lock(&table_lock);
	old = stress.buffers[which];
	stress.buffers[which] = buffer;
	pthread_mutex_unlock(&table_lock);
	if (old >= 0)
		close(old);
}

static const struct {
	const char *name;
	void (*step)(struct worker *worker);
	unsigned int count;
	bool imports;
} kinds[] = {
	{ "events", stress_event, 2, false },
	{ "check", stress_check, 1, true },
	{ "export", stress_export, 1, false },
	{ "reopen", stress_reopen, 1, true },
	{ "import", stress_import, STRESS_IMPORTERS, false },
	{ "pass", stress_pass, 1, false },
	/* The last one, and only if it lies. */
	{ "lie", stress_lie, 1, false },
};

/* What has not been done yet; @STILL_MAPPED if all has. */
static enum stress_count find_missing(void)
{
	enum stress_count i;

	for (i = 0; i < STILL_MAPPED; i++)
		if (i != REFUSED && !stress.shared->counts[i])
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

static unsigned int hire(struct worker *workers, unsigned int seed)
{
	unsigned int kind, nth, count = 0;
	struct worker *worker;

	for (kind = 0; kind < ARRAY_SIZE(kinds) - !stress.lies; kind++) {
		for (nth = 0; nth < kinds[kind].count; nth++) {
			worker = &workers[count++];
			worker->name = kinds[kind].name;
			worker->step = kinds[kind].step;
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

static void open_all(void)
{
	struct vfio vfio;
	unsigned int i;

	for (i = 0; i < STRESS_IMPORTERS; i++)
		stress.importers[i] = bench_importer(stress.edus[i % 2]);
	assert_ok(vfio_open(&vfio, stress.bdf));
	stress.pmcsr = find_capability(&vfio, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	stress.devctl = find_capability(&vfio, PCI_CAP_ID_EXP) +
			PCI_EXP_DEVCTL;
	stress_swap_device(&vfio);
}

/* The nursery has to start before there is anything that it would keep open. */
static void set_up(bool lies)
{
	unsigned int i;

	memset(&stress, 0, sizeof(stress));
	stress.expect = expect();
	stress.lies = lies;
	stress.vfio = (struct vfio) { -1, -1, -1 };
	stress.bdf = bench_find(NVME, 0);
	for (i = 0; i < ARRAY_SIZE(stress.edus); i++)
		stress.edus[i] = bench_find(EDU, i);
	for (i = 0; i < STRESS_BUFFERS; i++)
		stress.buffers[i] = -1;
	assert_ok(device_bind(stress.bdf, bench_driver()));
	assert_ok(device_read_attr(stress.bdf, "reset_method", stress.methods,
				   sizeof(stress.methods)));
	stress.shared = mmap(NULL, sizeof(*stress.shared),
			     PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(stress.shared, MAP_FAILED);
}

/* As it is before the first transfer. */
static void fill_page(uint8_t *page)
{
	memset(page, 0, PAGE);
	memcpy(page, "here", 4);
}

/* The lanes may have been written or not. */
static void check_memory(const uint8_t *memory)
{
	static const uint8_t nothing[STRESS_LANE];
	uint8_t page[PAGE], found[PAGE];
	unsigned int i, lane;

	fill_page(page);
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
	struct vfio *vfio = bench_open(stress.bdf);
	uint8_t *memory = bench_mmap(vfio, STRESS_BAR);
	unsigned int i;

	for (i = 0; i < STRESS_PAGES; i++)
		fill_page(memory + i * PAGE);
	bench_close(vfio);
}

static void clean_up(void)
{
	unsigned int i;

	for (i = 0; i < STRESS_BUFFERS; i++)
		if (stress.buffers[i] >= 0)
			close(stress.buffers[i]);
	vfio_close(&stress.vfio);
	device_write_attr(stress.bdf, "reset_method", "default");
}

/* No importer is so slow that it is named, so all were seen to let go. */
static void check_log(int klog)
{
	static const char *const words[] = { "waiting to take back", NULL };

	assert_int_equal(klog_count(klog, words), 0);
}

/* Nothing holds anything any more, and all works as on the first day. */
static void check_settled(int references, int importer_references)
{
	static const struct place place = PLACE_NVME;
	struct subject subject;
	struct vfio *vfio;

	wait_until(module_references(stress.expect->module) == references);
	wait_until(module_references("dvp_importer") == importer_references);
	vfio = bench_open(stress.bdf);
	check_memory(bench_mmap(vfio, STRESS_BAR));
	bench_close(vfio);
	subject_open(&subject, &place);
	subject_is_untouched(&subject, 0);
}

static void print_counts(unsigned int seconds, unsigned int seed,
			 unsigned int steps)
{
	unsigned int i;

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

	/* A mapping may outlive the memory if nobody could say that it goes. */
	if (stress.lies || !stress.expect->hears_of_resets)
		stress.shared->counts[BLIND] = 0;
	if (find_missing() != STILL_MAPPED)
		fail_msg("%s: none", count_names[find_missing()]);
	for (i = STILL_MAPPED; i < STRESS_COUNTS; i++)
		if (stress.shared->counts[i])
			fail_msg("%s: %u", count_names[i],
				 stress.shared->counts[i]);
}

static void race(bool lies)
{
	unsigned int seconds = 12, seed = 1, steps, count;
	const char *text = getenv("DVP_STRESS");
	int references, importer_references;
	int klog = klog_open_end();
	struct worker workers[16] = { 0 };
	long long milliseconds;

	if (text)
		sscanf(text, "%u:%u", &seconds, &seed);
	seconds = (seconds + 1) / 2;
	set_up(lies);
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
	race(false);
}

static void race_and_lie(void **state)
{
	(void)state;
	race(true);
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

	return run_group("stress", tests);
}
