// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf-vfio-pci: what an operator asks of the driver, and of the way to it.
 * Each command has a file of its own.
 */
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
	{ "status", "[--json]", "the kernel, the module, bound devices and their buffers",
	  command_status,
	  "  -j, --json   as JSON\n"
	  "\n"
	  "The buffers and what has happened to them are for root to see.\n" },
	{ "check", "[--json] DEVICE [PEER]", "what is between here and a working transfer",
	  command_check,
	  "  -j, --json   as JSON\n"
	  "\n"
	  "One line for each fact: ok, warning, or no, and what can be done. DEVICE has\n"
	  "the memory, PEER would import it. It does not need the module loaded, and\n"
	  "says what only root could find out.\n"
	  "\n"
	  "The exit status is 0 if nothing says no, 1 if something does, and 2 if the\n"
	  "question could not be asked.\n" },
	{ "topo", "[--dot|--json] [DEVICE...]", "which ways lead from each device to each other",
	  command_topo,
	  "  -d, --dot    the tree of devices as a picture: pipe it into \"dot -Tsvg\"\n"
	  "  -j, --json   as JSON\n"
	  "\n"
	  "Without a DEVICE all but the bridges. A row is for the device that sends, a\n"
	  "column for the one that has the memory.\n" },
	{ "bind", "[OPTION...] DEVICE...", "bind devices to the driver",
	  command_bind,
	  "  -g, --group    the rest of the IOMMU group, too\n"
	  "  -f, --force    although the device is in use\n"
	  "  -n, --no-save  until the next boot only, without driverctl\n"
	  "\n"
	  "Where driverctl is installed, the binding outlasts a reboot. A device that is\n"
	  "mounted, the boot display, or has the default route is refused.\n" },
	{ "unbind", "[OPTION...] DEVICE...", "give devices back to the drivers they had",
	  command_unbind,
	  "  -g, --group    the rest of the IOMMU group, too\n"
	  "  -f, --force    although somebody has it open: waits until it is closed\n"
	  "  -n, --no-save  leave alone what driverctl has saved\n" },
	{ "export", "DEVICE --bar N [--range OFFSET:LENGTH] COMMAND...",
	  "run a command with a dma-buf of a device's memory", command_export,
	  "  -b, --bar N                  of this BAR\n"
	  "  -r, --range OFFSET:LENGTH    of it, in bytes, with K, M or G, in this order;\n"
	  "                               without one all of the BAR\n"
	  "\n"
	  "COMMAND has the dma-buf as file descriptor 3, and LISTEN_FDS, LISTEN_PID,\n"
	  "LISTEN_FDNAMES, DMABUF_FD and DMABUF_SIZE in its environment. The buffer works\n"
	  "as long as the command runs. Its exit status is that of the command, or 125 if\n"
	  "there is no buffer, 126 or 127 if the command cannot be run.\n" },
	{ "monitor", "[--json]", "follow what happens to buffers",
	  command_monitor,
	  "  -j, --json   one object on a line\n"
	  "\n"
	  "Exports, importers that come, map, unmap and go, revocations and refusals, as\n"
	  "the driver traces them, until it is interrupted.\n" },
};

static void print_help(void)
{
	size_t i;

	puts("usage: " NAME " COMMAND [ARGUMENT...]\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].what);
	puts("\n\"" NAME " COMMAND --help\" says more of one, the manual all.\n"
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

/* What could not be said was not carried out. */
static void close_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return;
	complain("the output cannot be written");
	_exit(fail_status);
}

int main(int argc, char **argv)
{
	atexit(close_output);
	if (argc < 2)
		fail("which command? \"" NAME " --help\" lists them");
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
