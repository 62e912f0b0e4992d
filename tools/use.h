/* SPDX-License-Identifier: GPL-2.0-only */
/* Who would miss a device. */
#ifndef TOOLS_USE_H
#define TOOLS_USE_H

/*
 * In words what the machine itself needs the device for, allocated; NULL if it is
 * not known to.
 */
char *use_by_machine(const char *bdf);

/* Who has the device or its IOMMU group open, allocated; NULL if nobody has. */
char *use_by_process(const char *bdf);

#endif /* TOOLS_USE_H */
