// SPDX-License-Identifier: GPL-2.0-only
/* Every kernel has kfree().  Without a yes here, no other answer counts. */
#include <linux/slab.h>

void probe(const void *memory);
void probe(const void *memory)
{
	kfree(memory);
}
