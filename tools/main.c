// SPDX-License-Identifier: GPL-2.0-only
/* dmabuf-vfio-pci, the operator's command.  Each of its commands has its own file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "util.h"

static const struct command {
	const char *name;
	const char *arguments;
	const char *what;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "status", "[--json|--nfd]", "show the kernel, the module, bound devices and their buffers",
	  command_status,
	  "  -j, --json   as JSON\n"
	  "  -n, --nfd    as a feature file of Kubernetes' Node Feature Discovery\n"
	  "\n"
	  "State and buffers of a device are only shown to root.\n" },
	{ "check", "[--for SOFTWARE] [--json] DEVICE [PEER]", "find what prevents a working transfer",
	  command_check,
	  "  -f, --for SOFTWARE   whether this takes the device from the driver: dpdk,\n"
	  "                       kubevirt, libvirt or proxmox; without it, which of them\n"
	  "                       this machine has\n"
	  "  -j, --json           as JSON\n"
	  "\n"
	  "Prints a line for each fact: ok, warning or no, and what can be done about it.\n"
	  "DEVICE has the memory, PEER would import it. The module need not be loaded.\n"
	  "Some facts are only known to root; the output says which.\n"
	  "\n"
	  "The exit status is 0 if no line says no, 1 if one does, and 2 if the arguments\n"
	  "were wrong or the check could not run.\n" },
	{ "topo", "[--all] [--dot|--json] [DEVICE...]", "show the paths between devices",
	  command_topo,
	  "  -a, --all    also devices that can neither export nor import, and each VF\n"
	  "  -d, --dot    the tree of devices as a picture: pipe it into \"dot -Tsvg\"\n"
	  "  -j, --json   as JSON\n"
	  "\n"
	  "A row is for the device that sends, a column for the one that has the memory.\n"
	  "Without DEVICE, the devices below a common bridge are shown together.\n" },
	{ "bind", "[OPTION...] DEVICE...", "bind devices to the driver",
	  command_bind,
	  "  -g, --group    the other devices of the IOMMU group, too\n"
	  "  -f, --force    even if the device is in use; waits until it is closed\n"
	  "  -n, --no-save  until the next boot only, without driverctl\n"
	  "\n"
	  "Where driverctl is installed, the binding survives a reboot. Refused are\n"
	  "devices that a program has open, disks in use, the boot display, and network\n"
	  "cards with an address, a route or an interface on top of theirs.\n" },
	{ "unbind", "[OPTION...] DEVICE...", "give devices back to their former drivers",
	  command_unbind,
	  "  -g, --group    the other devices of the IOMMU group, too\n"
	  "  -f, --force    even if a program has it open; waits until it is closed\n"
	  "  -n, --no-save  keep what driverctl has saved\n" },
	{ "export", "DEVICE --bar N [--range OFFSET:LENGTH] COMMAND...",
	  "run a command with a dma-buf of a device's memory", command_export,
	  "  -b, --bar N                  number of the BAR\n"
	  "  -r, --range OFFSET:LENGTH    part of it, in bytes or with K, M or G; can be\n"
	  "                               repeated; without it, all of the BAR\n"
	  "  -m, --mmap                   fail unless processes can map the buffer\n"
	  "\n"
	  "COMMAND has the dma-buf as file descriptor 3, and LISTEN_FDS, LISTEN_PID,\n"
	  "LISTEN_FDNAMES, DMABUF_FD and DMABUF_SIZE in its environment. The buffer works\n"
	  "as long as the command runs. The exit status is that of the command, 125 if\n"
	  "there is no buffer, 126 or 127 if the command cannot be run.\n" },
	{ "monitor", "[--json] [DEVICE...]", "follow what happens to buffers",
	  command_monitor,
	  "  -j, --json   one object on a line\n"
	  "\n"
	  "Prints exports, attaches, maps, unmaps, detaches, revokes and refusals as the\n"
	  "driver traces them, until it is interrupted. With DEVICE, only those of which\n"
	  "it is the exporter or the importer.\n" },
	{ "selftest", "[--json] [DEVICE]", "try on idle bound devices whether the driver works",
	  command_selftest,
	  "  -j, --json   as JSON\n"
	  "\n"
	  "Opens the device, or each bound one that nobody uses, which resets it; exports\n"
	  "a page of each BAR, revokes it by memory decoding, and restores it. Lets DRM\n"
	  "devices import it that can. Nothing is written to the memory. What is in use\n"
	  "or not bound is not tested.\n"
	  "\n"
	  "Prints a line for each fact: ok, skipped (not tested, and why), warning or no.\n"
	  "The exit status is 0 if a device was tested and no line says no, 1 if one does,\n"
	  "and 2 if the arguments were wrong.\n" },
};

static void print_help(void)
{
	size_t i;

	puts("usage: " NAME " COMMAND [ARGUMENT...]\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].what);
	puts("\n\"" NAME " COMMAND --help\" and dmabuf-vfio-pci(8) say more.\n"
	     "DEVICE is the name of a PCI device, such as 0000:03:00.0 or 03:00.0.");
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	fail("there is no command \"%s\"; \"" NAME " --help\" lists them",
	     name);
}

void command_help(const char *command)
{
	const struct command *about = find(command);

	printf("usage: " NAME " %s %s\n\n%s\n", about->name, about->arguments,
	       about->help);
	exit(0);
}

/* Output that is lost is an error. */
static void close_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return;
	complain("cannot write the output");
	_exit(fail_status);
}

/* "-j COMMAND" is "COMMAND -j". */
static void move_option(int argc, char **argv)
{
	char *option = argv[1];

	if (argc > 2 && (!strcmp(option, "-j") || !strcmp(option, "--json"))) {
		argv[1] = argv[2];
		argv[2] = option;
	}
}

int main(int argc, char **argv)
{
	atexit(close_output);
	if (argc < 2)
		fail("no command given; \"" NAME " --help\" lists them");
	move_option(argc, argv);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		print_help();
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts(NAME " " VERSION);
		return 0;
	}
	return find(argv[1])->run(argc - 1, argv + 1);
}
