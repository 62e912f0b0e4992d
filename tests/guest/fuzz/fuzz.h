/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sequences of calls, as a fuzzer makes them up.  Every string of bytes is one,
 * and each can be written down as text, one call in a line, to be kept in
 * tests/guest/fuzz/cases.  What the calls must answer is known: see fuzz_wrong().
 */
#ifndef GUEST_FUZZ_H
#define GUEST_FUZZ_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "device.h"
#include "expect.h"
#include "vfio.h"

#define FUZZ_OPS	32
#define FUZZ_ARGS	12

/* The longest string of bytes that still has an effect. */
#define FUZZ_BYTES	(FUZZ_OPS * (1 + FUZZ_ARGS))

/**
 * struct fuzz_op - a call
 * @kind: which one, below FUZZ_KINDS
 * @args: its arguments; what they mean is the call's business
 * @result: what it returned; -EBADFD if there was nothing to call
 */
struct fuzz_op {
	unsigned int kind;
	uint8_t args[FUZZ_ARGS];
	int result;
};

/**
 * struct fuzz_case - a sequence of calls
 * @count: of them
 * @ops: the calls
 */
struct fuzz_case {
	unsigned int count;
	struct fuzz_op ops[FUZZ_OPS];
};

/**
 * struct fuzz_kind - a call that there is
 * @name: as it is written in text
 * @args: how many arguments
 * @run: the call; returns what @result of struct fuzz_op is to be
 */
struct fuzz_kind {
	const char *name;
	unsigned int args;
	int (*run)(const uint8_t *args);
};

extern const struct fuzz_kind fuzz_kinds[];
extern const unsigned int fuzz_kinds_count;

/* Of libFuzzer, which has no header for it. */
int LLVMFuzzerRunDriver(int *argc, char ***argv,
			int (*call)(const uint8_t *data, size_t size));

/* From bytes and back; the latter returns how many. */
void fuzz_decode(struct fuzz_case *sequence, const uint8_t *data, size_t size);
size_t fuzz_encode(const struct fuzz_case *sequence, uint8_t *data);
/* Returns where the next case begins, or NULL if it is not understood. */
const char *fuzz_parse(struct fuzz_case *sequence, const char *text, char *name,
		       size_t size);
void fuzz_print(const struct fuzz_case *sequence, FILE *file);

/* Once, and before every sequence nothing is open. */
void fuzz_begin(void);
/* Both return what was wrong, or NULL. */
const char *fuzz_run(struct fuzz_case *sequence);
const char *fuzz_still_works(void);

/* What is known of the exporter. */
extern const struct expect *fuzz_exporter;

/* The first call counts: the sequence has gone wrong and ends. */
__attribute__((format(printf, 1, 2)))
void fuzz_wrong(const char *format, ...);
bool fuzz_is_wrong(void);
/* It is wrong if @ret is neither success nor one of the errnos, of which 0 ends. */
void fuzz_expect(const char *what, int ret, ...);

/**
 * enum fuzz_presence - whether a device's memory is there
 * @FUZZ_AWAY: it is not, and nobody may have a mapping
 * @FUZZ_HERE: it is
 * @FUZZ_UNKNOWN: who knows
 */
enum fuzz_presence {
	FUZZ_AWAY,
	FUZZ_HERE,
	FUZZ_UNKNOWN,
};

/**
 * struct fuzz_device - a device that may be open
 * @kind: of the device
 * @bar: the one with most of its memory
 * @plain: the BAR is memory that can be written
 * @bdf: its name
 * @size: of the BAR
 * @pm: position of its power state in config space, or 0
 * @exp: position of its PCI Express capability, or 0
 * @vfio: while it is open
 * @presence: of its memory, while it is open
 * @asleep: it is in a low-power state that was asked for
 * @wakes: which any access ends
 * @life: how often it was opened; what was exported in another life is dead
 */
struct fuzz_device {
	enum device_kind kind;
	unsigned int bar;
	bool plain;
	char bdf[BDF_SIZE];
	uint64_t size;
	unsigned int pm;
	unsigned int exp;
	struct vfio vfio;
	enum fuzz_presence presence;
	bool asleep;
	bool wakes;
	unsigned int life;
};

/**
 * struct fuzz_buffer - a dma-buf
 * @fd: file descriptor, or -1
 * @device: that it was exported from
 * @life: of the device
 * @size: of the buffer
 * @ranges: that it was made of
 * @bar: of the device
 * @number: counts the buffers of a sequence
 */
struct fuzz_buffer {
	int fd;
	struct fuzz_device *device;
	unsigned int life;
	uint64_t size;
	unsigned int ranges;
	unsigned int bar;
	unsigned int number;
};

/* The devices; an argument says which, and it is opened if it is not. */
void fuzz_devices_begin(void);
struct fuzz_device *fuzz_device(uint8_t which);
struct fuzz_device *fuzz_open_device(uint8_t which);
void fuzz_close_devices(void);
enum fuzz_presence fuzz_presence(const struct fuzz_buffer *buffer);

/* A mapping of the CPU faults when the memory is not there, and only then: 0 or -EFAULT. */
int fuzz_look_at(const uint8_t *memory, enum fuzz_presence presence);

/* The buffers; NULL if there is none. */
struct fuzz_buffer *fuzz_buffer(uint8_t which);
void fuzz_close_buffers(void);
/* Whether it was revoked for good, or its device was closed since. */
bool fuzz_is_dead(const struct fuzz_buffer *buffer);
void fuzz_close_views(void);

void fuzz_importers_begin(void);
void fuzz_close_importers(void);
/* Nobody has a mapping of what is not there. */
void fuzz_check_importers(void);

/*
 * A number of which the highest three bits of the byte say what kind it is, and
 * the others which; @size is one around which such numbers are interesting.
 */
uint64_t fuzz_number(uint8_t byte, uint64_t size);
/* Bytes of which no four are all zeroes or all ones. */
void fuzz_pattern(uint8_t *data, size_t size, uint8_t seed);

/* The calls, by file. */
int fuzz_do_open(const uint8_t *args);
int fuzz_do_close(const uint8_t *args);
int fuzz_do_rebind(const uint8_t *args);
int fuzz_do_config(const uint8_t *args);
int fuzz_do_memory(const uint8_t *args);
int fuzz_do_state(const uint8_t *args);
int fuzz_do_reset(const uint8_t *args);
int fuzz_do_hot_reset(const uint8_t *args);
int fuzz_do_admin_reset(const uint8_t *args);
int fuzz_do_power(const uint8_t *args);
int fuzz_do_mmap(const uint8_t *args);
int fuzz_do_touch(const uint8_t *args);
int fuzz_do_p2p(const uint8_t *args);

int fuzz_do_feature(const uint8_t *args);
int fuzz_do_export(const uint8_t *args);
int fuzz_do_drop(const uint8_t *args);
int fuzz_do_poke(const uint8_t *args);
int fuzz_do_hold(const uint8_t *args);
int fuzz_do_let_go(const uint8_t *args);

int fuzz_do_view(const uint8_t *args);
int fuzz_do_see(const uint8_t *args);
int fuzz_do_end(const uint8_t *args);
int fuzz_do_type(const uint8_t *args);

int fuzz_do_attach(const uint8_t *args);
int fuzz_do_detach(const uint8_t *args);
int fuzz_do_map(const uint8_t *args);
int fuzz_do_map_own(const uint8_t *args);
int fuzz_do_unmap(const uint8_t *args);
int fuzz_do_pin(const uint8_t *args);
int fuzz_do_unpin(const uint8_t *args);
int fuzz_do_work(const uint8_t *args);
int fuzz_do_transfer(const uint8_t *args);
int fuzz_do_mask(const uint8_t *args);

#endif /* GUEST_FUZZ_H */
