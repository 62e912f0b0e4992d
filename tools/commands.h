/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands.  Each gets its name and arguments, and returns the exit status. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

int command_status(int argc, char **argv);
int command_check(int argc, char **argv);
int command_topo(int argc, char **argv);
int command_bind(int argc, char **argv);
int command_unbind(int argc, char **argv);
int command_export(int argc, char **argv);
int command_monitor(int argc, char **argv);
int command_selftest(int argc, char **argv);

/* Print the help of a command and end the program. */
_Noreturn void command_help(const char *command);

#endif /* TOOLS_COMMANDS_H */
