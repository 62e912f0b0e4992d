/* SPDX-License-Identifier: GPL-2.0-only */
/* What "check" finds out. */
#ifndef TOOLS_FACTS_H
#define TOOLS_FACTS_H

#include <jansson.h>
#include <stdbool.h>

#include "machine.h"
#include "util.h"

enum level {
	OK,
	WARNING,
	NOT_OK,
};

/**
 * struct facts - those that have been found
 * @list: of objects
 * @worst: of their levels
 */
struct facts {
	json_t *list;
	enum level worst;
};

/*
 * A fact about a subject: words about what is, and what can be done about it, NULL
 * if nothing need be.  Both are freed.
 */
void fact_add(struct facts *facts, enum level level, const char *subject,
	      char *words, char *advice);

/* The driver as a module of this kernel. */
void facts_module(struct facts *facts);
/* The device: its driver, its group, its memory. */
void facts_device(struct facts *facts, const struct function *device);
/* The way from a peer to it. */
void facts_way(struct facts *facts, const struct machine *machine,
	       const struct function *device, const struct function *peer);

#endif /* TOOLS_FACTS_H */
