/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Users who race.  Each kind of them is a function that does one step, and which
 * a thread calls again and again; its choices come from the thread's seed.
 */
#ifndef GUEST_STRESS_H
#define GUEST_STRESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "bench.h"
#include "slot.h"

#define STRESS_BUFFERS		8
#define STRESS_IMPORTERS	4
#define STRESS_CHILDREN		4

/* The BAR that is exported, and how much of it. */
#define STRESS_BAR		VFIO_PCI_BAR2_REGION_INDEX
#define STRESS_PAGES		128

/*
 * Whoever imports writes the same bytes always, into a lane of its own of any
 * page: whatever else is found in the memory has come there by mistake.
 */
#define STRESS_LANE		16
#define STRESS_LANE_AT(lane)	(((lane) + 1) * 64UL)
#define STRESS_LANES		(STRESS_IMPORTERS + STRESS_CHILDREN)

/**
 * enum stress_place - the exporters
 * @STRESS_MAIN: one with power management, which is unbound now and then
 * @STRESS_PLUGGED: is unplugged now and then
 * @STRESS_TORN: is torn out now and then
 * @STRESS_FIRST: is reset together with the next one
 * @STRESS_SECOND: in the same slot
 * @STRESS_PLACES: how many of these there are
 */
enum stress_place {
	STRESS_MAIN,
	STRESS_PLUGGED,
	STRESS_TORN,
	STRESS_FIRST,
	STRESS_SECOND,
	STRESS_PLACES,
};

/**
 * enum stress_count - what is counted
 * @EVENTS: took the memory away and gave it back
 * @REFUSED: events that failed, as they may when another one is under way
 * @OPENS: of the device, after it was closed by all but perhaps some children
 * @EXPORTS: buffers
 * @BAD_EXPORTS: refused ones
 * @CHILDREN: processes that were given a buffer, and perhaps the device
 * @KILLED: of these
 * @MAPS: mappings made
 * @TRANSFERS: by DMA, there and back
 * @REVOKES: mappings taken back; not counted are those of children
 * @UNPLUGS: devices that went when their users had let go, and came back
 * @TEARS: devices that were torn out, and came back
 * @HOT_RESETS: of a set of devices
 * @CHECKS: looks whether all have let go
 * @HOLDS: buffers that were held in other ways than by a descriptor of one's own
 * @TOUCHES: buffers that were mapped by the CPU and read
 * @PINS: buffers that were mapped by an importer that pins
 * @STILL_MAPPED: a mapping that an event has left
 * @MAPPED_AWAY: a mapping or a transfer that worked between event and its end
 * @NOT_BACK: a mapping that failed after the end
 * @BLIND: the device did not answer when an importer was told
 * @UNDEAD: a buffer that could be attached after the device's last close
 * @WRONG_BYTES: a transfer that did not bring back what it had written
 * @SICK_CHILDREN: those that ended otherwise than they were to
 * @STRESS_COUNTS: how many of these there are
 *
 * Nothing from @STILL_MAPPED on may happen.
 */
enum stress_count {
	EVENTS,
	REFUSED,
	OPENS,
	EXPORTS,
	BAD_EXPORTS,
	CHILDREN,
	KILLED,
	MAPS,
	TRANSFERS,
	REVOKES,
	UNPLUGS,
	TEARS,
	HOT_RESETS,
	CHECKS,
	HOLDS,
	TOUCHES,
	PINS,
	STILL_MAPPED,
	MAPPED_AWAY,
	NOT_BACK,
	BLIND,
	UNDEAD,
	WRONG_BYTES,
	SICK_CHILDREN,
	STRESS_COUNTS,
};

/**
 * struct stress_shared - what children share with us
 * @counts: by enum stress_count
 * @away: by enum stress_place, a number while the memory is away, another one each
 *	time, or 0
 */
struct stress_shared {
	atomic_uint counts[STRESS_COUNTS];
	atomic_uint away[STRESS_PLACES];
};

/**
 * struct stress_exporter - a device whose memory is exported
 * @place: which
 * @bdf: its name
 * @lock: whoever makes events shares it; who looks at the result of one has it
 *	alone
 * @slot: where it is plugged in, if it is unplugged or torn out
 * @gone: is torn out, and still open (@lock)
 * @vfio: itself, open or not (table_lock, as the buffers)
 * @buffers: file descriptors, or -1
 * @importers: file descriptors that stay
 * @nr_importers: of @importers
 */
struct stress_exporter {
	enum stress_place place;
	char bdf[BDF_SIZE];
	pthread_rwlock_t lock;
	struct slot slot;
	bool gone;
	struct vfio vfio;
	int buffers[STRESS_BUFFERS];
	int importers[STRESS_IMPORTERS];
	unsigned int nr_importers;
};

/**
 * struct stress - what all threads work on
 * @expect: what is known of the exporter, which asking for takes a while
 * @exporters: by enum stress_place
 * @edus: the importers' devices
 * @methods: ways of resetting the main exporter
 * @pmcsr: position of its power state in config space
 * @devctl: position of its device control in config space
 * @lies: whether threads change what they write while the kernel reads it
 * @pins: whether importers that pin are accepted (pinned_importers=hold)
 * @end: of it all, in terms of bench_now_ms()
 * @nursery: the socket to whoever starts children
 * @command: a value of the command register, while it lies
 * @shared: with children
 */
struct stress {
	const struct expect *expect;
	struct stress_exporter exporters[STRESS_PLACES];
	const char *edus[2];
	char methods[64];
	unsigned int pmcsr;
	unsigned int devctl;
	bool lies;
	bool pins;
	long long end;
	int nursery;
	atomic_ushort command;
	struct stress_shared *shared;
};

extern struct stress stress;

/**
 * struct worker - a thread
 * @name: what it does
 * @step: what it does again and again
 * @exporter: whose memory it is about
 * @nth: of those that do the same
 * @importer: of its own, if it has one
 * @seed: of its choices
 * @thread: itself
 * @tid: its number in the kernel, 0 before it has begun, -1 when it has ended
 * @steps: how many it has done
 */
struct worker {
	const char *name;
	void (*step)(struct worker *worker);
	struct stress_exporter *exporter;
	unsigned int nth;
	int importer;
	unsigned int seed;
	pthread_t thread;
	atomic_int tid;
	atomic_uint steps;
};

static inline void stress_count(enum stress_count what)
{
	stress.shared->counts[what]++;
}

/* A number below @below. */
unsigned int stress_pick(unsigned int *seed, unsigned int below);
/* Another device, or none, in place of what is returned. */
struct vfio stress_swap_device(struct stress_exporter *exporter,
			       const struct vfio *vfio);
/* The device with a descriptor of our own; false while it is closed. */
bool stress_take_device(const struct stress_exporter *exporter,
			struct vfio *device);
/* A descriptor of our own, or -1. */
int stress_take_buffer(const struct stress_exporter *exporter,
		       unsigned int which);
/* The other way: whatever was there before is closed. */
void stress_put_buffer(struct stress_exporter *exporter, unsigned int which,
		       int buffer);
/* What the memory is before the first transfer: 0 or a negative errno. */
int stress_fill(const struct vfio *device);
void stress_fill_page(uint8_t *page);
/* Closes the device, but for the descriptors that others have taken. */
void stress_close(struct stress_exporter *exporter);
/* Tries until it can. */
void stress_open(struct stress_exporter *exporter);
/* The same for those that are reset together. */
void stress_open_pair(void);
/* When nobody has it open any more: all that was exported is dead. */
void stress_look_when_dead(struct stress_exporter *exporter, int importer);
/* When nobody makes events: a new export can be mapped. */
void stress_look_when_back(const struct vfio *device, int importer);

/* Steps. */
void stress_event(struct worker *worker);
void stress_lie(struct worker *worker);
void stress_check(struct worker *worker);
void stress_export(struct worker *worker);
void stress_reopen(struct worker *worker);
void stress_import(struct worker *worker);
void stress_pass(struct worker *worker);
void stress_hold(struct worker *worker);
void stress_pin(struct worker *worker);
void stress_touch(struct worker *worker);
void stress_use_device(struct worker *worker);
void stress_unplug(struct worker *worker);
void stress_tear_out(struct worker *worker);
void stress_hot_reset(struct worker *worker);

/* Attaches the buffer and uses it, but leaves it attached, or mapped even. */
void stress_use(const struct stress_exporter *exporter, int importer,
		int buffer, unsigned int lane, unsigned int *seed);
/* 0 or a negative errno. */
int stress_map(const struct stress_exporter *exporter, int importer);
/* What is written into a lane. */
void stress_lane(unsigned int lane, uint8_t *data);

/* Before there are threads, and when there are none any more. */
void stress_start_nursery(void);
void stress_end_nursery(void);

/* Speaks up and ends the machine if a thread does not get anywhere. */
void stress_watch(struct worker *workers, unsigned int count);
void stress_unwatch(void);

#endif /* GUEST_STRESS_H */
