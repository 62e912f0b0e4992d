// SPDX-License-Identifier: GPL-2.0-only
/* Whether there is a working transfer at the end, fact by fact. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "facts.h"
#include "options.h"
#include "values.h"

static const char *const level_names[] = {
	[OK] = "ok",
	[WARNING] = "warning",
	[NOT_OK] = "no",
};

void fact_add(struct facts *facts, enum level level, const char *subject,
	      char *words, char *advice)
{
	json_t *fact = json_object();

	json_object_set_new(fact, "level", json_string(level_names[level]));
	json_object_set_new(fact, "subject", json_string(subject));
	json_object_set_new(fact, "fact", value_string(words));
	json_object_set_new(fact, "advice",
			    advice ? value_string(advice) : json_null());
	json_array_append_new(facts->list, fact);
	if (level > facts->worst)
		facts->worst = level;
	free(words);
	free(advice);
}

static void print_words(const struct facts *facts)
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

static const struct function *find(const struct machine *machine,
				   const char *argument)
{
	const struct function *function;
	char bdf[BDF_SIZE];

	device_name(argument, bdf);
	function = machine_find(machine, bdf);
	if (!function)
		fail("%s: the PCI device is gone", bdf);
	return function;
}

static void check(struct facts *facts, char **names, int count)
{
	struct machine *machine = machine_load();
	const struct function *device = find(machine, names[0]);
	const struct function *peer = NULL;

	if (count > 1)
		peer = find(machine, names[1]);
	if (peer == device)
		fail("%s: a device needs no way to itself", device->bdf);
	facts_module(facts);
	facts_device(facts, device);
	if (peer)
		facts_way(facts, machine, device, peer);
}

int command_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		OPTION_HELP,
		{}
	};
	struct facts facts = { .list = json_array() };
	bool as_json = false;

	while (options_next(argc, argv, "jh", options) >= 0)
		as_json = true;
	if (argc - optind != 1 && argc - optind != 2)
		fail_usage(argv[0]);
	check(&facts, argv + optind, argc - optind);
	if (as_json)
		value_print(facts.list, JSON_INDENT(2));
	else
		print_words(&facts);
	json_decref(facts.list);
	return facts.worst == NOT_OK ? 1 : 0;
}
