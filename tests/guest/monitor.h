/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitor of the QEMU that we run in, for what only it can do. */
#ifndef GUEST_MONITOR_H
#define GUEST_MONITOR_H

#include <stddef.h>

/*
 * Lets QEMU carry out a command.  Returns 0, or -EIO if it answered anything
 * but OK, which for the commands used here is a complaint and is printed, or
 * -ETIMEDOUT.
 */
__attribute__((format(printf, 1, 2)))
int monitor(const char *format, ...);

#endif /* GUEST_MONITOR_H */
