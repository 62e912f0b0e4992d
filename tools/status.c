// SPDX-License-Identifier: GPL-2.0-only
/* The command "status": gathered as JSON, and printed as that or in words. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "commands.h"
#include "debugfs.h"
#include "flavour.h"
#include "machine.h"
#include "module.h"
#include "options.h"
#include "symbols.h"
#include "use.h"
#include "util.h"
#include "values.h"

/*
 * Features of the kernel that the driver or its users need, and a symbol of each.
 * Symbols that a module does not export are listed only while it is loaded.
 */
static const struct feature {
	const char *name;
	const char *symbol;
	const char *module;
	const char *what;
} features[] = {
	{ "p2pdma", "pci_p2pdma_distance_many", NULL,
	  "P2PDMA support" },
	{ "intree_export", "vfio_pci_core_feature_dma_buf", "vfio_pci_core",
	  "dma-buf export in vfio-pci" },
	{ "revocable_importers", "dma_buf_attach_revocable", NULL,
	  "revocable pinned importers" },
	{ "map_phys", "dma_map_phys", NULL,
	  "dma_map_phys()" },
	{ "iova", "dma_iova_try_alloc", NULL,
	  "one IOVA span for several ranges" },
};

/* Null if it is not known. */
static json_t *feature_value(const struct feature *feature)
{
	if (!symbols_are_known() ||
	    (feature->module && !module_is_running(feature->module)))
		return json_null();
	return json_boolean(symbols_have(feature->symbol));
}

/* Number of entries of a directory. */
static int count_names(const char *path)
{
	struct dirent **entries;
	int count, i;

	count = scandir(path, &entries, is_name, NULL);
	if (count < 0)
		return 0;
	for (i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return count;
}

static json_t *gather_kernel(void)
{
	json_t *kernel = json_object(), *found = json_object();
	struct utsname name;
	size_t i;

	uname(&name);
	json_object_set_new(kernel, "release", json_string(name.release));
	json_object_set_new(kernel, "iommu",
			    json_boolean(count_names("/sys/class/iommu")));
	json_object_set_new(kernel, "iommufd",
			    json_boolean(!access("/dev/iommu", F_OK)));
	for (i = 0; i < ARRAY_SIZE(features); i++)
		json_object_set_new(found, features[i].name,
				    feature_value(&features[i]));
	json_object_set_new(kernel, "features", found);
	return kernel;
}

static json_t *string_or_null(const char *words)
{
	return words && *words ? value_string(words) : json_null();
}

static json_t *flavour_value(const struct flavour *flavour)
{
	return flavour ? json_string(flavour->name) : json_null();
}

static json_t *gather_module(void)
{
	struct module *found = module_find();
	json_t *module = json_object();

	json_object_set_new(module, "loaded", json_boolean(found->loaded));
	json_object_set_new(module, "version",
			    string_or_null(found->loaded_version));
	json_object_set_new(module, "parameter", string_or_null(found->exporter));
	json_object_set_new(module, "exporter",
			    string_or_null(strcmp(found->exporter, "auto") ?
					   found->exporter : "own"));
	json_object_set_new(module, "installed", string_or_null(found->path));
	json_object_set_new(module, "installed_version",
			    string_or_null(found->version));
	json_object_set_new(module, "flavour", flavour_value(found->loaded));
	json_object_set_new(module, "installed_flavour",
			    flavour_value(found->installed));
	json_object_set_new(module, "kept_out",
			    json_boolean(flavour_is_kept_out()));
	module_free(found);
	return module;
}

static json_t *own_string(char *words)
{
	json_t *value = string_or_null(words);

	free(words);
	return value;
}

/* Devices whose drivers keep its group from userspace. */
static char *blockers_of(const char *bdf)
{
	int number = device_group(bdf);
	struct group *group;
	char *names;

	if (number < 0)
		return NULL;
	group = group_load(number);
	names = group_blockers(group, bdf);
	group_free(group);
	return names;
}

/* State and buffers are null if debugfs has none for this user. */
static json_t *gather_device(const struct function *function)
{
	char *state = debugfs_read(function->bdf, "state");
	char *buffers = debugfs_read(function->bdf, "buffers");
	json_t *device = json_object();

	json_object_set_new(device, "name", json_string(function->bdf));
	json_object_set_new(device, "what", value_string(function->what));
	json_object_set_new(device, "group",
			    json_integer(device_group(function->bdf)));
	json_object_set_new(device, "group_blocked_by",
			    own_string(blockers_of(function->bdf)));
	json_object_set_new(device, "open_by",
			    own_string(use_by_process(function->bdf)));
	json_object_set_new(device, "state",
			    state ? state_parse(state) : json_null());
	json_object_set_new(device, "buffers",
			    buffers ? buffers_parse(buffers) : json_null());
	free(state);
	free(buffers);
	return device;
}

/* Devices that something else has rebound since they were bound. */
static json_t *gather_claimed(const struct machine *machine)
{
	json_t *devices = json_array(), *device;
	char override[WORD_SIZE];
	size_t i;

	for (i = 0; i < machine->nr_functions; i++) {
		if (device_is_ours(machine->functions[i].bdf) ||
		    !device_is_claimed(machine->functions[i].bdf))
			continue;
		device = json_object();
		json_object_set_new(device, "name",
				    json_string(machine->functions[i].bdf));
		json_object_set_new(device, "what",
				    value_string(machine->functions[i].what));
		json_object_set_new(device, "driver",
				    string_or_null(device_driver(machine->functions[i].bdf)));
		device_attr(machine->functions[i].bdf, "driver_override", override,
			    sizeof(override));
		json_object_set_new(device, "override", value_string(override));
		json_array_append_new(devices, device);
	}
	return devices;
}

static json_t *gather_devices(const struct machine *machine)
{
	json_t *devices = json_array();
	size_t i;

	for (i = 0; i < machine->nr_functions; i++)
		if (device_is_ours(machine->functions[i].bdf))
			json_array_append_new(devices,
					      gather_device(&machine->functions[i]));
	return devices;
}

static void print_kernel(const json_t *kernel)
{
	const json_t *found = json_object_get(kernel, "features"), *has;
	size_t i;

	printf("kernel   %s, IOMMU %s, iommufd %s\n",
	       member_string(kernel, "release"),
	       json_is_true(json_object_get(kernel, "iommu")) ? "on" : "off",
	       json_is_true(json_object_get(kernel, "iommufd")) ? "yes" : "no");
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		has = json_object_get(found, features[i].name);
		printf("         %s: %s\n", features[i].what,
		       json_is_null(has) ?
		       "unknown (/proc/kallsyms is hidden or incomplete)" :
		       json_is_true(has) ? "yes" : "no");
	}
}

static const char *exporter_words(const char *exporter)
{
	if (!*exporter)
		return "the exporter is unknown";
	return strcmp(exporter, "intree") ? "this driver exports" :
					    "vfio-pci-core exports";
}

/* What is loaded may have been replaced or removed since. */
static void print_flavour(const json_t *module)
{
	const char *loaded = member_string(module, "flavour");
	const char *installed = member_string(module, "installed_flavour");

	if (*loaded)
		printf("         flavour: %s, the driver is called %s\n", loaded,
		       DRIVER);
	if (*installed && strcmp(loaded, installed))
		printf("         flavour of the installed one: %s\n", installed);
	if (*loaded && !*installed)
		puts("         it is not installed for this kernel any more");
	if (json_is_true(json_object_get(module, "kept_out")))
		puts("         the kernel's own vfio-pci is loaded in its place; \"modprobe -r vfio-pci\" makes room");
}

static void print_module(const json_t *module)
{
	const char *installed = member_string(module, "installed_version");

	if (json_is_true(json_object_get(module, "loaded")))
		printf("module   loaded, version %s, exporter=%s: %s\n",
		       member_string(module, "version"),
		       member_string(module, "parameter"),
		       exporter_words(member_string(module, "exporter")));
	else if (*member_string(module, "installed"))
		printf("module   not loaded; version %s is installed\n",
		       installed);
	else
		puts("module   not installed for this kernel");
	print_flavour(module);
}

/* "closed,reset", or a word for none. */
static void print_reasons(const json_t *reasons, const char *none)
{
	const json_t *reason;
	size_t i;

	if (!json_array_size(reasons))
		fputs(none, stdout);
	json_array_foreach(reasons, i, reason)
		printf("%s%s", i ? "," : "", json_string_value(reason));
}

static void print_state(const json_t *state)
{
	const json_t *revoke = json_object_get(state, "last_revoke");
	const char *refusal = member_string(state, "last_refusal");
	const char *open = "not open";

	if (json_is_true(json_object_get(state, "open")))
		open = "open";
	else if (json_is_true(json_object_get(state, "quarantined")))
		open = "closed, but busy until its importers have unmapped";

	if (!json_object_get(state, "exports")) {
		printf("  %s; %s, and keeps no statistics\n", open,
		       exporter_words(member_string(state, "exporter")));
		puts("  processes cannot map its dma-bufs; with exporter=own they can");
		return;
	}
	printf("  %s, blocked: ", open);
	print_reasons(json_object_get(state, "blocked"), "no");
	printf("; %s\n", exporter_words(member_string(state, "exporter")));
	printf("  %lld exports, %lld revocations, %lld restorations, %lld refusals\n",
	       member_number(state, "exports"),
	       member_number(state, "revokes"),
	       member_number(state, "restores"),
	       member_number(state, "refusals"));
	if (revoke) {
		fputs("  last revocation: ", stdout);
		print_reasons(json_object_get(revoke, "reasons"), "-");
		printf(", %lld us\n", member_number(revoke, "microseconds"));
	}
	if (*refusal && strcmp(refusal, "-"))
		printf("  last refusal: %s\n", refusal);
}

static void print_buffer(const json_t *buffer)
{
	char *size = size_text(member_number(buffer, "size"));
	const json_t *part;
	size_t i;

	printf("  buffer %lld: %s of BAR %lld, %s, of %s (pid %lld)\n",
	       member_number(buffer, "inode"), size,
	       member_number(buffer, "bar"), member_string(buffer, "state"),
	       member_string(buffer, "comm"), member_number(buffer, "pid"));
	free(size);
	json_array_foreach(json_object_get(buffer, "range_list"), i, part)
		printf("    0x%llx + 0x%llx\n", member_number(part, "offset"),
		       member_number(part, "length"));
	if (member_number(buffer, "more_ranges"))
		printf("    and %lld more\n", member_number(buffer, "more_ranges"));
	json_array_foreach(json_object_get(buffer, "importers"), i, part)
		printf("    imported by %s, %s: %lld mappings, %lld lists, %lld pins\n",
		       member_string(part, "device"),
		       member_string(part, "map"),
		       member_number(part, "mappings"),
		       member_number(part, "lists"),
		       member_number(part, "pins"));
	json_array_foreach(json_object_get(buffer, "mmaps"), i, part)
		printf("    mapped by %s (pid %lld) in %lld areas\n",
		       member_string(part, "comm"), member_number(part, "pid"),
		       member_number(part, "areas"));
}

static void print_device(const json_t *device)
{
	const char *blockers = member_string(device, "group_blocked_by");
	const char *users = member_string(device, "open_by");
	const json_t *state = json_object_get(device, "state");
	const json_t *buffer;
	size_t i;

	printf("%s %s, IOMMU group %lld\n", member_string(device, "name"),
	       member_string(device, "what"), member_number(device, "group"));
	if (*blockers)
		printf("  it cannot be opened: its IOMMU group also has %s; \"" NAME " bind --group %s\" takes the whole group\n",
		       blockers, member_string(device, "name"));
	if (*users)
		printf("  %s\n", users);
	if (json_is_null(state))
		puts(geteuid() ? "  its state and buffers are only shown to root" :
		     "  this driver has no file for it in debugfs");
	else
		print_state(state);
	json_array_foreach(json_object_get(device, "buffers"), i, buffer)
		print_buffer(buffer);
}

static void print_claimed(const json_t *device)
{
	const char *driver = member_string(device, "driver");

	printf("%s %s\n  its driver_override names %s, but %s has it; \"" NAME " check %s\" says more\n",
	       member_string(device, "name"), member_string(device, "what"),
	       member_string(device, "override"), *driver ? driver : "no driver",
	       member_string(device, "name"));
}

static void print_words(const json_t *status)
{
	const json_t *devices = json_object_get(status, "devices"), *device;
	size_t i;

	print_kernel(json_object_get(status, "kernel"));
	print_module(json_object_get(status, "module"));
	if (!json_array_size(devices))
		puts("no device is bound to it");
	json_array_foreach(devices, i, device)
		print_device(device);
	json_array_foreach(json_object_get(status, "claimed"), i, device)
		print_claimed(device);
}

/* A member of the module as a label, unless it is null. */
static void print_label(const json_t *module, const char *name)
{
	if (*member_string(module, name))
		printf(NAME ".%s=%s\n", name, member_string(module, name));
}

/*
 * A feature file of Kubernetes' Node Feature Discovery: each line becomes a label of the
 * node.  A value has at most 63 letters, digits, dots, dashes and underscores.
 */
static void print_nfd(const json_t *status)
{
	const json_t *module = json_object_get(status, "module");
	bool loaded = json_is_true(json_object_get(module, "loaded"));

	printf(NAME ".loaded=%s\n", loaded ? "true" : "false");
	if (loaded) {
		print_label(module, "version");
		print_label(module, "flavour");
		print_label(module, "exporter");
	}
	printf(NAME ".devices=%zu\n",
	       json_array_size(json_object_get(status, "devices")));
}

int command_status(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "nfd", no_argument, NULL, 'n' },
		OPTION_HELP,
		{}
	};
	struct machine *machine;
	json_t *status, *kernel;
	int letter, as = 0;

	while ((letter = options_next(argc, argv, "jnh", options)) >= 0)
		as = letter;
	if (optind < argc)
		fail_usage(argv[0]);
	machine = machine_load();
	status = value_document();
	kernel = gather_kernel();
	json_object_set_new(status, "kernel", kernel);
	json_object_set_new(status, "module", gather_module());
	json_object_set_new(status, "devices", gather_devices(machine));
	json_object_set_new(status, "claimed", gather_claimed(machine));
	if (as == 'j')
		value_print(status, JSON_INDENT(2));
	else if (as == 'n')
		print_nfd(status);
	else
		print_words(status);
	json_decref(status);
	return 0;
}
