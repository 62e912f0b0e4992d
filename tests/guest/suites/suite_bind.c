// SPDX-License-Identifier: GPL-2.0-only
/* "bind" and "unbind" of the operator's command, and what they refuse. */
#include <arpa/inet.h>
#include <dirent.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>

#include "bench.h"
#include "suites.h"
#include "tool.h"
#include "vfio.h"

static char override_of[64];

static const char *override(const char *bdf)
{
	assert_ok(device_read_attr(bdf, "driver_override", override_of,
				   sizeof(override_of)));
	return override_of;
}

static void bound_and_back(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_tool(tool_run("bind", bdf, NULL), 0, "already bound");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
	assert_string_equal(device_driver(bdf), "");
	assert_string_equal(override(bdf), "(null)");
}

static void short_name(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_tool(tool_run("bind", bdf + strlen("0000:"), NULL), 0, bdf);
	assert_string_equal(device_driver(bdf), bench_driver());
}

static void loads_module(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(module_unload(bench_driver()));
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_string_equal(device_driver(bdf), bench_driver());
}

static void former_override(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to vfio-pci");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to vfio-pci");
	assert_string_equal(device_driver(bdf), "vfio-pci");
	assert_string_equal(override(bdf), "vfio-pci");
	tool_free_device(bdf);
}

/* Somebody has already chosen ours, and not let the kernel know. */
static void own_override(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(device_write_attr(bdf, "driver_override", bench_driver()));
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
	assert_string_equal(device_driver(bdf), "");
	assert_string_equal(override(bdf), "(null)");
}

static void taken_again(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(bench_reload("ids=1af4:1110"));
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_tool(tool_run("unbind", bdf, NULL), 2,
		    "not unbound: the driver claims it again at once");
	assert_string_equal(device_driver(bdf), bench_driver());
}

static const char *card_with_driver(void)
{
	const char *bdf = bench_find(E1000E, 0);

	tool_free_device(bdf);
	assert_ok(module_load("e1000e", NULL));
	assert_string_equal(device_driver(bdf), "e1000e");
	return bdf;
}

/* A driver that the kernel chooses for the device. */
static void former_driver(void **state)
{
	const char *bdf = card_with_driver();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to e1000e");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to e1000e");
	assert_string_equal(device_driver(bdf), "e1000e");
	assert_string_equal(override(bdf), "(null)");
	assert_ok(module_unload("e1000e"));
}

/* Without this command; driver_override remains. */
static void unbound_by_hand(void **state)
{
	const char *bdf = card_with_driver();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_ok(device_unbind(bdf));
	assert_tool(tool_run("unbind", bdf, NULL), 0, "and it is bound to e1000e");
	assert_string_equal(override(bdf), "(null)");
	assert_ok(module_unload("e1000e"));
}

static void bound_once_more(void **state)
{
	const char *bdf = tool_memory();

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to vfio-pci");
	assert_ok(device_unbind(bdf));
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to vfio-pci");
	assert_string_equal(override(bdf), "vfio-pci");
	tool_free_device(bdf);
}

static void override_cleared(void **state)
{
	const char *bdf = card_with_driver();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_ok(device_write_attr(bdf, "driver_override", "\n"));
	assert_tool(tool_run("bind", bdf, NULL), 0, "already bound");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to e1000e");
	assert_ok(module_unload("e1000e"));
}

/* The device comes back without a driver_override, and the kernel chooses. */
static void removed(void **state)
{
	const char *bdf = card_with_driver();

	(void)state;
	assert_tool(tool_run("bind", bdf, NULL), 0, "bound");
	assert_ok(device_write_attr(bdf, "remove", "1"));
	assert_tool(tool_run("unbind", bdf, NULL), 2, "there is no such PCI device");
	assert_ok(write_file("/sys/bus/pci/rescan", "1"));
	assert_string_equal(device_driver(bdf), "e1000e");
	assert_tool(tool_run("unbind", bdf, NULL), 0, ": not bound\n");
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to e1000e");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to e1000e");
	assert_ok(module_unload("e1000e"));
}

static void whole_group(void **state)
{
	char one[BDF_SIZE], other[BDF_SIZE];

	(void)state;
	tool_group(one, other);
	assert_tool(tool_run("bind", one, NULL), 0, one);
	assert_string_equal(device_driver(other), "");
	assert_tool(tool_run("bind", "--group", one, NULL), 0, other);
	assert_string_equal(device_driver(other), bench_driver());
	assert_tool(tool_run("unbind", "--group", other, NULL), 0, one);
	assert_string_equal(device_driver(one), "");
	assert_string_equal(device_driver(other), "");
}

/* One function of a slot whose other one has a driver of the kernel. */
static void group_blocked(void **state)
{
	char one[BDF_SIZE], other[BDF_SIZE], words[256];

	(void)state;
	tool_group(one, other);
	assert_ok(device_write_attr(other, "driver_override", "dvp_importer\n"));
	assert_ok(device_bind(other, "dvp_importer"));
	snprintf(words, sizeof(words),
		 "cannot be opened yet: IOMMU group %d also has %s (dvp_importer); \"dmabuf-vfio-pci bind --group %s\"",
		 device_group(one), other, one);
	assert_tool(tool_run("bind", one, NULL), 0, words);
	snprintf(words, sizeof(words), "because of %s (dvp_importer)", other);
	assert_tool(tool_run("export", one, "--bar", "2", "true", NULL), 125, words);
	assert_tool(tool_run("check", one, NULL), 1, words);
	snprintf(words, sizeof(words), "its IOMMU group also has %s (dvp_importer)",
		 other);
	assert_tool(tool_run("status", NULL), 0, words);
	assert_tool(tool_run("bind", "--group", one, NULL), 0, "no longer to dvp_importer");
	tool_free_device(one);
	tool_free_device(other);
}

/* It is refused, with what it is named with, and it is bound by force. */
static void check_refused(const char *bdf, const char *why)
{
	char good[BDF_SIZE], driver[64];

	snprintf(good, sizeof(good), "%s", tool_memory());
	snprintf(driver, sizeof(driver), "%s", device_driver(bdf));
	assert_tool(tool_run("bind", good, bdf, NULL), 2, why);
	assert_string_equal(device_driver(good), "");
	assert_string_equal(device_driver(bdf), driver);
	assert_string_equal(override(bdf), "(null)");
}

static void check_forced(const char *bdf)
{
	assert_tool(tool_run("bind", "--force", bdf, NULL), 0, "bound");
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
}

static void bridge_refused(void **state)
{
	char port[BDF_SIZE];

	(void)state;
	assert_true(device_parent(tool_memory(), port));
	assert_tool(tool_run("bind", tool_memory(), port, NULL), 2,
		    "it is a bridge; VFIO cannot bind bridges");
	assert_string_equal(device_driver(tool_memory()), "");
}

static void display_refused(void **state)
{
	const char *bdf = bench_find(VGA, 0);

	(void)state;
	tool_free_device(bdf);
	check_refused(bdf, "it is the display that the machine booted with; --force");
	check_forced(bdf);
}

/* The name of the only one of a kind below a directory. */
static void only_name(const char *bdf, const char *kind, char *name, size_t size)
{
	struct dirent *entry;
	char path[128];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, kind);
	dir = opendir(path);
	assert_non_null(dir);
	do {
		entry = readdir(dir);
		assert_non_null(entry);
	} while (entry->d_name[0] == '.');
	snprintf(name, size, "%.*s", (int)size - 1, entry->d_name);
	closedir(dir);
}

/* A namespace is called after its controller, or after its subsystem. */
static void find_disk(const char *bdf, char *node, size_t size)
{
	char controller[32];

	only_name(bdf, "nvme", controller, sizeof(controller));
	snprintf(node, size, "/dev/%sn1", controller);
}

static void load_nvme(void)
{
	unsigned int i;

	for (i = 0; device_find(NVME, i); i++)
		tool_free_device(device_find(NVME, i));
	assert_ok(module_load("nvme", NULL));
}

/* While it looks at a disk in the background, it is in use. */
static void unload_nvme(void)
{
	wait_until(!module_unload("nvme"));
}

static void held_refused(void **state)
{
	const char *bdf = bench_find(NVME, 0);
	char node[64];
	int fd;

	(void)state;
	load_nvme();
	find_disk(bdf, node, sizeof(node));
	/* The driver looks at the disk in the background. */
	wait_until(!access(node, F_OK));
	wait_until((fd = open(node, O_RDONLY | O_EXCL | O_CLOEXEC)) >= 0);
	bench_keep(fd);
	check_refused(bdf, ") has it open; --force");
	bench_drop(fd);
	check_forced(bdf);
	unload_nvme();
}

/* All that the kernel wants of swap space. */
static void make_swap(const char *node)
{
	struct {
		char boot[1024];
		uint32_t version;
		uint32_t last_page;
		char rest[PAGE - 1024 - 8 - 10];
		char magic[10];
	} __attribute__((packed)) header = {
		.version = 1,
		.last_page = 16,
		.magic = "SWAPSPACE2",
	};
	int fd = open(node, O_WRONLY | O_CLOEXEC);

	assert_sys(fd);
	bench_keep(fd);
	assert_int_equal(sizeof(header), PAGE);
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	bench_drop(fd);
}

/* Its namespace is below no device, but below a subsystem of NVMe. */
static void swap_refused(void **state)
{
	const char *bdf = bench_find(NVME, 2);
	char node[64];

	(void)state;
	load_nvme();
	find_disk(bdf, node, sizeof(node));
	wait_until(!access(node, F_OK));
	make_swap(node);
	assert_sys(swapon(node, 0));
	check_refused(bdf, "n1 is swap space; --force");
	assert_sys(swapoff(node));
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to nvme");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to nvme");
	unload_nvme();
}

/* By the shell and the tools that are there for the documents. */
static void run_shell(const char *command)
{
	char line[320];

	snprintf(line, sizeof(line), "PATH=/docs/bin; %s", command);
	assert_int_equal(system(line), 0);
}

static void mounted_refused(void **state)
{
	static const char where[] = "/tmp/mounted";
	const char *bdf = bench_find(NVME, 2);
	char node[64], command[128];

	(void)state;
	load_nvme();
	find_disk(bdf, node, sizeof(node));
	wait_until(!access(node, F_OK));
	snprintf(command, sizeof(command), "mke2fs %s >/dev/null", node);
	run_shell(command);
	assert_ok(module_load("ext4", NULL));
	mkdir(where, 0700);
	assert_sys(mount(node, where, "ext2", MS_RDONLY, NULL));
	check_refused(bdf, "n1 is mounted at /tmp/mounted; --force");
	assert_sys(umount(where));
	assert_sys(rmdir(where));
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to nvme");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to nvme");
	unload_nvme();
}

static void set_inet(struct sockaddr *address, const char *text)
{
	struct sockaddr_in inet = { .sin_family = AF_INET };

	assert_int_equal(inet_pton(AF_INET, text, &inet.sin_addr), 1);
	memcpy(address, &inet, sizeof(inet));
}

static void route_all_through(char *name)
{
	struct rtentry route = { .rt_flags = RTF_UP, .rt_dev = name };
	struct ifreq request = {};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_sys(fd);
	bench_keep(fd);
	memcpy(request.ifr_name, name, IFNAMSIZ);
	set_inet(&request.ifr_addr, "192.0.2.1");
	assert_sys(ioctl(fd, SIOCSIFADDR, &request));
	assert_sys(ioctl(fd, SIOCGIFFLAGS, &request));
	request.ifr_flags |= IFF_UP;
	assert_sys(ioctl(fd, SIOCSIFFLAGS, &request));
	set_inet(&route.rt_dst, "0.0.0.0");
	set_inet(&route.rt_genmask, "0.0.0.0");
	set_inet(&route.rt_gateway, "0.0.0.0");
	assert_sys(ioctl(fd, SIOCADDRT, &route));
}

static void network_refused(void **state)
{
	const char *bdf = bench_find(E1000E, 0);
	char name[IFNAMSIZ], why[128];

	(void)state;
	tool_free_device(bdf);
	assert_ok(module_load("e1000e", NULL));
	only_name(bdf, "net", name, sizeof(name));
	route_all_through(name);
	snprintf(why, sizeof(why), "the default route goes through %s; --force",
		 name);
	check_refused(bdf, why);
	check_forced(bdf);
	assert_ok(module_unload("e1000e"));
}

/**
 * struct stack - an interface that stands on that of a card
 * @module: that makes such
 * @make: command that makes one of the card's, which is called $card
 * @name: of the interface
 */
struct stack {
	const char *module;
	const char *make;
	const char *name;
};

static const struct stack vlan = {
	"8021q",
	"ip link set $card up && ip link add link $card name test-vlan type vlan id 5",
	"test-vlan",
};

static const struct stack bridge = {
	"bridge", "brctl addbr test-bridge && brctl addif test-bridge $card",
	"test-bridge",
};

static const struct stack bond = {
	"bonding", "echo +$card >/sys/class/net/bond0/bonding/slaves",
	"bond0",
};

static void stack_refused(void **state)
{
	const char *bdf = bench_find(E1000E, 0);
	char name[IFNAMSIZ], upper[IFNAMSIZ], text[192];
	const struct stack *stack = *state;

	tool_free_device(bdf);
	assert_ok(module_load("e1000e", NULL));
	assert_ok(module_load(stack->module, NULL));
	only_name(bdf, "net", name, sizeof(name));
	snprintf(text, sizeof(text), "card=%s; %s", name, stack->make);
	run_shell(text);
	snprintf(upper, sizeof(upper), "%s", stack->name);
	route_all_through(upper);
	snprintf(text, sizeof(text), "the default route goes through %s; --force",
		 upper);
	check_refused(bdf, text);
	check_forced(bdf);
	assert_ok(module_unload("e1000e"));
	assert_ok(module_unload(stack->module));
}

/* What the card's interface, $card, is used for, and what is said of it. */
struct network {
	const char *module;
	const char *make;
	const char *words;
};

static const struct network address = {
	NULL, "ip addr add 192.0.2.7/24 dev $card", " has the address 192.0.2.7/24; --force",
};

/* A VPN's two halves of everything, and a rule that leads to a table of its own. */
static const struct network split = {
	NULL,
	"ip link set $card up && ip route add 0.0.0.0/1 dev $card table 200 && ip route add 128.0.0.0/1 dev $card table 200",
	"the route to 0.0.0.0/1 (table 200) goes through ",
};

static const struct network table = {
	NULL, "ip link set $card up && ip route add default dev $card table 100",
	"the default route (table 100) goes through ",
};

static const struct network six = {
	NULL, "ip link set $card up && ip -6 route add 2001:db8::/32 dev $card",
	"the route to 2001:db8::/32 goes through ",
};

static const struct network macvlan = {
	"macvlan", "ip link add link $card name test-mv type macvlan",
	"test-mv is on top of ",
};

static const struct network port = {
	"bridge", "brctl addbr test-bridge && brctl addif test-bridge $card",
	" is a port of test-bridge (bridge)",
};

static void network_use_refused(void **state)
{
	const char *bdf = bench_find(E1000E, 0);
	const struct network *network = *state;
	char name[IFNAMSIZ], line[256];

	tool_free_device(bdf);
	assert_ok(module_load("e1000e", NULL));
	if (network->module)
		assert_ok(module_load(network->module, NULL));
	only_name(bdf, "net", name, sizeof(name));
	snprintf(line, sizeof(line), "card=%s; %s", name, network->make);
	run_shell(line);
	check_refused(bdf, network->words);
	assert_tool(tool_run("check", bdf, NULL), 0, "this machine uses it: ");
	check_forced(bdf);
	assert_ok(module_unload("e1000e"));
	if (network->module)
		assert_ok(module_unload(network->module));
}

static bool is_in_other_namespace(pid_t pid)
{
	char path[64], own[64] = "", other[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	assert_sys(readlink(path, other, sizeof(other) - 1));
	assert_sys(readlink("/proc/self/ns/net", own, sizeof(own) - 1));
	return strcmp(own, other);
}

static void namespace_refused(void **state)
{
	const char *bdf = bench_find(E1000E, 0);
	char name[IFNAMSIZ], line[128];
	pid_t child;

	(void)state;
	tool_free_device(bdf);
	assert_ok(module_load("e1000e", NULL));
	only_name(bdf, "net", name, sizeof(name));
	child = fork();
	if (!child) {
		if (unshare(CLONE_NEWNET))
			_exit(1);
		pause();
		_exit(0);
	}
	snprintf(line, sizeof(line), "ip link set %s netns %d", name, child);
	/* It is in the namespace only once the child is. */
	wait_until(is_in_other_namespace(child));
	run_shell(line);
	check_refused(bdf, "is in another network namespace; --force");
	assert_sys(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, NULL, 0), child);
	wait_until(!module_unload("e1000e"));
}

/* With a use that is no use: it is up, and has the address that all have then. */
static void idle_card(void **state)
{
	const char *bdf = bench_find(E1000E, 0);
	char name[IFNAMSIZ], line[128];

	(void)state;
	tool_free_device(bdf);
	assert_ok(module_load("e1000e", NULL));
	only_name(bdf, "net", name, sizeof(name));
	snprintf(line, sizeof(line), "ip link set %s up", name);
	run_shell(line);
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to e1000e");
	assert_tool(tool_run("unbind", bdf, NULL), 0, "now bound to e1000e");
	assert_ok(module_unload("e1000e"));
}

static void open_not_unbound(void **state)
{
	const char *bdf = tool_memory();
	struct vfio *vfio = bench_open(bdf);

	(void)state;
	assert_tool(tool_run("unbind", bdf, NULL), 2, "not unbound: suites (pid ");
	assert_string_equal(device_driver(bdf), bench_driver());
	bench_close(vfio);
	assert_tool(tool_run("unbind", bdf, NULL), 0, "unbound");
}

/*
 * With iommufd, which no kernel here has, a device has a file of its own.  One that
 * is no device has the name of it here.
 */
static void own_file_open(void **state)
{
	const char *bdf = tool_memory();
	char name[32], path[64];

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	only_name(bdf, "vfio-dev", name, sizeof(name));
	mkdir("/dev/vfio/devices", 0700);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	bench_keep(assert_ok(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)));
	assert_tool(tool_run("unbind", bdf, NULL), 2, "not unbound: suites (pid ");
	assert_string_equal(device_driver(bdf), bench_driver());
	assert_sys(unlink(path));
}

/* Its driver's remove would wait for us. */
static void open_not_bound(void **state)
{
	const char *bdf = tool_memory();
	struct vfio vfio;

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_ok(vfio_open(&vfio, bdf));
	assert_tool(tool_run("bind", bdf, NULL), 2, "not bound: suites (pid ");
	assert_tool(tool_run("check", bdf, NULL), 0, ") has it open");
	assert_string_equal(device_driver(bdf), "vfio-pci");
	vfio_close(&vfio);
	assert_tool(tool_run("bind", bdf, NULL), 0, "no longer to vfio-pci");
	tool_free_device(bdf);
}

/* Start it by force while the device is open, until it says that it waits. */
static pid_t start_waiting(const char *command, const char *bdf, int *from)
{
	pid_t child = tool_start(from, command, "--force", bdf, NULL);
	char said[512] = "";
	size_t length = 0;
	ssize_t done;

	bench_keep(*from);
	do {
		done = read(*from, said + length, sizeof(said) - 1 - length);
		assert_true(done > 0);
		length += done;
	} while (!strchr(said, '\n'));
	if (!strstr(said, ": waiting for ") || !strstr(said, "suites (pid "))
		fail_msg("unexpected: %s", said);
	return child;
}

static void forced_waits(void **state)
{
	const char *bdf = tool_memory();
	int from, status;
	struct vfio vfio;
	pid_t child;

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_ok(vfio_open(&vfio, bdf));
	child = start_waiting("bind", bdf, &from);
	vfio_close(&vfio);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(device_driver(bdf), bench_driver());
	tool_free_device(bdf);
}

/* An interrupt ends the command at once, and the device stays with its driver. */
static void forced_interrupted(void **state)
{
	const char *bdf = tool_memory();
	int from, status;
	struct vfio vfio;
	pid_t child;

	(void)state;
	assert_ok(device_bind(bdf, "vfio-pci"));
	assert_ok(vfio_open(&vfio, bdf));
	child = start_waiting("bind", bdf, &from);
	assert_sys(kill(child, SIGINT));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 2);
	vfio_close(&vfio);
	wait_until(!strcmp(device_driver(bdf), "vfio-pci"));
	assert_string_equal(override(bdf), "vfio-pci");
	tool_free_device(bdf);
}

static void not_taken(void **state)
{
	const char *bdf = bench_find(EDU, 0);
	int importer = bench_importer("platform");

	(void)state;
	/* By override, because its ids are about to be others. */
	tool_free_device(bdf);
	assert_ok(device_bind(bdf, "dvp_importer"));
	/* Of the driver's denylist: an accelerator, QAT C62x. */
	assert_ok(importer_disguise(importer, bdf, 0x8086, 0x37c8));
	assert_tool(tool_run("bind", bdf, NULL), 2, "the driver refused it");
	assert_ok(importer_disguise(importer, bdf, 0x1234, 0x11e8));
	assert_string_equal(device_driver(bdf), "dvp_importer");
	assert_string_equal(override(bdf), "dvp_importer");
	tool_free_device(bdf);
}

#define BIND(name, function) TEST("bind", name, function)
#define BIND_WITH(name, function, data) TEST_WITH("bind", name, function, data)
#define BIND_RELOADS(name, function) \
	TEST_RELOADS("bind", name, function)

int suite_bind(void)
{
	const struct CMUnitTest tests[] = {
		BIND("bind binds, and unbind undoes it", bound_and_back),
		BIND("a device's name can do without its domain", short_name),
		BIND_RELOADS("bind loads the module", loads_module),
		BIND("unbind forgets a driver_override that is this driver",
		     own_override),
		BIND_RELOADS("unbind says that ids= binds again", taken_again),
		BIND("unbind gives back to the kernel's driver", former_driver),
		BIND("unbind gives back what was unbound by hand", unbound_by_hand),
		BIND("unbind gives back a device whose driver_override is gone",
		     override_cleared),
		BIND("a device that was removed and found again is not bound", removed),
		BIND("bind takes all of a group if it is asked to",
		     whole_group),
		BIND("bind refuses a bridge", bridge_refused),
		BIND("bind refuses the boot display", display_refused),
		BIND("bind refuses a disk that somebody holds", held_refused),
		BIND("bind refuses swap space", swap_refused),
		BIND("bind refuses a disk with a mounted file system",
		     mounted_refused),
		BIND("bind refuses what has the default route",
		     network_refused),
		BIND_WITH("bind refuses a card below a VLAN with the default route",
			  stack_refused, &vlan),
		BIND_WITH("bind refuses a card below a bridge with the default route",
			  stack_refused, &bridge),
		BIND_WITH("bind refuses a card below a bond with the default route",
			  stack_refused, &bond),
		BIND_WITH("bind refuses a card with an address",
			  network_use_refused, &address),
		BIND_WITH("bind refuses a card with a VPN's halves of everything",
			  network_use_refused, &split),
		BIND_WITH("bind refuses a card with the default route of another table",
			  network_use_refused, &table),
		BIND_WITH("bind refuses a card with a route of IPv6",
			  network_use_refused, &six),
		BIND_WITH("bind refuses a card below a macvlan",
			  network_use_refused, &macvlan),
		BIND_WITH("bind refuses a card that is a port of a bridge without routes",
			  network_use_refused, &port),
		BIND("bind refuses a card whose interface another namespace has",
		     namespace_refused),
		BIND("bind takes a card that is only up", idle_card),
		BIND("bind warns of a group that cannot be opened",
		     group_blocked),
		BIND("unbind refuses a device that is open", open_not_unbound),
		BIND("unbind refuses a device whose own file is open",
		     own_file_open),
		BIND("a device that the driver does not take goes back",
		     not_taken),
	};
	/* The drop-in is vfio-pci itself. */
	const struct CMUnitTest beside_vfio_pci[] = {
		BIND("unbind puts a driver_override back", former_override),
		BIND("bind remembers the former state of what was unbound by hand",
		     bound_once_more),
		BIND("bind refuses a device that vfio-pci has open",
		     open_not_bound),
		BIND("bind --force says that it waits", forced_waits),
		BIND("bind --force can be interrupted", forced_interrupted),
	};
	int failed;

	if (!bench_is_ours())
		return 0;
	failed = run_group("bind", tests);
	if (!bench_is_dropin())
		failed += run_group("bind", beside_vfio_pci);
	return failed;
}
