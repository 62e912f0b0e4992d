/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine with two host bridges:
 *
 *	pci0000:00	00.0 by which the bridge is known
 *			01.0 root port
 *				switch UP, with the ports DOWN_A and DOWN_B
 *					A and B, one below each
 *			02.0 root port PORT_C, with C below it
 *	pci0000:80	80:01.0 root port PORT_D, with D below it
 */
#ifndef TESTS_TOOLS_MADE_H
#define TESTS_TOOLS_MADE_H

#include "machine.h"

enum made {
	HOST,
	PORT,
	PORT_C,
	UP,
	DOWN_A,
	DOWN_B,
	A,
	B,
	C,
	PORT_D,
	D,
	NR_MADE,
};

/**
 * struct made_machine - the machine and what it consists of
 * @machine: it
 * @functions: of it
 * @hosts: of it
 */
struct made_machine {
	struct machine machine;
	struct function functions[NR_MADE];
	struct host hosts[2];
};

/* On a CPU that does not forward, without ACS. */
void made_up(struct made_machine *made);
void made_print_dot(void);

#endif /* TESTS_TOOLS_MADE_H */
