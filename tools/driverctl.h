/* SPDX-License-Identifier: GPL-2.0-only */
/* driverctl, which binds a device at each boot to the driver that it has saved. */
#ifndef TOOLS_DRIVERCTL_H
#define TOOLS_DRIVERCTL_H

/* Where it is; NULL if it is not installed. */
const char *driverctl_find(void);

/* Binds, and saves that; returns its exit status, or -1. */
int driverctl_bind(const char *program, const char *bdf);

/* The driver that it has saved, allocated; "" if it has none. */
char *driverctl_saved(const char *bdf);

/* In place of this one's driver: another one, or "" for none. */
void driverctl_put_back(const char *bdf, const char *saved);

#endif /* TOOLS_DRIVERCTL_H */
