/* SPDX-License-Identifier: GPL-2.0-only */
/* The facts that "check" and "selftest" find. */
#ifndef TOOLS_FACTS_H
#define TOOLS_FACTS_H

#include <jansson.h>
#include <stdbool.h>

#include "machine.h"
#include "util.h"

/**
 * enum level - how a fact is, the best first
 * @OK: as it should be
 * @SKIPPED: it was not tested
 * @WARNING: it can matter
 * @NOT_OK: it does
 */
enum level {
	OK,
	SKIPPED,
	WARNING,
	NOT_OK,
};

/**
 * struct facts - those that have been found
 * @list: array of objects
 * @path: path from the peer to the device; NULL without a peer
 * @worst: worst level of them
 */
struct facts {
	json_t *list;
	json_t *path;
	enum level worst;
};

/*
 * Add a fact about a subject.  @code names it for programs and never changes; those that
 * there are, are in docs/dmabuf-vfio-pci.schema.json.  @words and @advice, which is
 * NULL if nothing need be done, are freed.
 */
void fact_add(struct facts *facts, enum level level, const char *subject,
	      const char *code, char *words, char *advice);

const char *fact_level_name(enum level level);
/* One a line. */
void facts_print(const struct facts *facts);

/* The driver as a module of this kernel. */
void facts_module(struct facts *facts);
/* The device: its driver, users, group and memory. */
void facts_device(struct facts *facts, const struct function *device);
void facts_bars(struct facts *facts, const char *bdf);
/*
 * Whether software takes the device: that of this name, or without one, all that this
 * machine has.
 */
void facts_software(struct facts *facts, const char *bdf, const char *name);
bool facts_knows_software(const char *name);
/* The path from a peer to the device. */
void facts_path(struct facts *facts, const struct machine *machine,
		const struct function *device, const struct function *peer);

#endif /* TOOLS_FACTS_H */
