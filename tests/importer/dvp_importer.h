/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The interface of the test importer, dvp-importer.ko.  Each edu device
 * (1234:11e8) has a /dev/dvp-importer-BDF, and /dev/dvp-importer-platform is an
 * importer that is not a PCI device.  An open file imports one dma-buf at a time;
 * closing it stops the engine, unmaps and detaches.
 */
#ifndef DVP_IMPORTER_H
#define DVP_IMPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * enum dvp_importer_kind - what the importer tells the dma-buf core it can do
 * @DVP_IMPORTER_REVOCABLE: peer capable, unmaps when it is notified
 * @DVP_IMPORTER_NO_PEER: unmaps when it is notified, but not peer capable
 * @DVP_IMPORTER_STATIC: attached with dma_buf_attach(), never notified
 * @DVP_IMPORTER_NO_CALLBACK: peer capable, without a callback; kernels that call it
 *	move_notify warn about that
 * @DVP_IMPORTER_CHILD: revocable; the attached device is a child of the PCI function,
 *	like a cell of a multi-function device
 * @DVP_IMPORTER_PINNED: peer capable; pins and maps when it attaches, and never
 *	unmaps when it is notified, as ib_umem_dmabuf_get_pinned() does for RDMA drivers
 */
enum dvp_importer_kind {
	DVP_IMPORTER_REVOCABLE,
	DVP_IMPORTER_NO_PEER,
	DVP_IMPORTER_STATIC,
	DVP_IMPORTER_NO_CALLBACK,
	DVP_IMPORTER_CHILD,
	DVP_IMPORTER_PINNED,
};

/**
 * struct dvp_importer_info - what the kernel that the module was built for has
 * @revocable: the core can tell whether an importer obeys a revoke
 * @null_callback: the core accepts an importer without a callback
 * @pin_on_map: the core pins in every map of a dynamic importer
 * @plain_mmio: its IOMMU drivers never mark device memory as encrypted
 * @core_exports: its vfio-pci-core can export dma-bufs
 * @copies_tables: importers get a copy of the sg_table with all page links cleared (DMABUF_DEBUG)
 */
struct dvp_importer_info {
	__u32 revocable;
	__u32 null_callback;
	__u32 pin_on_map;
	__u32 plain_mmio;
	__u32 core_exports;
	__u32 copies_tables;
};

/*
 * Keeps a mapping until the next transfer or map, which unmaps it first.  xe (Intel
 * GPUs) behaves like this: it unmaps at its next submission.
 */
#define DVP_IMPORTER_UNTIL_CALL 0xffffffff

/**
 * struct dvp_importer_attach - what to import, and as what
 * @fd: the dma-buf
 * @kind: enum dvp_importer_kind
 * @hold_ms: how long to keep a mapping after a notification, in milliseconds, or
 *	DVP_IMPORTER_UNTIL_CALL
 */
struct dvp_importer_attach {
	__s32 fd;
	__u32 kind;
	__u32 hold_ms;
};

/**
 * struct dvp_importer_entry - one entry of the sg_table
 * @address: DMA address
 * @length: DMA length
 * @page_link: address of the entry's page, 0 if it has none
 */
struct dvp_importer_entry {
	__u64 address;
	__u64 length;
	__u64 page_link;
};

/**
 * struct dvp_importer_report - the state of the import
 * @mapped: a dma-buf is attached and mapped
 * @pins: how often the importer has pinned it
 * @notifications: number of notifications, of revokes and restores
 * @revokes: number of notifications while it was mapped
 * @blind: number of @revokes at which the watched device did not answer
 * @nents: entries of the sg_table with a DMA address
 * @orig_nents: entries of the sg_table with a page
 * @capacity: how many entries there is room for at @entries
 * @entries: user address of an array of struct dvp_importer_entry
 */
struct dvp_importer_report {
	__u32 mapped;
	__u32 pins;
	__u32 notifications;
	__u32 revokes;
	__u32 blind;
	__u32 nents;
	__u32 orig_nents;
	__u32 capacity;
	__u64 entries;
};

/**
 * enum dvp_importer_reader - whose code for reading the sg_table to imitate
 * @DVP_IMPORTER_WALK_ENTRIES: virtio_gpu, all of it
 * @DVP_IMPORTER_WALK_PAGES: amdgpu, radeon and nouveau
 * @DVP_IMPORTER_WALK_CURSOR: xe
 * @DVP_IMPORTER_WALK_REGION: RDMA
 */
enum dvp_importer_reader {
	DVP_IMPORTER_WALK_ENTRIES,
	DVP_IMPORTER_WALK_PAGES,
	DVP_IMPORTER_WALK_CURSOR,
	DVP_IMPORTER_WALK_REGION,
};

/**
 * struct dvp_importer_walk - read the sg_table as another importer's driver does
 * @reader: enum dvp_importer_reader
 * @capacity: how many entries there is room for at @entries
 * @start: where in the dma-buf to begin
 * @length: bytes to read; ignored by readers that always read the whole dma-buf
 * @entries: user address of an array of struct dvp_importer_entry; adjacent ranges
 *	are merged into one entry
 * @nents: number of entries; can be larger than @capacity
 */
struct dvp_importer_walk {
	__u32 reader;
	__u32 capacity;
	__u64 start;
	__u64 length;
	__u64 entries;
	__u32 nents;
	__u32 reserved;
};

/* The engine's buffer has 4096 bytes; QEMU 7.2 aborts on a transfer of all of them. */
#define DVP_IMPORTER_TRANSFER_MAX 2048

/**
 * struct dvp_importer_transfer - let the device move bytes
 * @offset: where in the dma-buf
 * @data: user address
 * @length: at most DVP_IMPORTER_TRANSFER_MAX, not past the end of an sg entry
 * @to_buffer: 1 to write @data into the dma-buf, 0 to read the dma-buf into @data
 */
struct dvp_importer_transfer {
	__u64 offset;
	__u64 data;
	__u32 length;
	__u32 to_buffer;
};

/**
 * struct dvp_importer_disguise - give a PCI device other ids
 * @domain: of the device
 * @bus: of the device
 * @devfn: of the device
 * @vendor: id to show to the kernel
 * @device: id to show to the kernel
 *
 * For tests of what drivers decide by ids, without the real device.
 */
struct dvp_importer_disguise {
	__u32 domain;
	__u32 bus;
	__u32 devfn;
	__u16 vendor;
	__u16 device;
};

/**
 * struct dvp_importer_acs - say that a PCI device has ACS
 * @domain: of the device
 * @bus: of the device
 * @devfn: of the device
 * @position: offset of the capability in config space, 0 for none
 *
 * QEMU's switch has no ACS.  Choose a @position at which the ACS control register falls
 * on a register without effect: then tests can write to it, as administrators do.
 */
struct dvp_importer_acs {
	__u32 domain;
	__u32 bus;
	__u32 devfn;
	__u32 position;
};

/**
 * struct dvp_importer_pretend - give a PCI device features that no emulated one has
 * @domain: of the device
 * @bus: of the device
 * @devfn: of the device
 * @d1d2: it has the power states D1 and D2; the device must let them be set
 * @af: offset in config space of an Advanced Features capability whose
 *	function-level reset does nothing; 0 for none
 *
 * One device at a time: the next call, or unloading the module, undoes all of it.
 */
struct dvp_importer_pretend {
	__u32 domain;
	__u32 bus;
	__u32 devfn;
	__u32 d1d2;
	__u32 af;
};

/**
 * struct dvp_importer_watch - read a device's registers at each notification
 * @domain: of the device
 * @bus: of the device
 * @devfn: of the device
 * @bar: whose memory has the register
 * @offset: of the register
 */
struct dvp_importer_watch {
	__u32 domain;
	__u32 bus;
	__u32 devfn;
	__u32 bar;
	__u64 offset;
};

/**
 * struct dvp_importer_sight - what was seen at a notification
 * @value: of the watched register
 * @command: command register of the device
 * @pmcsr: its PM control and status, 0 without
 */
struct dvp_importer_sight {
	__u32 value;
	__u16 command;
	__u16 pmcsr;
};

/**
 * struct dvp_importer_function - a PCI function
 * @domain: of the function
 * @bus: of the function
 * @devfn: of the function
 */
struct dvp_importer_function {
	__u32 domain;
	__u32 bus;
	__u32 devfn;
};

/**
 * enum dvp_importer_cpu - CPU vendor to assume for the decision on a path
 * @DVP_IMPORTER_CPU_REAL: the real one; the family is ignored
 * @DVP_IMPORTER_CPU_INTEL: Intel
 * @DVP_IMPORTER_CPU_AMD: AMD
 * @DVP_IMPORTER_CPU_HYGON: Hygon
 */
enum dvp_importer_cpu {
	DVP_IMPORTER_CPU_REAL,
	DVP_IMPORTER_CPU_INTEL,
	DVP_IMPORTER_CPU_AMD,
	DVP_IMPORTER_CPU_HYGON,
};

/**
 * enum dvp_importer_path - how a function reaches another one's memory
 * @DVP_IMPORTER_NO_PATH: not supported
 * @DVP_IMPORTER_BUS_ADDR: by addresses on the bus
 * @DVP_IMPORTER_THRU_HOST_BRIDGE: through host bridges
 */
enum dvp_importer_path {
	DVP_IMPORTER_NO_PATH,
	DVP_IMPORTER_BUS_ADDR,
	DVP_IMPORTER_THRU_HOST_BRIDGE,
};

/**
 * struct dvp_importer_route - the driver's and the kernel's decision on a pair of functions
 * @client: function that wants to reach the other's memory
 * @path: the driver's answer, enum dvp_importer_path
 * @distance: the driver's answer
 * @kernel_distance: the kernel's answer; -1 if the path is not supported
 */
struct dvp_importer_route {
	struct dvp_importer_function client;
	__u32 path;
	__u32 distance;
	__s32 kernel_distance;
};

/**
 * struct dvp_importer_routes - ask about the paths to a function's memory
 * @provider: function that has the memory
 * @cpu: enum dvp_importer_cpu
 * @family: of that CPU
 * @capacity: how many there is room for at @routes
 * @count: out: how many functions there are
 * @kernel_knows: out: the kernel has CONFIG_PCI_P2PDMA
 * @routes: user address of an array of struct dvp_importer_route
 */
struct dvp_importer_routes {
	struct dvp_importer_function provider;
	__u32 cpu;
	__u32 family;
	__u32 capacity;
	__u32 count;
	__u32 kernel_knows;
	__u64 routes;
};

/**
 * struct dvp_importer_window - move a host bridge's windows
 * @function: any function below the host bridge
 * @offset: CPU address minus bus address, for all memory windows
 */
struct dvp_importer_window {
	struct dvp_importer_function function;
	__u32 reserved;
	__u64 offset;
};

/**
 * struct dvp_importer_peek - read physical memory
 * @address: physical address
 * @data: user address; gets the bytes
 * @length: within a page; 8 for registers
 */
struct dvp_importer_peek {
	__u64 address;
	__u64 data;
	__u32 length;
	__u32 reserved;
};

/* @hold of a probe: the call is held before it begins. */
#define DVP_IMPORTER_HOLD_CALL 1
/* The same; only the calls of kernel threads count. */
#define DVP_IMPORTER_HOLD_KERNEL 2
/* The call is held when it is about to return. */
#define DVP_IMPORTER_HOLD_RETURN 3

/**
 * struct dvp_importer_probe - watch calls of a kernel function
 * @function: its name
 * @argument: index of the argument to record, from 0
 * @fail_from: number of the first call that fails, from 1
 * @fail_calls: number of consecutive calls that fail, 0 for none
 * @result: return value of the calls that fail
 * @hold: whether to hold the first call until it is released or the probe ends:
 *	0 or DVP_IMPORTER_HOLD_*.  The caller must be able to sleep, and the function
 *	have at most six arguments.  One probe at a time holds.
 *
 * Only calls of the calling process count, or with DVP_IMPORTER_HOLD_KERNEL those
 * of kernel threads.
 */
struct dvp_importer_probe {
	char function[64];
	__u32 argument;
	__u32 fail_from;
	__u32 fail_calls;
	__u32 hold;
	__s64 result;
};

/**
 * struct dvp_importer_probed - what was seen of a watched function
 * @calls: how many there were
 * @held: one of them is held
 * @values: recorded argument of the first calls
 */
struct dvp_importer_probed {
	__u32 calls;
	__u32 held;
	__u64 values[32];
};

/**
 * struct dvp_importer_reserve - give every IOMMU group another reserved region
 * @start: DMA address
 * @length: in bytes
 * @type: enum iommu_resv_type
 *
 * It exists until the file is closed, for callers in the calling process.
 */
struct dvp_importer_reserve {
	__u64 start;
	__u64 length;
	__u32 type;
	__u32 reserved;
};

/**
 * enum dvp_importer_measured - what to measure
 * @DVP_MEASURE_CLOCK: the clock itself, and a thousand no-ops
 * @DVP_MEASURE_ATTACH: attach, and detach
 * @DVP_MEASURE_FIRST: attach and map, and unmap and detach
 * @DVP_MEASURE_MAP: map, and unmap
 * @DVP_MEASURE_MAP_AGAIN: a second mapping of a mapped attachment
 * @DVP_MEASURE_FLOOR: fill an IOMMU page table, and empty it
 */
enum dvp_importer_measured {
	DVP_MEASURE_CLOCK,
	DVP_MEASURE_ATTACH,
	DVP_MEASURE_FIRST,
	DVP_MEASURE_MAP,
	DVP_MEASURE_MAP_AGAIN,
	DVP_MEASURE_FLOOR,
};

/**
 * struct dvp_importer_measure - measure the cost of kernel calls
 * @what: enum dvp_importer_measured
 * @repeat: number of runs
 * @fd: the dma-buf; need not be attached
 * @pieces: of the floor: how many calls fill the table
 * @address: of the floor: where the first piece is
 * @length: of the floor: of each piece
 * @stride: of the floor: from one piece to the next
 * @make: out: the least that the first call took, by the CPU's counter
 * @undo: out: the least that the second one took
 */
struct dvp_importer_measure {
	__u32 what;
	__u32 repeat;
	__s32 fd;
	__u32 pieces;
	__u64 address;
	__u64 length;
	__u64 stride;
	__u64 make;
	__u64 undo;
};

/* Number of notifications that are recorded; number n is at index n modulo this. */
#define DVP_IMPORTER_SIGHTS 8

#define DVP_IMPORTER_INFO	_IOR('D', 0, struct dvp_importer_info)
#define DVP_IMPORTER_ATTACH	_IOW('D', 1, struct dvp_importer_attach)
#define DVP_IMPORTER_DETACH	_IO('D', 2)
/* The argument is enum dma_data_direction; 0 is DMA_BIDIRECTIONAL. */
#define DVP_IMPORTER_MAP	_IO('D', 3)
#define DVP_IMPORTER_UNMAP	_IO('D', 4)
#define DVP_IMPORTER_PIN	_IO('D', 5)
#define DVP_IMPORTER_UNPIN	_IO('D', 6)
#define DVP_IMPORTER_REPORT	_IOWR('D', 7, struct dvp_importer_report)
#define DVP_IMPORTER_TRANSFER	_IOW('D', 8, struct dvp_importer_transfer)
/* The argument is the number of bits; only while nothing is attached. */
#define DVP_IMPORTER_DMA_MASK	_IO('D', 9)
#define DVP_IMPORTER_DISGUISE	_IOW('D', 10, struct dvp_importer_disguise)
#define DVP_IMPORTER_ACS	_IOW('D', 11, struct dvp_importer_acs)
/* Adds a fence to the buffer that signals after the argument in milliseconds. */
#define DVP_IMPORTER_WORK	_IO('D', 12)
/* Once for each attached dma-buf. */
#define DVP_IMPORTER_WATCH	_IOW('D', 13, struct dvp_importer_watch)
/* The argument is an array of DVP_IMPORTER_SIGHTS. */
#define DVP_IMPORTER_SEEN	_IOR('D', 14, struct dvp_importer_sight)
#define DVP_IMPORTER_PRETEND	_IOW('D', 15, struct dvp_importer_pretend)
#define DVP_IMPORTER_ROUTES	_IOWR('D', 16, struct dvp_importer_routes)
#define DVP_IMPORTER_WINDOW	_IOW('D', 17, struct dvp_importer_window)

/*
 * Starts a write of the device, and unmaps shortly before the write reaches the bus.
 * Returns 1 if the mapping was gone before that, else 0.
 */
#define DVP_IMPORTER_UNMAP_LATE	_IOW('D', 20, struct dvp_importer_transfer)

#define DVP_IMPORTER_PEEK	_IOW('D', 21, struct dvp_importer_peek)
/* One function at a time. */
#define DVP_IMPORTER_PROBE	_IOW('D', 22, struct dvp_importer_probe)
#define DVP_IMPORTER_PROBED	_IOR('D', 23, struct dvp_importer_probed)

/*
 * Maps into a domain of the importer's own, by the exporter's physical list; a
 * report then describes it.  The argument is the version of the list.
 */
#define DVP_IMPORTER_MAP_OWN	_IO('D', 24)
#define DVP_IMPORTER_RESERVE	_IOW('D', 25, struct dvp_importer_reserve)
/* Reads what a probe has seen so far. */
#define DVP_IMPORTER_LOOK	_IOR('D', 28, struct dvp_importer_probed)
/* Lets the call that a probe holds go on. */
#define DVP_IMPORTER_RELEASE	_IO('D', 29)
/* 1 removes the attachment from the dma-buf's list, mapped or not; 0 adds it again. */
#define DVP_IMPORTER_HIDE	_IO('D', 30)
#define DVP_IMPORTER_MEASURE	_IOWR('D', 31, struct dvp_importer_measure)
#define DVP_IMPORTER_WALK	_IOWR('D', 40, struct dvp_importer_walk)

#endif /* DVP_IMPORTER_H */
