// SPDX-License-Identifier: GPL-2.0-only
/* What it costs to take back buffers, and to write to the config space. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "measure.h"

#define MAX_BUFFERS	64
#define MAX_IMPORTERS	8
#define REPEAT		8

/**
 * struct crowd - buffers, each with as many importers
 * @buffers: how many
 * @each: importers of each
 * @exports: file descriptors
 * @imports: file descriptors
 */
struct crowd {
	unsigned int buffers;
	unsigned int each;
	int exports[MAX_BUFFERS];
	int imports[MAX_BUFFERS * MAX_IMPORTERS];
};

static void make_crowd(struct crowd *crowd, const struct measure_side *side,
		       enum measure_way way)
{
	unsigned int i;
	int import;

	for (i = 0; i < crowd->buffers; i++)
		crowd->exports[i] = measure_must("exporting",
						 measure_export(side, 1, PAGE));
	for (i = 0; i < crowd->buffers * crowd->each; i++) {
		import = measure_must("opening an importer",
				      importer_open(measure_importers.bdfs[way]));
		measure_must("attaching",
			     importer_attach(import,
					     crowd->exports[i / crowd->each]));
		crowd->imports[i] = import;
	}
}

static void map_crowd(const struct crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < crowd->buffers * crowd->each; i++)
		measure_must("mapping", importer_map(crowd->imports[i]));
}

static void close_crowd(const struct crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < crowd->buffers * crowd->each; i++)
		close(crowd->imports[i]);
	for (i = 0; i < crowd->buffers; i++)
		close(crowd->exports[i]);
}

/* Where the config space is in the device's file. */
static off_t config_start(const struct measure_side *side)
{
	struct vfio_region_info info;

	measure_must("asking for the config space",
		     vfio_region(&side->vfio, VFIO_PCI_CONFIG_REGION_INDEX,
				 &info));
	return info.offset;
}

static uint16_t read_command(const struct measure_side *side, off_t config)
{
	uint16_t command = 0;

	if (pread(side->vfio.device, &command, sizeof(command),
		  config + PCI_COMMAND) < 0)
		measure_must("reading the command register", -errno);
	return command;
}

static void write_command(const struct measure_side *side, off_t config,
			  uint16_t command, uint64_t *least)
{
	uint64_t start = __rdtsc();
	ssize_t ret = pwrite(side->vfio.device, &command, sizeof(command),
			     config + PCI_COMMAND);

	measure_note(least, start);
	measure_must("writing the command register", ret < 0 ? -errno : 0);
}

void measure_decoding(const struct measure_side *side, bool on, uint64_t *least)
{
	off_t config = config_start(side);
	uint16_t command = read_command(side, config) & ~PCI_COMMAND_MEMORY;

	write_command(side, config, command | (on ? PCI_COMMAND_MEMORY : 0), least);
}

static void measure_revoke(const struct measure_side *side,
			   enum measure_way way, unsigned int buffers,
			   unsigned int each)
{
	uint64_t revoke = UINT64_MAX, restore = UINT64_MAX;
	struct crowd crowd = { .buffers = buffers, .each = each };
	int i;

	make_crowd(&crowd, side, way);
	for (i = 0; i < REPEAT; i++) {
		map_crowd(&crowd);
		measure_decoding(side, false, &revoke);
		measure_decoding(side, true, &restore);
	}
	close_crowd(&crowd);
	measure_row(side, revoke, "revoke-%s-%ux%u", measure_ways[way], buffers,
		    each);
	measure_row(side, restore, "restore-%s-%ux%u", measure_ways[way],
		    buffers, each);
}

void measure_revokes(struct measure_side *side)
{
	static const enum measure_way ways[] = { BUS, IOMMU };
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		measure_revoke(side, ways[i], 1, 1);
		measure_revoke(side, ways[i], 8, 1);
		measure_revoke(side, ways[i], 64, 1);
		measure_revoke(side, ways[i], 64, 8);
	}
}

static void write_latency(const struct measure_side *side, off_t config,
			  uint64_t *least)
{
	uint8_t latency = 0;
	uint64_t start = __rdtsc();
	ssize_t ret = pwrite(side->vfio.device, &latency, sizeof(latency),
			     config + PCI_LATENCY_TIMER);

	measure_note(least, start);
	measure_must("writing the latency timer", ret < 0 ? -errno : 0);
}

/* Nothing is exported: what is left is looking whether anything has to be done. */
void measure_config(struct measure_side *side)
{
	uint64_t other = UINT64_MAX, same = UINT64_MAX;
	uint64_t off = UINT64_MAX, on = UINT64_MAX;
	off_t config = config_start(side);
	uint16_t command = read_command(side, config) | PCI_COMMAND_MEMORY;
	int i;

	for (i = 0; i < MEASURE_REPEAT; i++) {
		write_latency(side, config, &other);
		write_command(side, config, command ^ PCI_COMMAND_MASTER, &same);
		write_command(side, config, command, &same);
		write_command(side, config, command & ~PCI_COMMAND_MEMORY, &off);
		write_command(side, config, command, &on);
	}
	measure_row(side, other, "config-other");
	measure_row(side, same, "config-master");
	measure_row(side, off, "config-off");
	measure_row(side, on, "config-on");
}
