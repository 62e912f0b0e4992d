/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Debian system on the disk of the machines `bookworm` and `trixie`, and programs
 * that run in it.
 */
#ifndef GUEST_SYSTEM_H
#define GUEST_SYSTEM_H

#include "tool.h"

#define SYSTEM "/system"

/* Once, before anything is run there. */
void system_mount(void);

/* A line for its shell, as for printf(). */
struct tool_run system_run(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
/* Starts it, with input and output in pipes; returns its process id. */
pid_t system_start(int *input, int *output, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* GUEST_SYSTEM_H */
