// SPDX-License-Identifier: GPL-2.0-only
/* "selftest" of the operator's command, as an operator runs it on a machine in use. */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

/* On the machine `tools`: its only BAR has two bytes. */
#define WITHOUT_MEMORY "0000:2c:00.0"

/* What is said of a device. */
static void assert_line(struct tool_run run, int status, const char *level,
			const char *bdf, const char *words)
{
	char line[256];

	snprintf(line, sizeof(line), "%-8s %s: %s", level, bdf, words);
	assert_tool(run, status, line);
}

static const char *bound_memory(void)
{
	const char *bdf = tool_memory();

	assert_ok(device_bind(bdf, bench_driver()));
	return bdf;
}

/* Whose memory it can see. */
static void assert_good(struct tool_run run, const char *bdf)
{
	assert_line(run, 0, "ok", bdf, "it can be opened\n");
	assert_line(run, 0, "ok", bdf, "a page of BAR 2 can be exported\n");
	assert_line(run, 0, "ok", bdf, "debugfs lists its buffers\n");
	assert_line(run, 0, "ok", bdf,
		    "its buffers are revoked when it stops decoding memory\n");
	assert_line(run, 0, "ok", bdf,
		    "its buffers are restored when it decodes memory again\n");
	assert_line(run, 0, "ok", bdf, "its buffers end when it is closed\n");
	assert_line(run, 0, "ok", bdf,
		    "trace events seen: export, revoke, restore\n");
}

static void passes(void **state)
{
	const char *bdf = bound_memory();
	struct tool_run run = tool_run("selftest", bdf, NULL);

	(void)state;
	assert_tool(run, 0, "ok       module: version ");
	if (expects(shows_inside))
		assert_good(run, bdf);
	else
		assert_line(run, 0, "skipped", bdf,
			    "vfio-pci-core exports, so revoke and restore cannot be seen");
	/* It is bound and idle, as before. */
	assert_string_equal(device_driver(bdf), bench_driver());
	bench_close(bench_open(bdf));
}

static void tells_paths(void **state)
{
	const char *bdf = bound_memory(), *peer = bench_find(EDU, 0);
	char words[128];

	(void)state;
	assert_ok(device_bind(peer, bench_driver()));
	snprintf(words, sizeof(words),
		 "%s reaches it by the path THRU_HOST_BRIDGE, says the driver: ", peer);
	assert_line(tool_run("selftest", bdf, NULL), 0, "ok", bdf, words);
	assert_ok(device_unbind(peer));
}

/* The user of a device that is open loses nothing, and another one is tested. */
static void leaves_alone(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0), *other = bench_find(IVSHMEM, 1);
	struct vfio *vfio = bench_open(bdf);
	int importer = bench_importer(bench_find(EDU, 0));
	struct tool_run run;

	(void)state;
	assert_ok(importer_attach(importer, bench_export(vfio, 2, 0, PAGE)));
	assert_ok(importer_map(importer));
	run = tool_run("selftest", bdf, NULL);
	assert_line(run, 1, "no", bdf, "suites (pid ");
	assert_tool(run, 1, " has it open; not tested\n");
	assert_tool(run, 1, "no       machine: no device was tested");

	assert_ok(device_bind(other, bench_driver()));
	run = tool_run("selftest", NULL);
	assert_line(run, 0, "skipped", bdf, "suites (pid ");
	assert_line(run, 0, "ok", other, "a page of BAR 2 can be exported\n");
	assert_ok(importer_unmap(importer));
	assert_ok(importer_map(importer));
}

static void without_debugfs(void **state)
{
	const char *bdf = bound_memory();
	struct tool_run run = tool_run_as(TOOL_WITHOUT_DEBUGFS, "selftest", bdf, NULL);

	(void)state;
	assert_line(run, 0, "ok", bdf, "a page of BAR 2 can be exported\n");
	if (!expects(shows_inside))
		return;
	assert_line(run, 0, "skipped", bdf, "debugfs has no entry for it");
	/* The tracepoints do not need it. */
	assert_line(run, 0, "ok", bdf,
		    "its buffers are revoked when it stops decoding memory\n");
	assert_line(run, 0, "ok", bdf,
		    "its buffers are restored when it decodes memory again\n");
}

static void without_memory(void **state)
{
	struct tool_run run;

	(void)state;
	assert_ok(device_bind(WITHOUT_MEMORY, bench_driver()));
	run = tool_run("selftest", WITHOUT_MEMORY, NULL);
	assert_line(run, 1, "no", WITHOUT_MEMORY, "it has no BAR that can be exported\n");
	assert_tool(run, 1, "no       machine: no device was tested");
	tool_free_device(WITHOUT_MEMORY);
}

static void not_bound(void **state)
{
	const char *bdf = tool_memory();
	char words[64];

	(void)state;
	tool_free_device(bdf);
	snprintf(words, sizeof(words), "it is not bound to %s; ", bench_driver());
	assert_line(tool_run("selftest", bdf, NULL), 1, "no", bdf, words);
}

static void not_loaded(void **state)
{
	char path[64];

	(void)state;
	assert_ok(module_unload(bench_driver()));
	assert_tool(tool_run("selftest", NULL), 1, "ok       module: it can be loaded\n");
	snprintf(path, sizeof(path), "/sys/module/%s", bench_module());
	assert_sys_error(access(path, F_OK), ENOENT);
}

static void not_installed(void **state)
{
	char path[256], away[272];
	struct utsname name;
	struct tool_run run;

	(void)state;
	assert_ok(module_unload(bench_driver()));
	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/%s.ko", name.release,
		 bench_driver());
	snprintf(away, sizeof(away), "%s.away", path);
	assert_sys(rename(path, away));
	run = tool_run("selftest", NULL);
	assert_sys(rename(away, path));
	assert_tool(run, 1, "no       module: it is not installed for this kernel; ");
	assert_tool(run, 1, "no       machine: no device was tested");
}

static void as_json(void **state)
{
	json_t *all, *fact;
	const char *bdf = bound_memory(), *code;
	bool exports = false;
	size_t i;

	(void)state;
	all = tool_json(tool_run("selftest", "--json", bdf, NULL));
	assert_string_equal(json_string_value(json_object_get(all, "device")), bdf);
	assert_string_equal(json_string_value(json_object_get(all, "result")), "skipped");
	json_array_foreach(json_object_get(all, "facts"), i, fact) {
		code = json_string_value(json_object_get(fact, "code"));
		exports |= !strcmp(code, "export.works");
	}
	assert_true(exports);
	json_decref(all);
}

#define SELFTEST(name, function) TEST("selftest", name, function)
#define SELFTEST_RELOADS(name, function) TEST_RELOADS("selftest", name, function)

int suite_selftest(void)
{
	const struct CMUnitTest tests[] = {
		SELFTEST("selftest passes on a device that nobody uses", passes),
		SELFTEST("selftest tells the path from another bound device", tells_paths),
		SELFTEST("selftest leaves a device alone that is open", leaves_alone),
		SELFTEST("selftest does without debugfs", without_debugfs),
		SELFTEST("selftest says that a device has no memory to export",
			 without_memory),
		SELFTEST("selftest says that a device is not bound", not_bound),
		SELFTEST_RELOADS("selftest tries whether the module can be loaded",
				 not_loaded),
		SELFTEST_RELOADS("selftest says that the module is not installed",
				 not_installed),
		SELFTEST("selftest prints JSON", as_json),
	};

	return bench_is_ours() ? run_group("selftest", tests) : 0;
}
