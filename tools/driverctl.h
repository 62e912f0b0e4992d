/* SPDX-License-Identifier: GPL-2.0-only */
/* driverctl saves which driver a device is bound to at each boot. */
#ifndef TOOLS_DRIVERCTL_H
#define TOOLS_DRIVERCTL_H

/* Its path; NULL if it is not installed. */
const char *driverctl_find(void);

/* Bind to this driver, and save that; its exit status, or -1. */
int driverctl_bind(const char *program, const char *bdf);

/* The driver that is saved for a device, allocated; "" for none. */
char *driverctl_saved(const char *bdf);

/* Save another driver in place of this one; "" for none. */
void driverctl_put_back(const char *bdf, const char *saved);

#endif /* TOOLS_DRIVERCTL_H */
