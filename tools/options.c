// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"
#include "options.h"
#include "util.h"

int options_next(int argc, char **argv, const char *letters,
		 const struct option *options)
{
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, letters, options, NULL);
	if (option == 'h')
		command_help(argv[0]);
	if (option == '?')
		fail_usage(argv[0]);
	return option;
}
