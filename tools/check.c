// SPDX-License-Identifier: GPL-2.0-only
/* The command "check": what is between here and a working transfer, fact by fact. */
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

static void print_json(struct facts *facts, const char *device, const char *peer)
{
	json_t *all = value_document();

	json_object_set_new(all, "device", json_string(device));
	json_object_set_new(all, "peer", peer ? json_string(peer) : json_null());
	json_object_set_new(all, "result",
			    json_string(level_names[facts->worst]));
	json_object_set(all, "facts", facts->list);
	json_object_set_new(all, "path", facts->path ? facts->path : json_null());
	value_print(all, JSON_INDENT(2));
	json_decref(all);
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

int command_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "for", required_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		OPTION_HELP,
		{}
	};
	const char *software = NULL;
	const struct function *device, *peer = NULL;
	struct facts facts = { .list = json_array() };
	struct machine *machine;
	bool as_json = false;
	int option;

	while ((option = options_next(argc, argv, "f:jh", options)) >= 0) {
		as_json |= option == 'j';
		if (option == 'f')
			software = optarg;
	}
	if (software && !facts_knows_software(software))
		fail("--for %s: that software is not known; dpdk, kubevirt, libvirt and proxmox are",
		     software);
	if (argc - optind != 1 && argc - optind != 2)
		fail_usage(argv[0]);
	machine = machine_load();
	device = find(machine, argv[optind]);
	if (argc - optind == 2)
		peer = find(machine, argv[optind + 1]);
	if (peer == device)
		fail("%s: device and peer are the same", device->bdf);
	facts_module(&facts);
	facts_device(&facts, device);
	if (!device->is_bridge)
		facts_software(&facts, device->bdf, software);
	if (peer)
		facts_path(&facts, machine, device, peer);
	if (as_json)
		print_json(&facts, device->bdf, peer ? peer->bdf : NULL);
	else
		print_words(&facts);
	json_decref(facts.list);
	return facts.worst == NOT_OK ? 1 : 0;
}
