/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The QEMU that we run in, for what only it can do.  Functions return 0, -EIO if
 * QEMU complained, which is printed, or another negative errno.
 */
#ifndef GUEST_MONITOR_H
#define GUEST_MONITOR_H

/*
 * Lets QEMU carry out a QMP command.  Its arguments are the inside of a JSON
 * object, in which QEMU takes single quotes, too.
 */
__attribute__((format(printf, 2, 3)))
int monitor(const char *command, const char *format, ...);

/* Lets a port report an error by AER, which has no QMP command. */
int monitor_inject(const char *options, const char *device, const char *error);

#endif /* GUEST_MONITOR_H */
