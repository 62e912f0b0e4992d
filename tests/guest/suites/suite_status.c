// SPDX-License-Identifier: GPL-2.0-only
/* "status" and "export" of the operator's command. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

static json_t *status_json(void)
{
	return tool_json(tool_run("status", "--json", NULL));
}

static bool is_listed(const char *bdf)
{
	json_t *status = status_json(), *device;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(status, "devices"), i, device)
		found |= !strcmp(bdf, json_string_value(json_object_get(device, "name")));
	json_decref(status);
	return found;
}

static void status_lists(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_false(is_listed(bdf));
	assert_ok(device_bind(bdf, bench_driver()));
	assert_true(is_listed(bdf));
	assert_tool(tool_run("status", NULL), 0, bdf);
	assert_ok(device_unbind(bdf));
	assert_false(is_listed(bdf));
}

static void status_module(void **state)
{
	char version[64], path[128];
	json_t *status, *module;

	(void)state;
	snprintf(path, sizeof(path), "/sys/module/%s/version", bench_module());
	assert_ok(read_file(path, version, sizeof(version)));
	version[strcspn(version, "\n")] = '\0';
	status = status_json();
	module = json_object_get(status, "module");
	assert_true(json_is_true(json_object_get(module, "loaded")));
	assert_string_equal(json_string_value(json_object_get(module, "version")),
			    version);
	json_decref(status);

	assert_ok(module_unload(bench_driver()));
	assert_tool(tool_run("status", NULL), 0, "module   not loaded; version");
	status = status_json();
	assert_true(json_is_false(json_object_get(json_object_get(status, "module"),
						  "loaded")));
	json_decref(status);
}

/* Exactly these lines: each becomes a label. */
static void status_nfd(void **state)
{
	json_t *status = status_json(), *module;
	char labels[512];

	(void)state;
	module = json_object_get(status, "module");
	snprintf(labels, sizeof(labels),
		 "dmabuf-vfio-pci.loaded=true\n"
		 "dmabuf-vfio-pci.version=%s\n"
		 "dmabuf-vfio-pci.flavour=%s\n"
		 "dmabuf-vfio-pci.exporter=%s\n"
		 "dmabuf-vfio-pci.devices=%zu\n",
		 json_string_value(json_object_get(module, "version")),
		 json_string_value(json_object_get(module, "flavour")),
		 json_string_value(json_object_get(module, "exporter")),
		 json_array_size(json_object_get(status, "devices")));
	json_decref(status);
	assert_string_equal(tool_run("status", "--nfd", NULL).output, labels);
}

/* What the kernel is found to have is what the driver was built for. */
static void status_kernel(void **state)
{
	json_t *status = status_json(), *kernel, *features;
	struct utsname name;

	(void)state;
	uname(&name);
	kernel = json_object_get(status, "kernel");
	assert_string_equal(json_string_value(json_object_get(kernel, "release")),
			    name.release);
	assert_true(json_is_true(json_object_get(kernel, "iommu")));
	features = json_object_get(kernel, "features");
	assert_int_equal(json_is_true(json_object_get(features, "intree_export")),
			 expect_kernel()->core_exports);
	assert_int_equal(json_is_true(json_object_get(features, "revocable_importers")),
			 expect_kernel()->pins == PINS_ALLOWED);
	json_decref(status);
}

static void status_exporter(void **state)
{
	const char *parameter = getenv("DVP_EXPORTER"), *exporter = parameter;
	json_t *status = status_json(), *module;

	(void)state;
	if (!strcmp(parameter, "auto"))
		exporter = "own";
	module = json_object_get(status, "module");
	assert_string_equal(json_string_value(json_object_get(module, "parameter")),
			    parameter);
	assert_string_equal(json_string_value(json_object_get(module, "exporter")),
			    exporter);
	json_decref(status);
}

/* The device as "status" has it, in words and as JSON, which is to be given back. */
static json_t *status_device(const char *bdf, json_t **status)
{
	json_t *device;
	size_t i;

	*status = status_json();
	json_array_foreach(json_object_get(*status, "devices"), i, device)
		if (!strcmp(bdf, json_string_value(json_object_get(device, "name"))))
			return device;
	fail_msg("%s is not listed", bdf);
	return NULL;
}

static long long number_in(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* What the driver has in debugfs, through all of the command. */
static void status_buffers(void **state)
{
	const char *bdf = tool_memory();
	struct vfio *vfio = bench_open(bdf);
	int importer = bench_importer(bench_find(EDU, 0));
	int mapped = bench_export(vfio, 2, MIB, PAGE);
	json_t *status, *device, *buffer, *inside;
	struct tool_run run;
	void *memory;

	(void)state;
	memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, mapped, 0);
	assert_ok(importer_attach(importer, bench_export(vfio, 2, 0, PAGE)));
	assert_ok(importer_map(importer));
	bench_decoding(vfio, false);

	device = status_device(bdf, &status);
	inside = json_object_get(device, "state");
	assert_true(json_is_true(json_object_get(inside, "open")));
	run = tool_run("status", NULL);
	if (!expects(shows_inside)) {
		assert_true(json_is_null(json_object_get(device, "buffers")));
		assert_null(json_object_get(inside, "exports"));
		assert_tool(run, 0,
			    "  open; vfio-pci-core exports, and keeps no statistics\n"
			    "  processes cannot map its dma-bufs; with exporter=own they can\n");
		json_decref(status);
		return;
	}
	assert_int_equal(number_in(inside, "exports"), 2);
	assert_int_equal(number_in(inside, "revokes"), 1);
	assert_int_equal(json_array_size(json_object_get(device, "buffers")), 2);
	buffer = json_array_get(json_object_get(device, "buffers"), 0);
	assert_int_equal(number_in(buffer, "pid"), getpid());
	assert_string_equal(json_string_value(json_object_get(buffer, "state")),
			    "revoked");
	assert_int_equal(json_array_size(json_object_get(buffer, "importers")), 0);
	buffer = json_array_get(json_object_get(device, "buffers"), 1);
	assert_int_equal(json_array_size(json_object_get(buffer, "importers")), 1);
	json_decref(status);

	assert_tool(run, 0, "  open, blocked: disabled; this driver exports\n"
		    "  2 exports, 1 revocations, 0 restorations, 0 refusals\n"
		    "  last revocation: disabled, ");
	assert_tool(run, 0, ": 4 KiB of BAR 2, revoked, of suites (pid ");
	assert_tool(run, 0, "    0x100000 + 0x1000\n"
		    "    mapped by suites (pid ");
	assert_sys(munmap(memory, PAGE));
}

static void exported_whole(void **state)
{
	const char *bdf = tool_memory();
	struct tool_run run;

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	run = tool_run("export", bdf, "--bar", "2", "--", "show-dma-buf", NULL);
	assert_tool(run, 0, "fd 3 is /dmabuf:");
	assert_tool(run, 0, " of 4194304 bytes, size 4194304\n");
	assert_tool(run, 0, "listen 1 me dma-buf\n");
}

static void exported_to_map(void **state)
{
	const char *bdf = tool_memory();
	struct tool_run run;

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	run = tool_run("export", bdf, "--bar", "2", "--mmap", "show-dma-buf",
		       NULL);
	if (expects(delegates))
		assert_tool(run, 0, " of 4194304 bytes");
	else
		assert_tool(run, 125, "a process cannot map the dma-buf");
}

static void exported_ranges(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	assert_tool(tool_run("export", "--bar", "2", "--range", "1M:64K", bdf,
			     "-r", "0:0x1000", "show-dma-buf", "7", NULL), 7,
		    "of 69632 bytes");
}

static void not_exported(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("export", bdf, "--bar", "2", "show-dma-buf", NULL), 125,
		    "it is not bound");
	assert_ok(device_bind(bdf, bench_driver()));
	assert_tool(tool_run("export", bdf, "--bar", "1", "show-dma-buf", NULL), 125,
		    "it has no BAR 1");
	assert_tool(tool_run("export", bdf, "-b", "2", "-r", "0:1", "show-dma-buf", NULL),
		    125, "not aligned to pages");
	assert_tool(tool_run("export", bdf, "-b", "2", "-r", "4M:4K", "show-dma-buf", NULL),
		    125, "not inside BAR 2, which has 0x400000 bytes");
	assert_tool(tool_run("export", bdf, "-b", "0", "show-dma-buf", NULL), 125,
		    "BAR 0 has 256 bytes, less than a page");
	assert_tool(tool_run("export", bdf, "-b", "2", "no-such-program", NULL), 127,
		    "cannot run no-such-program");
	assert_tool(tool_run("export", bdf, "-b", "2", "/dev/null", NULL), 126,
		    "cannot run /dev/null");
}

static void other_driver(void **state)
{
	const char *bdf = tool_memory();
	struct tool_run run;

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	run = tool_run("export", bdf, "--bar", "2", "show-dma-buf", NULL);
	if (expect_kernel()->core_exports)
		assert_tool(run, 0, "fd 3 is /dmabuf: of 4194304 bytes");
	else
		assert_tool(run, 125, "its driver cannot export");
	tool_free_device(bdf);
}

#define STATUS(name, function) TEST("status", name, function)
#define STATUS_RELOADS(name, function) \
	TEST_RELOADS("status", name, function)

int suite_status(void)
{
	const struct CMUnitTest tests[] = {
		STATUS("status lists bound devices", status_lists),
		STATUS_RELOADS("status tells the module's version", status_module),
		STATUS("status prints labels for a node of Kubernetes", status_nfd),
		STATUS("status tells what the kernel has", status_kernel),
		STATUS("status tells who exports", status_exporter),
		STATUS("status lists buffers, importers and what has happened",
		       status_buffers),
		STATUS("export passes on all of a BAR", exported_whole),
		STATUS("export can demand that processes can map the buffer",
		       exported_to_map),
		STATUS("export passes on ranges, and the command's status",
		       exported_ranges),
		STATUS("export says why there is no buffer", not_exported),
	};
	const struct CMUnitTest beside_vfio_pci[] = {
		STATUS("export asks any driver, and says if it cannot", other_driver),
	};
	int failed;

	if (!bench_is_ours())
		return 0;
	failed = run_group("status", tests);
	if (!bench_is_dropin())
		failed += run_group("status", beside_vfio_pci);
	return failed;
}
