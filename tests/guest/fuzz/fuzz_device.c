// SPDX-License-Identifier: GPL-2.0-only
/* What a fuzzer does with a device, and what becomes of its memory then. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "fuzz.h"

#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX
#define MAPS	4

/* What the importer watches must not be zero. */
#define MARK	"here"

static struct fuzz_device devices[] = {
	{ .kind = IVSHMEM, .bar = 2, .plain = true },
	{ .kind = NVME, .bar = 2, .plain = true },
	{ .kind = E1000E, .bar = 0, .plain = false },
};

/* Mappings of a device's memory, each of which keeps it open. */
static struct {
	uint8_t *memory;
	size_t size;
	struct fuzz_device *device;
} maps[MAPS];

/* Where the kernel can copy from a mapping, without a signal if it cannot. */
static int probe_pipe[2];

static unsigned int find_capability(const char *bdf, uint8_t id)
{
	uint8_t config[256];
	unsigned int position, tries = 48;

	if (device_read_config(bdf, 0, config, sizeof(config)))
		return 0;
	position = config[PCI_CAPABILITY_LIST];
	while (position && tries-- && config[position] != id)
		position = config[position + 1];
	return position;
}

static void begin_device(struct fuzz_device *device)
{
	struct bar bar;

	snprintf(device->bdf, sizeof(device->bdf), "%s",
		 bench_find(device->kind, 0));
	assert_ok(device_bind(device->bdf, bench_driver()));
	assert_ok(device_bar(device->bdf, device->bar, &bar));
	device->size = bar.size;
	device->pm = find_capability(device->bdf, PCI_CAP_ID_PM);
	device->exp = find_capability(device->bdf, PCI_CAP_ID_EXP);
	device->vfio = (struct vfio) { -1, -1, -1 };
}

void fuzz_devices_begin(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(devices); i++)
		begin_device(&devices[i]);
	assert_sys(pipe2(probe_pipe, O_CLOEXEC | O_NONBLOCK));
}

struct fuzz_device *fuzz_device(uint8_t which)
{
	return &devices[which % ARRAY_SIZE(devices)];
}

static bool is_open(const struct fuzz_device *device)
{
	return device->vfio.device >= 0;
}

enum fuzz_presence fuzz_presence(const struct fuzz_buffer *buffer)
{
	return fuzz_is_dead(buffer) ? FUZZ_AWAY : buffer->device->presence;
}

/* As the registers say; to read them would wake it up if it sleeps lightly. */
static void look(struct fuzz_device *device)
{
	uint16_t command, pmcsr = 0;

	if (device->asleep) {
		device->presence = device->wakes ? FUZZ_UNKNOWN : FUZZ_AWAY;
	} else if (vfio_read(&device->vfio, CONFIG, PCI_COMMAND, &command, 2) ||
		   (device->pm && vfio_read(&device->vfio, CONFIG,
					    device->pm + PCI_PM_CTRL,
					    &pmcsr, 2))) {
		fuzz_wrong("the device's registers cannot be read");
	} else {
		device->presence = (command & PCI_COMMAND_MEMORY) &&
				   !(pmcsr & PCI_PM_CTRL_STATE_MASK) ?
			FUZZ_HERE : FUZZ_AWAY;
	}
}

static int open_device(struct fuzz_device *device)
{
	int ret;

	ret = vfio_open(&device->vfio, device->bdf);
	if (ret) {
		fuzz_wrong("the device cannot be opened: %s", strerror(-ret));
		return ret;
	}
	device->life++;
	device->asleep = false;
	look(device);
	if (device->plain && device->presence == FUZZ_HERE &&
	    vfio_write(&device->vfio, device->bar, 0, MARK, strlen(MARK)))
		fuzz_wrong("the device's memory cannot be written");
	return 0;
}

struct fuzz_device *fuzz_open_device(uint8_t which)
{
	struct fuzz_device *device = fuzz_device(which);

	return is_open(device) || !open_device(device) ? device : NULL;
}

static void unmap(unsigned int i)
{
	if (maps[i].memory)
		munmap(maps[i].memory, maps[i].size);
	maps[i].memory = NULL;
}

static void unmap_all(const struct fuzz_device *device)
{
	unsigned int i;

	for (i = 0; i < MAPS; i++)
		if (maps[i].device == device)
			unmap(i);
}

/* With the descriptors or with the mappings last. */
static void close_device(struct fuzz_device *device, bool maps_last)
{
	if (!maps_last)
		unmap_all(device);
	vfio_close(&device->vfio);
	unmap_all(device);
}

void fuzz_close_devices(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(devices); i++)
		close_device(&devices[i], false);
}

int fuzz_do_open(const uint8_t *args)
{
	return fuzz_open_device(args[0]) ? 0 : -EIO;
}

int fuzz_do_close(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_device(args[0]);

	if (!is_open(device))
		return -EBADFD;
	close_device(device, args[1] & 1);
	return 0;
}

/* Unbinding would wait for ever for an open one. */
int fuzz_do_rebind(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_device(args[0]);
	int ret;

	if (is_open(device))
		return -EBADFD;
	ret = device_unbind(device->bdf);
	if (!ret)
		ret = device_bind(device->bdf, bench_driver());
	if (ret)
		fuzz_wrong("the device cannot be bound: %s", strerror(-ret));
	return ret;
}

/* Anything of one to eight bytes, anywhere or at what decides. */
int fuzz_do_config(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_open_device(args[0]);
	const unsigned int places[] = {
		PCI_COMMAND, device ? device->pm + PCI_PM_CTRL : 0,
		device ? device->exp + PCI_EXP_DEVCTL : 0, PCI_BASE_ADDRESS_2,
	};
	unsigned int at, length = 1 + args[2] % 8;
	uint8_t data[8] = { args[3], args[4], args[3] ^ args[4] };
	int ret;

	if (!device)
		return -EIO;
	at = args[1] < 192 ? args[1] : places[args[1] % 4];
	/* Also such as begin before it. */
	if (args[2] & 64)
		at -= at > length ? length - 1 : 0;
	ret = vfio_write(&device->vfio, CONFIG, at, data, length);
	fuzz_expect("a write to config space", ret, EFAULT, EINVAL, EIO, 0);
	look(device);
	return ret;
}

int fuzz_do_memory(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_open_device(args[0]);
	bool on = args[1] & 1;
	int ret;

	if (!device)
		return -EIO;
	ret = vfio_set_command(&device->vfio, on ? PCI_COMMAND_MEMORY : 0,
			       on ? 0 : PCI_COMMAND_MEMORY);
	fuzz_expect("the memory bit", ret, 0);
	look(device);
	return ret;
}

int fuzz_do_state(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_open_device(args[0]);
	uint16_t state = args[1] & PCI_PM_CTRL_STATE_MASK;
	int ret;

	if (!device)
		return -EIO;
	if (!device->pm)
		return -EBADFD;
	ret = vfio_write(&device->vfio, CONFIG, device->pm + PCI_PM_CTRL,
			 &state, sizeof(state));
	fuzz_expect("the power state", ret, 0);
	look(device);
	return ret;
}

/* By the ioctl or by a register. */
int fuzz_do_reset(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_open_device(args[0]);
	uint16_t flr = PCI_EXP_DEVCTL_BCR_FLR;
	int ret;

	if (!device)
		return -EIO;
	if ((args[1] & 1) && device->exp)
		ret = vfio_write(&device->vfio, CONFIG,
				 device->exp + PCI_EXP_DEVCTL, &flr,
				 sizeof(flr));
	else
		ret = ioctl(device->vfio.device, VFIO_DEVICE_RESET) ? -errno : 0;
	fuzz_expect("a reset", ret, 0);
	look(device);
	return ret;
}

int fuzz_do_hot_reset(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_open_device(args[0]);
	struct fuzz_device *other = fuzz_device(args[1]);
	struct {
		struct vfio_pci_hot_reset reset;
		int32_t groups[2];
	} request = {
		.reset.argsz = args[2] & 1 ? args[2] : sizeof(request),
		.reset.flags = (args[2] >> 3) & 1,
		.reset.count = (args[2] >> 1) & 3,
	};
	int ret;

	if (!device)
		return -EIO;
	request.groups[0] = other->vfio.group;
	request.groups[1] = device->vfio.group;
	ret = ioctl(device->vfio.device, VFIO_DEVICE_PCI_HOT_RESET, &request) ?
		-errno : 0;
	fuzz_expect("a hot reset", ret, EINVAL, EBADF, ENODEV, EAGAIN, ENOTTY,
		    0);
	look(device);
	return ret;
}

/* The device may be closed, too. */
int fuzz_do_admin_reset(const uint8_t *args)
{
	static const char *const methods[] = { "default", "flr", "pm", "bus" };
	struct fuzz_device *device = fuzz_device(args[0]);
	int ret;

	ret = device_write_attr(device->bdf, "reset_method",
				methods[args[1] % ARRAY_SIZE(methods)]);
	fuzz_expect("a way to reset", ret, EINVAL, 0);
	ret = device_write_attr(device->bdf, "reset", "1");
	fuzz_expect("an administrator's reset", ret, ENOTTY, EAGAIN, 0);
	device_write_attr(device->bdf, "reset_method", "default");
	if (is_open(device))
		look(device);
	return ret;
}

static int ask_power(struct fuzz_device *device, uint32_t feature, uint32_t how,
		     bool payload)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = eventfd(0, EFD_CLOEXEC),
	};
	int ret;

	ret = vfio_feature(&device->vfio, how | feature, &entry,
			   payload ? sizeof(entry) : 0);
	close(entry.wakeup_eventfd);
	return ret;
}

int fuzz_do_power(const uint8_t *args)
{
	static const uint32_t features[] = {
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
		VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
		VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
	};
	static const uint32_t ways[] = {
		VFIO_DEVICE_FEATURE_SET, VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_PROBE,
	};
	struct fuzz_device *device = fuzz_open_device(args[0]);
	uint32_t feature = features[args[1] % 4], how = ways[args[1] / 4 % 4];
	int ret;

	if (!device)
		return -EIO;
	ret = ask_power(device, feature, how, !(args[2] & 1));
	fuzz_expect("low power", ret, EINVAL, 0);
	if (!ret && how == VFIO_DEVICE_FEATURE_SET) {
		device->asleep = feature != VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
		device->wakes = device->asleep &&
				feature != VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY;
		look(device);
	}
	return ret;
}

int fuzz_do_mmap(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_open_device(args[0]);
	unsigned int i = args[1] % MAPS, bar = args[1] / MAPS % 8;
	struct vfio_region_info info;
	uint64_t at;
	void *memory;
	int ret;

	if (!device)
		return -EIO;
	unmap(i);
	ret = vfio_region(&device->vfio, bar ? bar : device->bar, &info);
	fuzz_expect("a region", ret, 0);
	at = fuzz_number(args[2], info.size) & ~(PAGE - 1);
	maps[i].size = ((args[3] & 15) + 1) * PAGE;
	memory = mmap(NULL, maps[i].size, PROT_READ | PROT_WRITE,
		      args[3] & 16 ? MAP_PRIVATE : MAP_SHARED,
		      device->vfio.device, info.offset + at);
	if (memory == MAP_FAILED) {
		fuzz_expect("mmap", -errno, EINVAL, EBUSY, EOVERFLOW, 0);
		return -EINVAL;
	}
	maps[i].memory = memory;
	maps[i].device = device;
	return 0;
}

int fuzz_look_at(const uint8_t *memory, enum fuzz_presence presence)
{
	uint8_t bytes[4];
	int ret;

	ret = write(probe_pipe[1], memory, sizeof(bytes)) == sizeof(bytes) ? 0 : -errno;
	if (!ret && read(probe_pipe[0], bytes, sizeof(bytes)) != sizeof(bytes))
		fuzz_wrong("a pipe does not give back what it was given");
	if (presence != FUZZ_UNKNOWN && ret != (presence == FUZZ_HERE ? 0 : -EFAULT))
		fuzz_wrong("a mapping of memory that is %s: %s",
			   presence == FUZZ_HERE ? "there" : "away", strerror(-ret));
	return ret;
}

int fuzz_do_touch(const uint8_t *args)
{
	unsigned int i = args[0] % MAPS;

	if (!maps[i].memory)
		return -EBADFD;
	return fuzz_look_at(maps[i].memory + args[1] % (maps[i].size / PAGE) * PAGE,
			    maps[i].device->presence);
}

int fuzz_do_p2p(const uint8_t *args)
{
	struct fuzz_device *device = fuzz_device(args[0]);
	char text[16384];
	int ret;

	/* No other driver has one. */
	if (!bench_is_ours())
		return 0;
	ret = bench_debugfs(device->bdf, "p2p", text, sizeof(text));
	fuzz_expect("the file p2p", ret, 0);
	if (!ret && !*text)
		fuzz_wrong("the file p2p is empty");
	return ret;
}
