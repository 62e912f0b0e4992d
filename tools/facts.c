// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "facts.h"
#include "values.h"

static const char *const level_names[] = {
	[OK] = "ok",
	[SKIPPED] = "skipped",
	[WARNING] = "warning",
	[NOT_OK] = "no",
};

const char *fact_level_name(enum level level)
{
	return level_names[level];
}

void fact_add(struct facts *facts, enum level level, const char *subject,
	      const char *code, char *words, char *advice)
{
	json_t *fact = json_object();

	json_object_set_new(fact, "level", json_string(level_names[level]));
	json_object_set_new(fact, "subject", json_string(subject));
	json_object_set_new(fact, "code", json_string(code));
	json_object_set_new(fact, "fact", value_string(words));
	json_object_set_new(fact, "advice",
			    advice ? value_string(advice) : json_null());
	json_array_append_new(facts->list, fact);
	if (level > facts->worst)
		facts->worst = level;
	free(words);
	free(advice);
}

void facts_print(const struct facts *facts)
{
	const json_t *fact;
	size_t i;

	json_array_foreach(facts->list, i, fact) {
		const char *advice = member_string(fact, "advice");

		printf("%-8s %s: %s%s%s\n", member_string(fact, "level"),
		       member_string(fact, "subject"),
		       member_string(fact, "fact"), *advice ? "; " : "",
		       advice);
	}
}
