/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints, described in docs/tracing.md.  A disabled one costs a patched-out
 * branch, so everything that it shows is computed here.
 *
 * Texts are arrays and not __string(), whose copying macro takes one argument less
 * since 6.10.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dmabuf_vfio_pci

#if !defined(DVP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DVP_TRACE_H

#include <linux/dma-buf.h>
#include <linux/scatterlist.h>
#include <linux/tracepoint.h>

#include "compat/pci_p2pdma.h"
#include "buffer.h"

/* Names of block reasons in traces and debugfs. */
#define DVP_BLOCK_NAMES \
	{ DVP_BLOCK_CLOSED, "closed" }, \
	{ DVP_BLOCK_DISABLED, "disabled" }, \
	{ DVP_BLOCK_RESET, "reset" }, \
	{ DVP_BLOCK_PF_RESET, "pf_reset" }, \
	{ DVP_BLOCK_ERROR, "error" }, \
	{ DVP_BLOCK_SYSTEM, "system" }

const char *dvp_map_type_name(enum pci_p2pdma_map_type type);

/* Room for the name of a device; a longer one is cut off. */
#define DVP_TRACE_NAME 32

TRACE_EVENT(dvp_export,
	TP_PROTO(struct dvp_buffer *buf),
	TP_ARGS(buf),
	TP_STRUCT__entry(
		__array(char, device, DVP_TRACE_NAME)
		__field(u64, buffer)
		__field(unsigned int, bar)
		__field(u64, size)
		__field(u64, ranges)
	),
	TP_fast_assign(
		strscpy_pad(__entry->device, buf->access->name,
			    sizeof(__entry->device));
		__entry->buffer = buf->inode;
		__entry->bar = buf->bar;
		__entry->size = buf->size;
		__entry->ranges = buf->nr_ranges;
	),
	TP_printk("device=%s buffer=%llu bar=%u size=%llu ranges=%llu",
		  __entry->device, __entry->buffer, __entry->bar,
		  __entry->size, __entry->ranges)
);

DECLARE_EVENT_CLASS(dvp_attachment,
	TP_PROTO(struct dvp_buffer *buf, struct dma_buf_attachment *attach,
		 enum pci_p2pdma_map_type type),
	TP_ARGS(buf, attach, type),
	TP_STRUCT__entry(
		__array(char, device, DVP_TRACE_NAME)
		__field(u64, buffer)
		__array(char, importer, DVP_TRACE_NAME)
		__array(char, map, DVP_TRACE_NAME)
	),
	TP_fast_assign(
		strscpy_pad(__entry->device, buf->access->name,
			    sizeof(__entry->device));
		__entry->buffer = buf->inode;
		strscpy_pad(__entry->importer, dev_name(attach->dev),
			    sizeof(__entry->importer));
		strscpy_pad(__entry->map, dvp_map_type_name(type),
			    sizeof(__entry->map));
	),
	TP_printk("device=%s buffer=%llu importer=%s map=%s",
		  __entry->device, __entry->buffer, __entry->importer,
		  __entry->map)
);

DEFINE_EVENT(dvp_attachment, dvp_attach,
	TP_PROTO(struct dvp_buffer *buf, struct dma_buf_attachment *attach,
		 enum pci_p2pdma_map_type type),
	TP_ARGS(buf, attach, type)
);

DEFINE_EVENT(dvp_attachment, dvp_detach,
	TP_PROTO(struct dvp_buffer *buf, struct dma_buf_attachment *attach,
		 enum pci_p2pdma_map_type type),
	TP_ARGS(buf, attach, type)
);

/* Without @sgt it is a list of physical ranges and not a mapping. */
DECLARE_EVENT_CLASS(dvp_mapping,
	TP_PROTO(struct dvp_buffer *buf, struct dma_buf_attachment *attach,
		 struct sg_table *sgt),
	TP_ARGS(buf, attach, sgt),
	TP_STRUCT__entry(
		__array(char, device, DVP_TRACE_NAME)
		__field(u64, buffer)
		__array(char, importer, DVP_TRACE_NAME)
		__field(bool, list)
		__field(u64, entries)
	),
	TP_fast_assign(
		strscpy_pad(__entry->device, buf->access->name,
			    sizeof(__entry->device));
		__entry->buffer = buf->inode;
		strscpy_pad(__entry->importer, dev_name(attach->dev),
			    sizeof(__entry->importer));
		__entry->list = !sgt;
		__entry->entries = sgt ? sgt->nents : buf->nr_ranges;
	),
	TP_printk("device=%s buffer=%llu importer=%s as=%s entries=%llu",
		  __entry->device, __entry->buffer, __entry->importer,
		  __entry->list ? "list" : "mapping", __entry->entries)
);

DEFINE_EVENT(dvp_mapping, dvp_map,
	TP_PROTO(struct dvp_buffer *buf, struct dma_buf_attachment *attach,
		 struct sg_table *sgt),
	TP_ARGS(buf, attach, sgt)
);

DEFINE_EVENT(dvp_mapping, dvp_unmap,
	TP_PROTO(struct dvp_buffer *buf, struct dma_buf_attachment *attach,
		 struct sg_table *sgt),
	TP_ARGS(buf, attach, sgt)
);

TRACE_EVENT(dvp_revoke,
	TP_PROTO(struct dvp_access *access, unsigned int buffers, u64 us),
	TP_ARGS(access, buffers, us),
	TP_STRUCT__entry(
		__array(char, device, DVP_TRACE_NAME)
		__field(unsigned long, reasons)
		__field(unsigned int, buffers)
		__field(u64, microseconds)
		__field(unsigned int, kept)
	),
	TP_fast_assign(
		strscpy_pad(__entry->device, access->name,
			    sizeof(__entry->device));
		__entry->reasons = access->reasons;
		__entry->buffers = buffers;
		__entry->microseconds = us;
		__entry->kept = dvp_access_mappings(access);
	),
	TP_printk("device=%s reasons=%s buffers=%u microseconds=%llu kept=%u",
		  __entry->device,
		  __print_flags(__entry->reasons, ",", DVP_BLOCK_NAMES),
		  __entry->buffers, __entry->microseconds, __entry->kept)
);

DECLARE_EVENT_CLASS(dvp_buffers,
	TP_PROTO(struct dvp_access *access, unsigned int buffers),
	TP_ARGS(access, buffers),
	TP_STRUCT__entry(
		__array(char, device, DVP_TRACE_NAME)
		__field(unsigned int, buffers)
	),
	TP_fast_assign(
		strscpy_pad(__entry->device, access->name,
			    sizeof(__entry->device));
		__entry->buffers = buffers;
	),
	TP_printk("device=%s buffers=%u", __entry->device, __entry->buffers)
);

DEFINE_EVENT(dvp_buffers, dvp_restore,
	TP_PROTO(struct dvp_access *access, unsigned int buffers),
	TP_ARGS(access, buffers)
);

/* With 0 buffers, the quarantine has ended. */
DEFINE_EVENT(dvp_buffers, dvp_quarantine,
	TP_PROTO(struct dvp_access *access, unsigned int buffers),
	TP_ARGS(access, buffers)
);

/* The reason is the rest of the line. */
TRACE_EVENT(dvp_refuse,
	TP_PROTO(struct dvp_access *access, const struct device *importer,
		 const char *why),
	TP_ARGS(access, importer, why),
	TP_STRUCT__entry(
		__array(char, device, DVP_TRACE_NAME)
		__array(char, importer, DVP_TRACE_NAME)
		__array(char, why, DVP_REFUSAL_SIZE)
	),
	TP_fast_assign(
		strscpy_pad(__entry->device, access->name,
			    sizeof(__entry->device));
		strscpy_pad(__entry->importer, importer ? dev_name(importer) : "-",
			    sizeof(__entry->importer));
		strscpy_pad(__entry->why, why, sizeof(__entry->why));
	),
	TP_printk("device=%s importer=%s why=%s", __entry->device,
		  __entry->importer, __entry->why)
);

#endif /* DVP_TRACE_H */

/* Relative to a folder of the include path. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH src
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
