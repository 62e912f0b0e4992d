/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <getopt.h>

/*
 * getopt_long() for a command: --help is answered, and what it does not know ends
 * the program.
 */
int options_next(int argc, char **argv, const char *letters,
		 const struct option *options);

/* What every command knows. */
#define OPTION_HELP { "help", no_argument, NULL, 'h' }

#endif /* TOOLS_OPTIONS_H */
