/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands.  Each gets its own name and arguments, and returns what the
 * program ends with.
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

int command_status(int argc, char **argv);
int command_check(int argc, char **argv);
int command_topo(int argc, char **argv);
int command_bind(int argc, char **argv);
int command_unbind(int argc, char **argv);
int command_export(int argc, char **argv);
int command_monitor(int argc, char **argv);

/* For a command that is asked for help; ends the program. */
_Noreturn void command_help(const char *command);

#endif /* TOOLS_COMMANDS_H */
