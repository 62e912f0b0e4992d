/* SPDX-License-Identifier: GPL-2.0-only */
/* Who uses a device. */
#ifndef TOOLS_USE_H
#define TOOLS_USE_H

#include "netlink.h"

/*
 * What the machine itself uses the device or one of its VFs for, in words, allocated;
 * NULL if no use is known.
 */
char *use_by_machine(const char *bdf);

/* Which processes have it or one of its VFs open, in words, allocated; or NULL. */
char *use_by_process(const char *bdf);

/* The parts of use_by_machine(). */
char *use_by_block(const char *bdf);
char *use_by_network(const char *bdf);

/* What a namespace uses the device's interfaces for. */
char *net_use_of(const struct net *net, const char *bdf);
/* What another namespace than that of @net uses them for. */
char *net_use_apart(const struct net *net, const struct net *other,
		    const char *bdf);

#endif /* TOOLS_USE_H */
