/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What calls cost, on a machine whose clock counts instructions.  Results are lines
 * "@ SIDE ROW NUMBER", or the name of an error in place of the number.
 */
#ifndef GUEST_MEASURE_H
#define GUEST_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <x86intrin.h>

#include "device.h"
#include "importer.h"
#include "vfio.h"

#define PAGE		4096ULL
#define MEASURE_BAR	VFIO_PCI_BAR2_REGION_INDEX

/* How often something is tried; a tick of the clock comes every 4 million. */
#define MEASURE_REPEAT	24

/**
 * enum measure_way - how an importer reaches the exporters
 * @BUS: by bus addresses
 * @IOMMU: through the IOMMU, which forgets at once what is unmapped
 * @DIRECT: through the host bridge, past the IOMMU
 * @LAZY: through the IOMMU, in the lazy mode of the DMA API
 * @WAYS: how many there are
 */
enum measure_way {
	BUS,
	IOMMU,
	DIRECT,
	LAZY,
	WAYS,
};

/**
 * struct measure_side - one of the drivers, and a device that it has
 * @name: of the side
 * @driver: its name
 * @bdf: the exporter
 * @vfio: the same, open
 */
struct measure_side {
	const char *name;
	const char *driver;
	const char *bdf;
	struct vfio vfio;
};

/**
 * struct measure_importers - open files of the importers
 * @fds: by enum measure_way
 * @bdfs: their devices
 */
struct measure_importers {
	int fds[WAYS];
	const char *bdfs[WAYS];
};

extern const char *const measure_ways[WAYS];
extern struct measure_importers measure_importers;

/* What it takes to look at the clock twice. */
extern uint64_t measure_idle;

/* Ends the program if something that must work does not: @ret is -errno. */
int measure_must(const char *what, long long ret);

/* Prints a row, whose name is made as by printf(). */
void measure_row(const struct measure_side *side, long long value,
		 const char *row, ...) __attribute__((format(printf, 3, 4)));

/* How long it takes since @start, if that is the least. */
static inline void measure_note(uint64_t *least, uint64_t start)
{
	uint64_t spent = __rdtsc() - start;

	if (spent < *least)
		*least = spent;
}

/* Switches the decoding of memory: how long that takes, if it is the least. */
void measure_decoding(const struct measure_side *side, bool on, uint64_t *least);

/* A buffer of @count pieces of @length that do not touch: a file descriptor. */
int measure_export(const struct measure_side *side, unsigned int count,
		   uint64_t length);

/* Rows on single calls. */
void measure_calls(struct measure_side *side);
void measure_floors(const struct measure_side *side);
/* Rows on what many buffers cost, and on writes to the config space. */
void measure_revokes(struct measure_side *side);
void measure_config(struct measure_side *side);
/* Rows on what the CPU maps. */
void measure_mappings(const struct measure_side *side);
/* Rows on what is held. */
void measure_memory(struct measure_side *side);

#endif /* GUEST_MEASURE_H */
