// SPDX-License-Identifier: GPL-2.0-only
/* The command "check": find what prevents a transfer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "facts.h"
#include "options.h"
#include "values.h"

static void print_json(struct facts *facts, const char *device, const char *peer)
{
	json_t *all = value_document();

	json_object_set_new(all, "device", json_string(device));
	json_object_set_new(all, "peer", peer ? json_string(peer) : json_null());
	json_object_set_new(all, "result",
			    json_string(fact_level_name(facts->worst)));
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
		facts_print(&facts);
	json_decref(facts.list);
	return facts.worst == NOT_OK ? 1 : 0;
}
