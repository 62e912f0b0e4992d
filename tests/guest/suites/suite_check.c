// SPDX-License-Identifier: GPL-2.0-only
/* "check" of the operator's command: what it finds, and its exit status. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"

/* Those of the machine that are below the two ports of a switch. */
#define IN_SWITCH	2

static void check_good(void **state)
{
	const char *bdf = tool_memory();
	struct tool_run run;

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	assert_ok(device_bind(bench_find(EDU, 0), "dvp_importer"));
	run = tool_run("check", bdf, bench_find(EDU, 0), NULL);
	assert_tool(run, 0, "\nok       module: it was built for this kernel");
	assert_tool(run, 0, "\nok       module: this kernel has all symbols that it needs");
	assert_tool(run, 0, "BAR 0 has 256 bytes, less than a page, which cannot be exported");
	assert_tool(run, 0, "BAR 2 has 4 MiB of 64-bit prefetchable memory, which can be exported");
	assert_tool(run, 0, "THRU_HOST_BRIDGE, says the driver");
	assert_tool(run, 0, "dvp_importer imports dma-bufs and unmaps when notified");
	assert_null(strstr(run.output, "\nno "));
}

/* A network card as peer: its driver has nothing to do with dma-bufs. */
static void check_no_importer(void **state)
{
	const char *bdf = tool_memory(), *card;
	char peer[BDF_SIZE];

	(void)state;
	card = bench_find(E1000E, 0);
	snprintf(peer, sizeof(peer), "%s", card);
	tool_free_device(peer);
	assert_ok(module_load("e1000e", NULL));
	assert_tool(tool_run("check", bdf, peer, NULL), 1, "e1000e imports no dma-bufs");
	assert_ok(module_unload("e1000e"));
	assert_tool(tool_run("check", bdf, peer, NULL), 0,
		    "it has no driver, so it cannot import");
}

static void check_switch(void **state)
{
	char from[BDF_SIZE];

	(void)state;
	tool_free_device(bench_find(IVSHMEM, IN_SWITCH));
	snprintf(from, sizeof(from), "%s", bench_find(EDU, IN_SWITCH));
	assert_tool(tool_run("check", bench_find(IVSHMEM, IN_SWITCH), from, NULL), 0,
		    "BUS_ADDR, says this command");
	assert_tool(tool_run_as(TOOL_NOBODY, "check", bench_find(IVSHMEM, IN_SWITCH),
				from, NULL), 0, "UNKNOWN, says this command");
}

/* Each is below a root port of its own, and the CPU is AMD's. */
static void check_cpu(void **state)
{
	const char *bdf = tool_memory();
	struct tool_run run;

	(void)state;
	run = tool_run("check", bdf, bench_find(EDU, 0), NULL);
	assert_tool(run, 0, "THRU_HOST_BRIDGE, says this command");
	assert_tool(run, 0, "this host bridge forwards (AMD, Zen or later)");
}

static void check_unloaded(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(module_unload(bench_driver()));
	assert_tool(tool_run("check", bdf, NULL), 0,
		    "warning  module: it is not loaded; modprobe");
}

static void check_bridge(void **state)
{
	char port[BDF_SIZE];

	(void)state;
	assert_true(device_parent(tool_memory(), port));
	assert_tool(tool_run("check", port, NULL), 1,
		    "it is a bridge; VFIO cannot bind bridges");
}

static void check_group(void **state)
{
	const char *one = bench_find(IVSHMEM, 3), *other = bench_find(IVSHMEM, 4);
	char words[128];

	(void)state;
	assert_int_equal(device_group(one), device_group(other));
	tool_free_device(one);
	tool_free_device(other);
	snprintf(words, sizeof(words), "can be opened; beside it, it has %s", other);
	assert_tool(tool_run("check", one, NULL), 0, words);
}

static void module_path(char *path, size_t size)
{
	struct utsname name;

	uname(&name);
	snprintf(path, size, "/lib/modules/%s/updates/%s.ko", name.release,
		 bench_driver());
}

/* Every place in the module's file that has the words gets others, as long. */
static void rewrite_module(const char *from, const char *to)
{
	char path[256], *at;
	struct stat stat_;
	char *data;
	int fd;

	assert_int_equal(strlen(from), strlen(to));
	module_path(path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_sys(fd);
	bench_keep(fd);
	assert_sys(fstat(fd, &stat_));
	data = malloc(stat_.st_size);
	assert_non_null(data);
	assert_int_equal(read(fd, data, stat_.st_size), stat_.st_size);
	for (at = data; (at = memmem(at, data + stat_.st_size - at, from,
				     strlen(from))); at++)
		memcpy(at, to, strlen(to));
	assert_int_equal(pwrite(fd, data, stat_.st_size, 0), stat_.st_size);
	free(data);
	/* What is open for writing cannot be loaded. */
	bench_drop(fd);
}

/* What is said of a module in which @to stands for @from. */
static struct tool_run check_rewritten(const char *from, const char *to)
{
	struct tool_run run;

	rewrite_module(from, to);
	run = tool_run("check", tool_memory(), NULL);
	rewrite_module(to, from);
	return run;
}

static void check_other_kernel(void **state)
{
	(void)state;
	assert_tool(check_rewritten(" SMP ", " smp "), 1,
		    "no       module: it was built for \"");
	assert_tool(tool_run("check", tool_memory(), NULL), 0,
		    "it was built for this kernel");
}

static void check_symbol(void **state)
{
	(void)state;
	assert_tool(check_rewritten("vfio_pci_core_mmap", "vfio_pci_core_nono"), 1,
		    "this kernel lacks symbols that it needs: vfio_pci_core_nono;");
}

static void check_missing(void **state)
{
	char path[256], away[300];
	struct tool_run run;

	(void)state;
	assert_ok(module_unload(bench_driver()));
	module_path(path, sizeof(path));
	snprintf(away, sizeof(away), "%s.away", path);
	assert_sys(rename(path, away));
	run = tool_run("check", tool_memory(), NULL);
	assert_sys(rename(away, path));
	/* Its name is still in modules.dep. */
	assert_tool(run, 1, "no       module: it is not installed for this kernel");
}

/* As the module has it, and another one: "version=0.1.0", "version=0.1.9". */
static void versions(char *this, char *other, size_t size)
{
	char path[128], version[32];

	snprintf(path, sizeof(path), "/sys/module/%s/version", bench_module());
	assert_ok(read_file(path, version, sizeof(version)));
	version[strcspn(version, "\n")] = '\0';
	snprintf(this, size, "version=%s", version);
	snprintf(other, size, "%s", this);
	other[strlen(other) - 1] ^= 1;
}

/* As after an upgrade, until the module is loaded anew. */
static void check_upgraded(void **state)
{
	char this[64], other[64], words[192];

	(void)state;
	versions(this, other, sizeof(this));
	snprintf(words, sizeof(words), "what is loaded (%s, %s) is not what is installed (%s, %s)",
		 strchr(this, '=') + 1, bench_is_dropin() ? "drop-in" : "variant",
		 strchr(other, '=') + 1, bench_is_dropin() ? "drop-in" : "variant");
	assert_tool(check_rewritten(this, other), 0, words);
}

static void check_other_command(void **state)
{
	char this[64], other[64], words[128];
	struct tool_run run;
	int ret;

	(void)state;
	versions(this, other, sizeof(this));
	assert_ok(module_unload(bench_driver()));
	rewrite_module(this, other);
	ret = bench_reload("");
	run = tool_run("check", tool_memory(), NULL);
	rewrite_module(other, this);
	assert_ok(ret);
	snprintf(words, sizeof(words),
		 "this command is of version %s, and the loaded module of version %s",
		 strchr(this, '=') + 1, strchr(other, '=') + 1);
	assert_tool(run, 0, words);
}

static void check_for_unknown(void **state)
{
	(void)state;
	assert_tool(tool_run("check", "--for", "doom", tool_memory(), NULL), 2,
		    "--for doom: that software is not known");
}

/* Two that have no option for it, and two that have. */
static void check_for_refuses(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_tool(tool_run("check", bdf, NULL), 0, "");
	assert_tool(tool_run("check", "--for", "dpdk", bdf, NULL), 1,
		    "from the variant by itself: it passes over devices");
	assert_tool(tool_run("check", "--for", "kubevirt", bdf, NULL), 1,
		    "install the drop-in, dmabuf-vfio-pci-dropin-dkms");
	assert_tool(tool_run("check", "--for", "libvirt", bdf, NULL), 0,
		    "warning  libvirt: libvirt does not take");
	assert_tool(tool_run("check", "--for", "proxmox", bdf, NULL), 0,
		    "driver=keep in hostpci");
}

#define CHECK(name, function) TEST("check", name, function)
#define CHECK_RELOADS(name, function) \
	TEST_RELOADS("check", name, function)

int suite_check(void)
{
	const struct CMUnitTest tests[] = {
		CHECK("check of a pair that works says no nowhere", check_good),
		CHECK("check of a peer that does not import", check_no_importer),
		CHECK("check of a pair in a switch, as root and as nobody",
		      check_switch),
		CHECK("check of a pair that the CPU makes a way for", check_cpu),
		CHECK_RELOADS("check without the module loaded", check_unloaded),
		CHECK("check of a bridge", check_bridge),
		CHECK("check names who else is in the group", check_group),
		CHECK("check of a module for another kernel",
		      check_other_kernel),
		CHECK("check of a module that lacks a symbol", check_symbol),
		CHECK_RELOADS("check without the module's file", check_missing),
		CHECK("check tells that another version is installed than is loaded",
		      check_upgraded),
		CHECK_RELOADS("check tells that the module is of another version than the command",
			      check_other_command),
		CHECK("check for software that it does not know", check_for_unknown),
	};
	const struct CMUnitTest only_variant[] = {
		CHECK("check says which software does not take a device",
		      check_for_refuses),
	};
	int failed;

	if (!bench_is_ours())
		return 0;
	failed = run_group("check", tests);
	if (!bench_is_dropin())
		failed += run_group("check", only_variant);
	return failed;
}
