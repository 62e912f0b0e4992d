/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <getopt.h>

/* getopt_long() for a command: --help is answered, unknown options are fatal. */
int options_next(int argc, char **argv, const char *letters,
		 const struct option *options);

/* An option of every command. */
#define OPTION_HELP { "help", no_argument, NULL, 'h' }

#endif /* TOOLS_OPTIONS_H */
