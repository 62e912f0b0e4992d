/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that have a device open: through VFIO, or any device node below it. */
#ifndef TOOLS_HOLDERS_H
#define TOOLS_HOLDERS_H

/* "qemu-system-x86 (pid 1234) has it open", allocated; NULL if none is known. */
char *holders_of(const char *bdf);

#endif /* TOOLS_HOLDERS_H */
