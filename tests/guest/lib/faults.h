/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection into slab and page allocations of the calling thread.  Allocations
 * that the kernel makes for it in other threads do not fail.
 */
#ifndef GUEST_FAULTS_H
#define GUEST_FAULTS_H

#include <stdbool.h>

/* Call it first: 0, or a negative errno if the kernel has no fault injection. */
int faults_prepare(void);
void faults_finish(void);

/**
 * enum faults_kind - which allocations fail
 * @FAULTS_SLAB: those from a slab
 * @FAULTS_PAGES: those of pages; also when a slab grows, which differs from run to
 *	run
 * @FAULTS_ALL: both
 */
enum faults_kind {
	FAULTS_SLAB,
	FAULTS_PAGES,
	FAULTS_ALL,
};

/* Selects them: 0 or a negative errno. */
int faults_choose(enum faults_kind kind);

/* Lets the nth allocation from now on fail, from 1. */
void faults_arm(unsigned int nth);
/* Lets every allocation from now on fail. */
void faults_arm_all(void);
/* Ends that.  Returns how many allocations were missing to the nth. */
unsigned int faults_disarm(void);

#endif /* GUEST_FAULTS_H */
