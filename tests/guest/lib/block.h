/* SPDX-License-Identifier: GPL-2.0-only */
/* Blocks of commands, which tests/host/docs has taken out of the documents. */
#ifndef GUEST_BLOCK_H
#define GUEST_BLOCK_H

#define BLOCKS "/docs"

/*
 * Becomes a shell that runs a block, in a process group of its own and with the
 * tools that are there for it.
 */
_Noreturn void block_exec(const char *file, int from, int to);

#endif /* GUEST_BLOCK_H */
