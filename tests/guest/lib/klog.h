/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's log, record by record. */
#ifndef GUEST_KLOG_H
#define GUEST_KLOG_H

#include <stdbool.h>
#include <stddef.h>

/* Between these two lines, an IOMMU fault does not fail the run. */
#define KLOG_FAULTS_FROM	"guest: DMA faults are expected from here on"
#define KLOG_FAULTS_UNTIL	"guest: no more DMA faults are expected"

/* Appends a line: 0 or a negative errno. */
int klog_say(const char *text);

/* A file descriptor to read from the first record on, or only newer ones. */
int klog_open_start(void);
int klog_open_end(void);

/* The text of the next record; false if there is none yet. */
bool klog_next(int klog, char *text, size_t size);

/* Counts the records from here on that contain each of the NULL-ended words. */
unsigned int klog_count(int klog, const char *const *words);

/* Whether the line fails the run. */
bool klog_offends(const char *text);

#endif /* GUEST_KLOG_H */
