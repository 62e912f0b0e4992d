// SPDX-License-Identifier: GPL-2.0-only
/* What userspace asks for, and what it gets: see docs/use-from-c.md. */
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "bench.h"
#include "suites.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define MAX_RANGES	262144UL

#define GET	(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF)
#define SET	(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_BUF)
#define PROBE	(VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_DMA_BUF)

/* A request for one range, as it lies in memory. */
struct request {
	struct {	/* struct vfio_device_feature */
		uint32_t argsz;
		uint32_t flags;
	} header;
	struct {	/* struct vfio_device_feature_dma_buf */
		uint32_t region_index;
		uint32_t open_flags;
		uint32_t flags;
		uint32_t nr_ranges;
		struct vfio_region_dma_range range;
	} body;
};

#define FIXED_PART offsetof(struct request, body.range)

static struct request one_page(void)
{
	return (struct request) {
		.header = {
			.argsz = sizeof(struct request),
			.flags = GET,
		},
		.body = {
			.region_index = BAR2,
			.open_flags = O_RDWR | O_CLOEXEC,
			.nr_ranges = 1,
			.range = { 0, PAGE },
		},
	};
}

static int ask(struct vfio *vfio, const void *request)
{
	int ret = ioctl(vfio->device, VFIO_DEVICE_FEATURE, request);

	return ret < 0 ? -errno : bench_keep(ret);
}

static void probe(void **state)
{
	struct vfio *vfio = bench_open_memory();

	(void)state;
	assert_int_equal(assert_ok(vfio_feature(vfio, PROBE, NULL, 0)), 0);
}

static void probe_get(void **state)
{
	struct vfio *vfio = bench_open_memory();

	(void)state;
	assert_int_equal(assert_ok(vfio_feature(vfio, PROBE | GET, NULL, 0)),
			 0);
}

static void set(void **state)
{
	static const uint32_t forms[] = {
		SET, SET | PROBE, SET | GET, SET | GET | PROBE,
	};
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		request.header.flags = forms[i];
		assert_error(ask(vfio, &request), EINVAL);
	}
}

static void no_direction(void **state)
{
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();

	(void)state;
	request.header.flags = VFIO_DEVICE_FEATURE_DMA_BUF;
	assert_error(ask(vfio, &request), EINVAL);
}

static void short_argsz(void **state)
{
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();

	(void)state;
	for (request.header.argsz = 0; request.header.argsz < FIXED_PART;
	     request.header.argsz++)
		assert_error(ask(vfio, &request), EINVAL);
}

static void flags(void **state)
{
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();
	unsigned int bit;

	(void)state;
	for (bit = 0; bit < 32; bit++) {
		request.body.flags = 1U << bit;
		assert_error(ask(vfio, &request), EINVAL);
	}
}

static void no_ranges(void **state)
{
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();

	(void)state;
	request.body.nr_ranges = 0;
	assert_error(ask(vfio, &request), EINVAL);
}

/* Regions, ended by a 0, which is a BAR that each device has. */
static const uint32_t no_bars[] = {
	VFIO_PCI_ROM_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX,
	VFIO_PCI_VGA_REGION_INDEX, VFIO_PCI_NUM_REGIONS,
	0x7fffffff, 0x80000000, 0xffffffff, 0
};

/* ivshmem-plain has no BAR 1; BAR 3 is the upper half of BAR 2. */
static const uint32_t absent_bars[] = { 1, 3, 4, 5, 0 };

static void no_memory(void **state)
{
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();
	const uint32_t *index;

	for (index = *state; *index; index++) {
		request.body.region_index = *index;
		assert_error(ask(vfio, &request), ENODEV);
	}
}

static void rom(void **state)
{
	const char *bdf = bench_find(VGA, 0);
	struct request request = one_page();
	struct bar bar;

	(void)state;
	assert_ok(device_bar(bdf, VFIO_PCI_ROM_REGION_INDEX, &bar));
	assert_true(bar.flags & BAR_MEM);
	request.body.region_index = VFIO_PCI_ROM_REGION_INDEX;
	assert_error(ask(bench_open(bdf), &request), ENODEV);
}

static void io_bar(void **state)
{
	const char *bdf = bench_find(E1000E, 0);
	struct request request = one_page();
	struct vfio *vfio;
	struct bar bar;

	(void)state;
	assert_ok(device_bar(bdf, BAR2, &bar));
	assert_true(bar.flags & BAR_IO);
	vfio = bench_open(bdf);
	assert_error(ask(vfio, &request), expects(io_bar));
}

static const struct vfio_region_dma_range empty = { 0, 0 };
static const struct vfio_region_dma_range unaligned_offset = { PAGE / 2, PAGE };
static const struct vfio_region_dma_range unaligned_length = { 0, PAGE + 1 };

static void refused(void **state)
{
	struct vfio *vfio = bench_open_memory();

	assert_error(vfio_export(vfio, BAR2, *state, 1, O_RDWR), EINVAL);
}

static void past_bar(void **state)
{
	struct vfio *vfio = bench_open_memory();
	uint64_t size = bench_memory_size(vfio);

	(void)state;
	assert_error(vfio_export_range(vfio, BAR2, size, PAGE), EINVAL);
	assert_error(vfio_export_range(vfio, BAR2, 0, size + PAGE), EINVAL);
	assert_error(vfio_export_range(vfio, BAR2, size - PAGE, 2 * PAGE),
		     EINVAL);
	assert_error(vfio_export_range(vfio, BAR2, 1ULL << 62, PAGE), EINVAL);
}

/* Either errno is right: which sum wraps first is the exporter's business. */
static void assert_overflow(int ret)
{
	if (ret != -EINVAL)
		assert_error(ret, EOVERFLOW);
}

static void offset_wraps(void **state)
{
	struct vfio *vfio = bench_open_memory();

	(void)state;
	assert_overflow(vfio_export_range(vfio, BAR2, -PAGE, PAGE));
	assert_overflow(vfio_export_range(vfio, BAR2, -PAGE, 2 * PAGE));
	assert_overflow(vfio_export_range(vfio, BAR2, PAGE, -PAGE));
	assert_overflow(vfio_export_range(vfio, BAR2, 0, -PAGE));
}

static void total_wraps(void **state)
{
	const struct vfio_region_dma_range ranges[] = {
		{ 0, 1ULL << 63 }, { 0, 1ULL << 63 }, { 0, PAGE },
	};
	struct vfio *vfio = bench_open_memory();

	(void)state;
	assert_overflow(vfio_export(vfio, BAR2, ranges, ARRAY_SIZE(ranges),
				    O_RDWR));
}

static void one_bad_range(void **state)
{
	struct vfio_region_dma_range ranges[] = {
		{ 0, PAGE }, { PAGE, PAGE }, { 2 * PAGE, PAGE },
	};
	struct vfio *vfio = bench_open_memory();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		ranges[i].length = 0;
		assert_error(vfio_export(vfio, BAR2, ranges,
					 ARRAY_SIZE(ranges), O_RDWR), EINVAL);
		ranges[i].length = PAGE;
	}
}

/* A request that ends where the memory that can be read ends. */
static int ask_across_edge(struct vfio *vfio, const struct request *request,
			   size_t readable)
{
	uint8_t *memory;
	int ret;

	memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_sys(munmap(memory + PAGE, PAGE));
	memcpy(memory + PAGE - readable, request, readable);
	ret = ask(vfio, memory + PAGE - readable);
	munmap(memory, PAGE);
	return ret;
}

static void unreadable(void **state)
{
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();

	(void)state;
	/* Not the header, not the fixed part, not the first or second range. */
	assert_error(ask(vfio, NULL), EFAULT);
	assert_error(ask_across_edge(vfio, &request, 4), EFAULT);
	assert_error(ask_across_edge(vfio, &request,
				     sizeof(request.header)), EFAULT);
	assert_error(ask_across_edge(vfio, &request, FIXED_PART - 4), EFAULT);
	assert_error(ask_across_edge(vfio, &request, FIXED_PART), EFAULT);
	assert_error(ask_across_edge(vfio, &request, sizeof(request) - 8),
		     EFAULT);
	request.body.nr_ranges = 2;
	assert_error(ask_across_edge(vfio, &request, sizeof(request)), EFAULT);
}

/* argsz bounds the fixed part; the number of ranges says where they end. */
static void ranges_past_argsz(void **state)
{
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();

	(void)state;
	request.header.argsz = FIXED_PART;
	assert_ok(ask(vfio, &request));
}

/* Pages of which none follows the one before. */
static int export_pages(struct vfio *vfio, uint32_t count)
{
	struct vfio_region_dma_range *ranges;
	uint32_t i;
	int buffer;

	ranges = test_calloc(count, sizeof(*ranges));
	for (i = 0; i < count; i++) {
		ranges[i].offset = i * 2 % (4 * MIB / PAGE) * PAGE;
		ranges[i].length = PAGE;
	}
	buffer = vfio_export(vfio, BAR2, ranges, count, O_RDWR);
	test_free(ranges);
	return buffer < 0 ? buffer : bench_keep(buffer);
}

/* The largest number; none of them is looked at. */
static void too_many_ranges(void **state)
{
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();

	(void)state;
	assert_error(export_pages(vfio, MAX_RANGES + 1), ENOMEM);
	request.body.nr_ranges = MAX_RANGES + 1;
	assert_error(ask(vfio, &request), ENOMEM);
	request.body.nr_ranges = 0xffffffff;
	assert_error(ask(vfio, &request), ENOMEM);
}

static void most_ranges(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = assert_ok(export_pages(vfio, MAX_RANGES));

	(void)state;
	assert_int_equal(lseek(buffer, 0, SEEK_END), MAX_RANGES * PAGE);
}

/* The whole BAR again and again, which page tables would have to map so often. */
static void most_bytes(void **state)
{
	static struct vfio_region_dma_range ranges[32768];
	struct vfio *vfio = bench_open_memory();
	uint64_t size = bench_memory_size(vfio);
	unsigned int count = (64ULL << 30) / size, i;

	(void)state;
	assert_true(count > 2 && count < ARRAY_SIZE(ranges));
	for (i = 0; i <= count; i++)
		ranges[i].length = size;
	bench_drop(bench_keep(assert_ok(vfio_export(vfio, BAR2, ranges, count,
						    O_RDWR))));
	assert_error(vfio_export(vfio, BAR2, ranges, count + 1, O_RDWR),
		     ENOMEM);
}

/* Ranges, ended by an empty one. */
static const struct vfio_region_dma_range overlapping[] = {
	{ 0, 4 * PAGE }, { 2 * PAGE, 4 * PAGE }, {}
};

static const struct vfio_region_dma_range repeated[] = {
	{ PAGE, PAGE }, { PAGE, PAGE }, { PAGE, PAGE }, {}
};

static const struct vfio_region_dma_range out_of_order[] = {
	{ 8 * PAGE, PAGE }, { 0, 2 * PAGE }, { 4 * PAGE, PAGE }, {}
};

static const struct vfio_region_dma_range with_gaps[] = {
	{ 0, PAGE }, { 2 * PAGE, PAGE }, { MIB, MIB }, {}
};

static void accepted(void **state)
{
	const struct vfio_region_dma_range *ranges = *state;
	struct vfio *vfio = bench_open_memory();
	uint32_t count = 0;
	uint64_t sum = 0;
	int buffer;

	while (ranges[count].length)
		sum += ranges[count++].length;
	buffer = bench_export_ranges(vfio, BAR2, ranges, count);
	assert_int_equal(lseek(buffer, 0, SEEK_END), sum);
}

static void close_on_exec(void **state)
{
	const struct vfio_region_dma_range range = { 0, PAGE };
	struct vfio *vfio = bench_open_memory();
	int with, without;

	(void)state;
	with = bench_keep(assert_ok(vfio_export(vfio, BAR2, &range, 1,
						O_RDWR | O_CLOEXEC)));
	without = bench_keep(assert_ok(vfio_export(vfio, BAR2, &range, 1,
						   O_RDWR)));
	assert_int_equal(fcntl(with, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(without, F_GETFD), 0);
}

static void access_mode(void **state)
{
	static const uint32_t modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	const struct vfio_region_dma_range range = { 0, PAGE };
	struct vfio *vfio = bench_open_memory();
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		fd = bench_keep(assert_ok(vfio_export(vfio, BAR2, &range, 1,
						      modes[i])));
		assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, modes[i]);
	}
}

static void unknown_open_flags(void **state)
{
	const struct vfio_region_dma_range range = { 0, PAGE };
	struct vfio *vfio = bench_open_memory();
	static const uint32_t unknown[] = {
		O_NONBLOCK, O_APPEND, O_CREAT, O_DIRECT, O_PATH, 1U << 31,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_error(vfio_export(vfio, BAR2, &range, 1, unknown[i]),
			     EINVAL);
}

static void no_free_fd(void **state)
{
	struct request request = one_page();
	struct vfio *vfio = bench_open_memory();
	struct rlimit limit, full;
	int i, ret = -EMFILE;

	(void)state;
	assert_sys(getrlimit(RLIMIT_NOFILE, &limit));
	full = limit;
	/* The lowest free number is past the limit. */
	full.rlim_cur = dup(vfio->device);
	close(full.rlim_cur);
	assert_sys(setrlimit(RLIMIT_NOFILE, &full));
	/* kmemleak may overlook a single buffer that is left behind. */
	for (i = 0; i < 20 && ret == -EMFILE; i++)
		ret = ioctl(vfio->device, VFIO_DEVICE_FEATURE, &request) < 0 ?
			-errno : 0;
	assert_sys(setrlimit(RLIMIT_NOFILE, &limit));
	assert_error(ret, EMFILE);
	assert_ok(ask(vfio, &request));
}

#define EXPORT(name, function) TEST("export", name, function)
#define EXPORT_WITH(name, function, data) \
	TEST_WITH("export", name, function, data)

int suite_export(void)
{
	const struct CMUnitTest tests[] = {
		EXPORT("PROBE alone finds the feature", probe),
		EXPORT("PROBE with GET finds the feature", probe_get),
		EXPORT("SET in any form is refused", set),
		EXPORT("neither GET nor SET nor PROBE is refused",
		       no_direction),
		EXPORT("argsz short of the fixed part is refused",
		       short_argsz),
		EXPORT("each bit of flags is refused", flags),
		EXPORT("no ranges at all are refused", no_ranges),
		EXPORT_WITH("a region that is no BAR is no device", no_memory,
			    no_bars),
		EXPORT_WITH("a BAR that the device has not got is no device",
			    no_memory, absent_bars),
		EXPORT("an expansion ROM is no device", rom),
		EXPORT("an I/O BAR is refused", io_bar),
		EXPORT_WITH("a range of length 0 is refused", refused, &empty),
		EXPORT_WITH("an offset within a page is refused", refused,
			    &unaligned_offset),
		EXPORT_WITH("a length of a part of a page is refused", refused,
			    &unaligned_length),
		EXPORT("a range past the BAR is refused", past_bar),
		EXPORT("offset and length that wrap are refused",
		       offset_wraps),
		EXPORT("a total length that wraps is refused", total_wraps),
		EXPORT("one bad range among good ones is refused",
		       one_bad_range),
		EXPORT("memory that cannot be read is a fault", unreadable),
		EXPORT("ranges may lie past argsz", ranges_past_argsz),
		EXPORT("more than 262144 ranges are refused", too_many_ranges),
		EXPORT("262144 ranges make one buffer", most_ranges),
		EXPORT_WITH("overlapping ranges are accepted", accepted,
			    overlapping),
		EXPORT_WITH("repeated ranges are accepted", accepted, repeated),
		EXPORT_WITH("ranges out of order are accepted", accepted,
			    out_of_order),
		EXPORT_WITH("ranges with gaps are accepted", accepted,
			    with_gaps),
		EXPORT("O_CLOEXEC decides about close-on-exec",
		       close_on_exec),
		EXPORT("the access mode is that of open_flags", access_mode),
		EXPORT("without a free descriptor the export fails cleanly",
		       no_free_fd),
	};
	const struct CMUnitTest checked[] = {
		EXPORT("unknown open_flags are refused", unknown_open_flags),
	};
	const struct CMUnitTest bounded[] = {
		EXPORT("repeated ranges of more than 64 GiB in sum are refused",
		       most_bytes),
	};
	int failed;

	failed = run_group("export", tests);
	if (expects(checks_open_flags))
		failed += run_group("export", checked);
	if (expects(bounds_size))
		failed += run_group("export", bounded);
	return failed;
}
