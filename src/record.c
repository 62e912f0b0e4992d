// SPDX-License-Identifier: GPL-2.0-only
/*
 * History of a device's exports: counters, the last refusal and the last revoke.
 * This is the one file that has the code of the tracepoints.
 */
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>

#include "buffer.h"
#include "dvp.h"
#include "record.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

static const struct {
	unsigned long reason;
	const char *name;
} dvp_reasons[] = { DVP_BLOCK_NAMES };

/**
 * dvp_map_type_name() - what a map type is called where users look
 * @type: map type
 *
 * Context: any.
 * Return: its name.
 */
const char *dvp_map_type_name(enum pci_p2pdma_map_type type)
{
	static const char *const names[] = {
		[PCI_P2PDMA_MAP_NOT_SUPPORTED] = "NOT_SUPPORTED",
		[PCI_P2PDMA_MAP_BUS_ADDR] = "BUS_ADDR",
		[PCI_P2PDMA_MAP_THRU_HOST_BRIDGE] = "THRU_HOST_BRIDGE",
	};

	return names[type];
}

/* For all names, with commas. */
#define DVP_REASONS_SIZE 64

/**
 * dvp_record_revoke() - note a revoke: importers are not waited for any more
 * @access: of the device
 * @buffers: number of buffers
 * Context: any process context; @access->transition is held.
 */
void dvp_record_revoke(struct dvp_access *access, unsigned int buffers)
{
	struct dvp_record *record = &access->record;
	u64 us = ktime_us_delta(ktime_get(), access->revoke_start);

	spin_lock(&record->lock);
	record->revokes++;
	record->revoke_reasons = access->reasons;
	record->revoke_us = us;
	spin_unlock(&record->lock);
	trace_dvp_revoke(access, buffers, us);
}

/**
 * dvp_record_restore() - note a restore: all importers have been told
 * @access: of the device
 * @buffers: number of buffers
 * Context: any process context; @access->transition is held.
 */
void dvp_record_restore(struct dvp_access *access, unsigned int buffers)
{
	struct dvp_record *record = &access->record;

	spin_lock(&record->lock);
	record->restores++;
	spin_unlock(&record->lock);
	trace_dvp_restore(access, buffers);
}

/* "closed,reset", or "-" for none. */
static void dvp_say_reasons(char *text, unsigned long reasons)
{
	int len = 0;
	size_t i;

	strscpy(text, "-", DVP_REASONS_SIZE);
	for (i = 0; i < ARRAY_SIZE(dvp_reasons); i++)
		if (reasons & dvp_reasons[i].reason)
			len += scnprintf(text + len, DVP_REASONS_SIZE - len,
					 "%s%s", len ? "," : "",
					 dvp_reasons[i].name);
}

/**
 * dvp_record_print() - print the block reasons and the history
 * @seq: file; gets lines of a key and its value
 * @access: of the device
 *
 * Does not wait for a revoke under way, whose reasons are shown already.
 */
void dvp_record_print(struct seq_file *seq, struct dvp_access *access)
{
	struct dvp_record *record = &access->record;
	char reasons[DVP_REASONS_SIZE];

	dvp_say_reasons(reasons, READ_ONCE(access->reasons));
	seq_printf(seq, "blocked %s\nexports %llu\n", reasons,
		   READ_ONCE(access->last_number));

	spin_lock(&record->lock);
	seq_printf(seq, "revokes %llu\nrestores %llu\nrefusals %llu\n",
		   record->revokes, record->restores, record->refusals);
	dvp_say_reasons(reasons, record->revoke_reasons);
	if (record->revokes)
		seq_printf(seq, "last_revoke %s %llu\n", reasons,
			   record->revoke_us);
	if (record->refusals)
		seq_printf(seq, "last_refusal %s\n", record->refusal);
	spin_unlock(&record->lock);
}

/**
 * dvp_record_refusal() - note why a call fails
 * @limit: rate limit of the line in the kernel's log; NULL for no line
 * @logger: device that the line is about; this driver is named if the device
 *	belongs to another one
 * @access: of the device whose memory was asked for
 * @importer: importing device, or NULL if userspace asked (export, mmap(), features)
 * @fmt: as for printf(), without a full stop or newline
 */
void dvp_record_refusal(struct ratelimit_state *limit,
			const struct device *logger, struct dvp_access *access,
			const struct device *importer, const char *fmt, ...)
{
	struct dvp_record *record = &access->record;
	struct va_format why = { .fmt = fmt };
	va_list args;
	int who = 0;

	va_start(args, fmt);
	why.va = &args;
	spin_lock(&record->lock);
	record->refusals++;
	if (importer)
		who = scnprintf(record->refusal, sizeof(record->refusal),
				"%s: ", dev_name(importer));
	scnprintf(record->refusal + who, sizeof(record->refusal) - who, "%pV",
		  &why);
	trace_dvp_refuse(access, importer, record->refusal + who);
	spin_unlock(&record->lock);
	if (limit && __ratelimit(limit))
		dev_warn(logger, "%s%pV\n",
			 logger == importer ? DVP_NAME ": " : "", &why);
	va_end(args);
}

/**
 * dvp_refuse_revoked() - note that a call fails because the buffer is revoked
 * @buf: buffer
 * @importer: importing device, or NULL for mmap()
 * Context: any process context.
 * Return: -ENODEV.
 */
int dvp_refuse_revoked(struct dvp_buffer *buf, const struct device *importer)
{
	struct dvp_access *access = buf->access;
	char reasons[DVP_REASONS_SIZE];

	if (READ_ONCE(buf->ended)) {
		dvp_refuse(access, importer,
			   "the buffer is revoked for good, by its owner");
		return -ENODEV;
	}
	/* The device may have been opened again since it was closed. */
	dvp_say_reasons(reasons, dvp_is_gone(buf) ? DVP_BLOCK_CLOSED :
						    READ_ONCE(access->reasons));
	dvp_refuse(access, importer, "the buffer is revoked: %s", reasons);
	return -ENODEV;
}
