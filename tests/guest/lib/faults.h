/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that fail on purpose: slab and pages, those of the calling thread.
 * What the kernel does for it in another thread does not fail.
 */
#ifndef GUEST_FAULTS_H
#define GUEST_FAULTS_H

#include <stdbool.h>

/* Before the others: 0 or a negative errno, if the kernel cannot do it. */
int faults_prepare(void);
void faults_finish(void);

/**
 * enum faults_kind - which allocations fail
 * @FAULTS_SLAB: those from a slab
 * @FAULTS_PAGES: those of pages; also where a slab needs more of them, which is now
 *	in one call and now in another
 * @FAULTS_ALL: both
 */
enum faults_kind {
	FAULTS_SLAB,
	FAULTS_PAGES,
	FAULTS_ALL,
};

/* From now on it is those: 0 or a negative errno. */
int faults_choose(enum faults_kind kind);

/* The nth allocation from now on fails, the first one being 1. */
void faults_arm(unsigned int nth);
/* Every allocation from now on fails. */
void faults_arm_all(void);
/* None fails any more.  Returns how many the nth one was short of. */
unsigned int faults_disarm(void);

#endif /* GUEST_FAULTS_H */
