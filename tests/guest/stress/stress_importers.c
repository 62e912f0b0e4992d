// SPDX-License-Identifier: GPL-2.0-only
/* Importers and processes come and go, and use what they get. */
#include <sys/mman.h>

#include "hold.h"
#include "stress.h"
#include "touch.h"

void stress_lane(unsigned int lane, uint8_t *data)
{
	bench_pattern(data, STRESS_LANE, 1000 + lane);
}

/* Whether all of what has just been done was done while the memory was away. */
static void count_away(const struct stress_exporter *exporter,
		       unsigned int before)
{
	if (!before || stress.shared->away[exporter->place] != before)
		return;
	stress_count(MAPPED_AWAY);
	print_message("# mapped while away number %u\n", before);
}

int stress_map(const struct stress_exporter *exporter, int importer)
{
	unsigned int away = stress.shared->away[exporter->place];
	int ret = importer_map(importer);

	if (!ret) {
		stress_count(MAPS);
		count_away(exporter, away);
	}
	return ret;
}

/*
 * Takes 400 ms, in which no revoke returns.  Nobody else writes there, and the
 * memory outlives resets; but bytes are lost when it is away unannounced.
 */
static void transfer(const struct stress_exporter *exporter, int importer,
		     int buffer, unsigned int lane, unsigned int *seed)
{
	off_t pages = lseek(buffer, 0, SEEK_END) / PAGE;
	uint64_t offset = stress_pick(seed, pages) * PAGE +
			  STRESS_LANE_AT(lane);
	uint8_t data[STRESS_LANE], got[STRESS_LANE];
	unsigned int away = stress.shared->away[exporter->place];

	stress_lane(lane, data);
	if (importer_write(importer, offset, data, sizeof(data)))
		return;
	count_away(exporter, away);
	if (importer_read(importer, offset, got, sizeof(got)))
		return;
	stress_count(TRANSFERS);
	if (memcmp(got, data, sizeof(data)) && !stress.lies &&
	    exporter->place != STRESS_TORN && stress.expect->hears_of_resets)
		stress_count(WRONG_BYTES);
}

static void use_once(const struct stress_exporter *exporter, int importer,
		     int buffer, unsigned int lane, unsigned int *seed)
{
	switch (stress_pick(seed, 8)) {
	case 0:
	case 1:
		importer_unmap(importer);
		break;
	case 2:
		/* One that has pinned would not be waited for. */
		if (!stress.pins)
			importer_pin(importer);
		break;
	case 3:
		importer_unpin(importer);
		break;
	case 4:
		if (stress_pick(seed, 16) == 0)
			importer_work(importer, 1 + stress_pick(seed, 3));
		break;
	case 5:
		/* Rare, as they take long; but a short run needs one. */
		if (!stress.shared->counts[TRANSFERS] ||
		    stress_pick(seed, 16) == 0)
			transfer(exporter, importer, buffer, lane, seed);
		break;
	case 6:
		usleep(stress_pick(seed, 3000));
		break;
	default:
		stress_map(exporter, importer);
	}
}

static int attach_pinned(int importer, int buffer)
{
	int ret = importer_attach_as(importer, buffer, DVP_IMPORTER_PINNED, 0);

	if (!ret)
		stress_count(PINS);
	return ret;
}

/*
 * Some importers are slow, some unmap at their next call or when they are closed, and
 * some are none that the exporter takes.  Only children pin for as long as they live:
 * of all others somebody looks whether they have let go.
 */
static int attach(int importer, int buffer, unsigned int lane,
		  unsigned int *seed)
{
	static const enum dvp_importer_kind refused[] = {
		DVP_IMPORTER_NO_PEER, DVP_IMPORTER_STATIC, DVP_IMPORTER_PINNED,
	};
	unsigned int hold = stress_pick(seed, 8) ? 0 : 1 + stress_pick(seed, 5);

	if (stress.pins && lane >= STRESS_IMPORTERS && stress_pick(seed, 2))
		return attach_pinned(importer, buffer);
	if (stress.expect->quarantines && stress_pick(seed, 16) == 0)
		hold = DVP_IMPORTER_UNTIL_CALL;
	if (stress_pick(seed, 16) == 0)
		return importer_attach_as(importer, buffer,
					  refused[stress_pick(seed, 3 - stress.pins)],
					  0);
	return importer_attach_as(importer, buffer, DVP_IMPORTER_REVOCABLE,
				  hold);
}

void stress_use(const struct stress_exporter *exporter, int importer,
		int buffer, unsigned int lane, unsigned int *seed)
{
	unsigned int times = 1 + stress_pick(seed, 16);

	if (attach(importer, buffer, lane, seed) ||
	    importer_watch(importer, exporter->bdf, STRESS_BAR,
			   stress_pick(seed, STRESS_PAGES) * PAGE)) {
		usleep(stress_pick(seed, 10000));
		return;
	}
	while (times--)
		use_once(exporter, importer, buffer, lane, seed);
}

static void count_revokes(const struct stress_exporter *exporter, int importer)
{
	struct dvp_importer_report report;

	if (importer_report(importer, &report, NULL, 0))
		return;
	stress.shared->counts[REVOKES] += report.revokes;
	/* Bytes that lie switch it off unannounced, and so do some resets. */
	if (exporter->place != STRESS_TORN)
		stress.shared->counts[BLIND] += report.blind;
}

void stress_import(struct worker *worker)
{
	int importer = worker->exporter->importers[worker->nth];
	int buffer;

	buffer = stress_take_buffer(worker->exporter,
				    stress_pick(&worker->seed,
						STRESS_BUFFERS));
	if (buffer < 0) {
		usleep(1000);
		return;
	}
	stress_use(worker->exporter, importer, buffer, worker->nth,
		   &worker->seed);
	/* Either of them may be what keeps the buffer. */
	if (stress_pick(&worker->seed, 2)) {
		close(buffer);
		buffer = -1;
	}
	count_revokes(worker->exporter, importer);
	importer_detach(importer);
	if (buffer >= 0)
		close(buffer);
}

/*
 * Pins a buffer, and writes whether the memory is there or not: it is lost, or where
 * it belongs.  The bytes are those of the first lane, as it has none of its own.
 */
void stress_pin(struct worker *worker)
{
	int buffer = stress_take_buffer(worker->exporter,
					stress_pick(&worker->seed,
						    STRESS_BUFFERS));
	uint8_t data[STRESS_LANE];

	if (buffer >= 0 && !attach_pinned(worker->importer, buffer)) {
		stress_lane(0, data);
		if (stress_pick(&worker->seed, 8) == 0)
			importer_write(worker->importer, STRESS_LANE_AT(0),
				       data, sizeof(data));
		usleep(stress_pick(&worker->seed, 20000));
		importer_detach(worker->importer);
	}
	if (buffer >= 0)
		close(buffer);
	usleep(stress_pick(&worker->seed, 20000));
}

/* The CPU maps a buffer, and reads it while it can. */
void stress_touch(struct worker *worker)
{
	const struct stress_exporter *exporter = worker->exporter;
	int buffer = stress_take_buffer(exporter, stress_pick(&worker->seed,
							      STRESS_BUFFERS));
	off_t size = buffer < 0 ? 0 : lseek(buffer, 0, SEEK_END);
	long long end = bench_now_ms() + 1000;
	unsigned int times = 64, away;
	uint8_t *memory = MAP_FAILED;

	if (size)
		memory = mmap(NULL, size, PROT_READ, MAP_SHARED, buffer, 0);
	while (memory != MAP_FAILED && times && bench_now_ms() < end) {
		away = stress.shared->away[exporter->place];
		if (touch(memory + stress_pick(&worker->seed, size)) < 0) {
			/* The memory may come back. */
			usleep(1000);
			continue;
		}
		times--;
		stress_count(TOUCHES);
		count_away(exporter, away);
	}
	if (memory != MAP_FAILED)
		munmap(memory, size);
	if (buffer >= 0)
		close(buffer);
	usleep(stress_pick(&worker->seed, 2000));
}

/*
 * Holds a buffer in one of the ways that there are, perhaps beyond its descriptor,
 * and lets it go at any time.  Where it is known to crash the kernel, O_PATH is left
 * out.
 */
void stress_hold(struct worker *worker)
{
	unsigned int which = stress_pick(&worker->seed, STRESS_BUFFERS);
	enum hold_kind kind = stress_pick(&worker->seed, HOLD_KINDS);
	int buffer = stress_take_buffer(worker->exporter, which);
	struct hold hold;

	if (buffer >= 0 &&
	    (kind != HOLD_PATH || stress.expect->outlives_file) &&
	    !hold_begin(&hold, kind, buffer)) {
		close(buffer);
		if (stress_pick(&worker->seed, 2))
			stress_put_buffer(worker->exporter, which, -1);
		usleep(stress_pick(&worker->seed, 20000));
		hold_end(&hold);
		stress_count(HOLDS);
	} else if (buffer >= 0) {
		close(buffer);
	}
	usleep(1000);
}
