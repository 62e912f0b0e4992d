// SPDX-License-Identifier: GPL-2.0-only
/* The driver as a VFIO PCI driver: what vfio-pci does, ours does as well. */
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "suites.h"

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

/* A device of the denylist: an accelerator, QAT C62x. */
#define DENIED_VENDOR	0x8086
#define DENIED_DEVICE	0x37c8

/* Registers of edu and ivshmem. */
#define EDU_RAISE_IRQ	0x60
#define EDU_ACK_IRQ	0x64
#define IVSHMEM_MASK	0

static void driver_attr(const char *attr, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s",
		 bench_driver(), attr);
	assert_ok(write_file(path, text));
}

static void unbound(const char *bdf)
{
	assert_ok(device_unbind(bdf));
	assert_ok(device_write_attr(bdf, "driver_override", "\n"));
}

static void by_override(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);

	(void)state;
	unbound(bdf);
	assert_ok(device_write_attr(bdf, "driver_override", bench_driver()));
	assert_ok(write_file("/sys/bus/pci/drivers_probe", bdf));
	assert_string_equal(device_driver(bdf), bench_driver());
}

static void not_unasked(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);

	(void)state;
	unbound(bdf);
	assert_ok(write_file("/sys/bus/pci/drivers_probe", bdf));
	assert_string_equal(device_driver(bdf), "");
}

static void by_new_id(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);

	(void)state;
	unbound(bdf);
	driver_attr("new_id", "1af4 1110");
	assert_string_equal(device_driver(bdf), bench_driver());
	driver_attr("remove_id", "1af4 1110");
	unbound(bdf);
}

static void by_ids(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);

	(void)state;
	unbound(bdf);
	assert_ok(bench_reload("ids=1b36:0010,1af4:1110"));
	assert_string_equal(device_driver(bdf), bench_driver());
	unbound(bdf);
	assert_ok(bench_reload(""));
	assert_string_equal(device_driver(bdf), "");
}

static void ids_with_blanks(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);

	(void)state;
	unbound(bdf);
	assert_ok(bench_reload("\"ids=1b36:0010 1af4:1110\""));
	assert_string_equal(device_driver(bdf), bench_driver());
	unbound(bdf);
}

static bool is_asleep(const char *bdf)
{
	char status[32];

	assert_ok(device_read_attr(bdf, "power/runtime_status", status,
				   sizeof(status)));
	return !strncmp(status, "suspended", strlen("suspended"));
}

/* How long an unused device takes to go to sleep is what it gets five times. */
static void no_idle_d3(void **state)
{
	const char *bdf = bench_find(E1000E, 0);
	long long start = bench_now_ms(), took;

	(void)state;
	if (!bench_is_dropin())
		assert_ok(module_unload("vfio-pci"));
	assert_ok(bench_reload(""));
	assert_ok(device_bind(bdf, bench_driver()));
	wait_until(is_asleep(bdf));
	took = bench_now_ms() - start;

	assert_ok(bench_reload("disable_idle_d3=1"));
	assert_ok(device_bind(bdf, bench_driver()));
	for (start = bench_now_ms(); bench_now_ms() < start + 5 * took;)
		assert_false(is_asleep(bdf));

	/* The core, which others use as well, does not keep it. */
	assert_ok(bench_reload(""));
	assert_ok(device_bind(bdf, bench_driver()));
	wait_until(is_asleep(bdf));
	if (!bench_is_dropin())
		assert_ok(module_load("vfio-pci", ""));
}

/* Before 7.3 the core has one set of these for all drivers, and a function to set it. */
static bool core_shares_params(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "r");
	char line[512];
	bool found = false;

	assert_non_null(symbols);
	while (!found && fgets(line, sizeof(line), symbols))
		found = strstr(line, " vfio_pci_core_set_params");
	fclose(symbols);
	return found;
}

static void params_are_shared(void **state)
{
	const char *const words[] = {
		"dmabuf-vfio-pci", "nointxmask", "vfio-pci is loaded", NULL
	};
	int klog = bench_keep(assert_ok(klog_open_end()));

	(void)state;
	assert_true(module_is_loaded("vfio-pci"));
	assert_ok(bench_reload("nointxmask=1"));
	assert_int_equal(klog_count(klog, words), core_shares_params());
}

static void no_ids(void **state)
{
	const char *const words[] = {
		"\"1b36\" is not of the form vendor:device", NULL
	};
	const char *bdf = bench_find(IVSHMEM, 0);
	int klog = bench_keep(assert_ok(klog_open_end()));

	(void)state;
	unbound(bdf);
	assert_ok(bench_reload("ids=1b36,1af4:1110"));
	assert_int_equal(klog_count(klog, words), 1);
	assert_string_equal(device_driver(bdf), bench_driver());
	unbound(bdf);
}

/* Tries to bind an ivshmem that says it is a device with errata. */
static void bind_denied(char driver[64])
{
	const char *bdf = bench_find(IVSHMEM, 1);
	int importer = bench_importer(bench_find(EDU, 0));
	unsigned int vendor, device;

	device_ids(IVSHMEM, &vendor, &device);
	unbound(bdf);
	assert_ok(importer_disguise(importer, bdf, DENIED_VENDOR,
				    DENIED_DEVICE));
	device_bind(bdf, bench_driver());
	snprintf(driver, 64, "%s", device_driver(bdf));
	device_unbind(bdf);
	assert_ok(importer_disguise(importer, bdf, vendor, device));
}

static void denied(void **state)
{
	char driver[64];

	(void)state;
	bind_denied(driver);
	assert_string_equal(driver, "");
}

static void denylist_disabled(void **state)
{
	char driver[64];

	(void)state;
	assert_ok(bench_reload("disable_denylist=1"));
	bind_denied(driver);
	assert_ok(bench_reload(""));
	assert_string_equal(driver, bench_driver());
}

static void gives_back(void **state)
{
	const char *bdf = bench_find(EDU, 1);

	(void)state;
	bench_close(bench_open(bdf));
	assert_ok(device_bind(bdf, "dvp_importer"));
	assert_string_equal(device_driver(bdf), "dvp_importer");
}

static void config_space(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	uint16_t ids[2];
	uint8_t line = 0x5a;

	(void)state;
	assert_ok(vfio_read(vfio, CONFIG, PCI_VENDOR_ID, ids, sizeof(ids)));
	assert_int_equal(ids[0], 0x1af4);
	assert_int_equal(ids[1], 0x1110);
	assert_ok(vfio_write(vfio, CONFIG, PCI_INTERRUPT_LINE, &line, 1));
	line = 0;
	assert_ok(vfio_read(vfio, CONFIG, PCI_INTERRUPT_LINE, &line, 1));
	assert_int_equal(line, 0x5a);
}

static void bar_access(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	uint8_t *memory = bench_mmap(vfio, BAR2);
	uint8_t data[256], got[256];

	(void)state;
	bench_pattern(data, sizeof(data), 1);
	assert_ok(vfio_write(vfio, BAR2, MIB, data, sizeof(data)));
	assert_memory_equal(memory + MIB, data, sizeof(data));
	bench_pattern(memory, sizeof(data), 2);
	assert_ok(vfio_read(vfio, BAR2, 0, got, sizeof(got)));
	assert_memory_equal(got, memory, sizeof(got));
}

/* The core shoots down mappings while decoding is off, ours must let it. */
static void bar_access_restored(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	uint8_t *memory = bench_mmap(vfio, BAR2);
	uint8_t byte;

	(void)state;
	memory[7] = 0x77;
	bench_decoding(vfio, false);
	assert_error(vfio_read(vfio, BAR2, 7, &byte, 1), EIO);
	bench_decoding(vfio, true);
	assert_ok(vfio_read(vfio, BAR2, 7, &byte, 1));
	assert_int_equal(byte, 0x77);
	assert_int_equal(memory[7], 0x77);
}

/* Lets edu raise an interrupt, and waits for it to arrive as an event. */
static void interrupt(unsigned int index)
{
	struct vfio *vfio = bench_open(bench_find(EDU, 1));
	struct {
		struct vfio_irq_set set;
		int event;
	} request = {
		.set = {
			.argsz = sizeof(request),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = index,
			.count = 1,
		},
		.event = bench_keep(eventfd(0, EFD_CLOEXEC)),
	};
	struct pollfd pollfd = { .fd = request.event, .events = POLLIN };
	uint32_t status = 1;

	assert_ok(vfio_set_command(vfio, PCI_COMMAND_MASTER, 0));
	assert_sys(ioctl(vfio->device, VFIO_DEVICE_SET_IRQS, &request));
	assert_ok(vfio_write(vfio, BAR0, EDU_RAISE_IRQ, &status,
			     sizeof(status)));
	assert_int_equal(poll(&pollfd, 1, 10000), 1);
	assert_ok(vfio_write(vfio, BAR0, EDU_ACK_IRQ, &status,
			     sizeof(status)));
}

static void intx(void **state)
{
	(void)state;
	interrupt(VFIO_PCI_INTX_IRQ_INDEX);
}

static void msi(void **state)
{
	(void)state;
	interrupt(VFIO_PCI_MSI_IRQ_INDEX);
}

static void reset(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));
	struct vfio_device_info info = { .argsz = sizeof(info) };
	uint32_t value = 0x5a;

	(void)state;
	assert_sys(ioctl(vfio->device, VFIO_DEVICE_GET_INFO, &info));
	assert_true(info.flags & VFIO_DEVICE_FLAGS_RESET);
	assert_ok(vfio_write(vfio, BAR0, IVSHMEM_MASK, &value, sizeof(value)));
	assert_ok(vfio_read(vfio, BAR0, IVSHMEM_MASK, &value, sizeof(value)));
	assert_int_equal(value, 0x5a);
	assert_sys(ioctl(vfio->device, VFIO_DEVICE_RESET));
	assert_ok(vfio_read(vfio, BAR0, IVSHMEM_MASK, &value, sizeof(value)));
	assert_int_equal(value, 0);
}

static void low_power(void **state)
{
	struct vfio *vfio = bench_open(bench_find(E1000E, 0));
	const uint32_t set = VFIO_DEVICE_FEATURE_SET;
	uint32_t status;

	(void)state;
	assert_ok(vfio_feature(vfio, set |
			       VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, NULL, 0));
	assert_ok(vfio_feature(vfio, set |
			       VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL, 0));
	assert_ok(vfio_read(vfio, BAR0, 8, &status, sizeof(status)));
	assert_int_not_equal(status, 0xffffffff);
}

static void unknown_feature(void **state)
{
	struct vfio *vfio = bench_open(bench_find(IVSHMEM, 0));

	(void)state;
	assert_error(vfio_feature(vfio, VFIO_DEVICE_FEATURE_PROBE | 0xfff,
				  NULL, 0), ENOTTY);
}

static void two_devices(void **state)
{
	struct vfio *one = bench_open(bench_find(IVSHMEM, 0));
	struct vfio *two = bench_open(bench_find(IVSHMEM, 1));
	uint8_t *a = bench_mmap(one, BAR2), *b = bench_mmap(two, BAR2);

	(void)state;
	a[0] = 1;
	b[0] = 2;
	assert_int_equal(a[0], 1);
}

/* Writes how many virtual functions the second NVMe shall have. */
static int set_vfs(const char *allowed, const char *count)
{
	const char *bdf = bench_find(NVME, 1);
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/enable_sriov",
		 bench_module());
	assert_ok(device_bind(bdf, bench_driver()));
	assert_ok(write_file(path, allowed));
	ret = device_write_attr(bdf, "sriov_numvfs", count);
	assert_ok(write_file(path, "0"));
	return ret;
}

static void no_sriov(void **state)
{
	(void)state;
	assert_error(set_vfs("0", "1"), ENOENT);
}

static void sriov(void **state)
{
	(void)state;
	assert_ok(set_vfs("1", "1"));
	/* A virtual function goes to the driver of its parent. */
	assert_string_equal(device_driver(bench_find(NVME, 2)),
			    bench_driver());
	assert_ok(set_vfs("1", "0"));
	assert_null(device_find(NVME, 2));
}

static void exporter_said(void **state)
{
	const char *const words[] = {
		bench_driver(), "dma-bufs are exported by", NULL
	};
	int klog = bench_keep(assert_ok(klog_open_end()));

	(void)state;
	assert_ok(bench_reload(""));
	assert_int_equal(klog_count(klog, words), 1);
}

static void exporter_unknown(void **state)
{
	const char *const words[] = { "exporter=sideways", NULL };
	int klog = bench_keep(assert_ok(klog_open_end()));

	(void)state;
	assert_error(bench_reload("exporter=sideways"), EINVAL);
	assert_int_equal(klog_count(klog, words), 1);
}

static void exporter_intree(void **state)
{
	const char *const words[] = { "exporter=intree", "cannot", NULL };
	int klog = bench_keep(assert_ok(klog_open_end()));

	(void)state;
	if (expect_kernel()->core_exports) {
		assert_ok(bench_reload("exporter=intree"));
	} else {
		assert_error(bench_reload("exporter=intree"), EOPNOTSUPP);
		assert_int_equal(klog_count(klog, words), 1);
	}
}

#define DRIVER(name, function) TEST("driver", name, function)
#define DRIVER_RELOADS(name, function) \
	TEST_RELOADS("driver", name, function)

int suite_driver(void)
{
	const struct CMUnitTest tests[] = {
		DRIVER("driver_override binds", by_override),
		DRIVER("no device is bound unasked", not_unasked),
		DRIVER("new_id binds", by_new_id),
		DRIVER_RELOADS("ids= binds", by_ids),
		DRIVER("a device with known errata is refused", denied),
		DRIVER_RELOADS("disable_denylist binds it all the same",
			       denylist_disabled),
		DRIVER("a device goes back to its own driver", gives_back),
		DRIVER("config space can be read and written", config_space),
		DRIVER("a BAR can be mapped, read and written", bar_access),
		DRIVER("a mapped BAR comes back with decoding",
		       bar_access_restored),
		DRIVER("INTx arrives", intx),
		DRIVER("MSI arrives", msi),
		DRIVER("a reset resets", reset),
		DRIVER("low power is entered and left", low_power),
		DRIVER("an unknown feature is not there", unknown_feature),
		DRIVER("two devices can be open at once", two_devices),
		DRIVER("no virtual functions without enable_sriov", no_sriov),
		DRIVER("enable_sriov allows virtual functions", sriov),
	};
	const struct CMUnitTest only_ours[] = {
		DRIVER_RELOADS("loading says once who exports",
			       exporter_said),
		DRIVER_RELOADS("blanks separate ids, too", ids_with_blanks),
		DRIVER_RELOADS("disable_idle_d3 keeps unused devices awake",
			       no_idle_d3),
		DRIVER_RELOADS("what is no id in ids= is named, the rest binds",
			       no_ids),
		DRIVER_RELOADS("an unknown exporter= is refused",
			       exporter_unknown),
		DRIVER_RELOADS("exporter=intree needs a kernel that has it",
			       exporter_intree),
	};
	const struct CMUnitTest only_variant[] = {
		DRIVER_RELOADS("vfio-pci's parameters go before ours where they are shared",
			       params_are_shared),
	};
	int failed;

	failed = run_group("driver", tests);
	if (bench_is_ours())
		failed += run_group("driver", only_ours);
	if (bench_is_ours() && !bench_is_dropin())
		failed += run_group("driver", only_variant);
	return failed;
}
