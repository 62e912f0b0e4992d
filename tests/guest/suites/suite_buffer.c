// SPDX-License-Identifier: GPL-2.0-only
/* Which BARs leave as a dma-buf, and what userspace holds of one. */
#include <stdio.h>
#include <sys/wait.h>

#include "bench.h"
#include "suites.h"

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define BAR2	VFIO_PCI_BAR2_REGION_INDEX

static void whole_bar(void **state)
{
	struct vfio *vfio = bench_open_memory();
	uint64_t size = bench_memory_size(vfio);
	int buffer;

	(void)state;
	buffer = bench_export(vfio, BAR2, 0, size);
	assert_int_equal(lseek(buffer, 0, SEEK_END), size);
	assert_int_equal(lseek(buffer, 0, SEEK_SET), 0);
}

static void last_page(void **state)
{
	struct vfio *vfio = bench_open_memory();
	uint64_t size = bench_memory_size(vfio);
	int buffer;

	(void)state;
	buffer = bench_export(vfio, BAR2, size - PAGE, PAGE);
	assert_int_equal(lseek(buffer, 0, SEEK_END), PAGE);
}

/* A whole BAR of the given kind leaves as a dma-buf. */
static void export_kind(const char *bdf, unsigned int index, uint64_t kind)
{
	const uint64_t mask = BAR_IO | BAR_MEM | BAR_PREFETCH | BAR_MEM_64;
	struct vfio *vfio;
	struct bar bar;
	int buffer;

	assert_ok(device_bar(bdf, index, &bar));
	assert_int_equal(bar.flags & mask, kind);
	vfio = bench_open(bdf);
	buffer = bench_export(vfio, index, 0, bar.size);
	assert_int_equal(lseek(buffer, 0, SEEK_END), bar.size);
}

static void bar_32(void **state)
{
	(void)state;
	export_kind(bench_find(E1000E, 0), BAR0, BAR_MEM);
}

static void bar_32_prefetchable(void **state)
{
	(void)state;
	export_kind(bench_find(VGA, 0), BAR0, BAR_MEM | BAR_PREFETCH);
}

static void bar_64(void **state)
{
	(void)state;
	export_kind(bench_find(NVME, 0), BAR0, BAR_MEM | BAR_MEM_64);
}

static void bar_64_prefetchable(void **state)
{
	(void)state;
	export_kind(bench_find(IVSHMEM, 0), BAR2,
		    BAR_MEM | BAR_MEM_64 | BAR_PREFETCH);
}

static void bar_below_page(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	struct vfio *vfio;
	struct bar bar;

	(void)state;
	assert_ok(device_bar(bdf, BAR0, &bar));
	assert_in_range(bar.size, 1, PAGE - 1);
	vfio = bench_open(bdf);
	assert_error(vfio_export_range(vfio, BAR0, 0, bar.size), EINVAL);
	assert_error(vfio_export_range(vfio, BAR0, 0, PAGE), EINVAL);
}

static void decoding_off(void **state)
{
	int importer = bench_importer(bench_find(EDU, 0));
	struct vfio *vfio = bench_open_memory();
	int buffer;

	(void)state;
	bench_decoding(vfio, false);
	buffer = bench_export(vfio, BAR2, 0, PAGE);
	assert_error(importer_attach(importer, buffer), ENODEV);

	bench_decoding(vfio, true);
	assert_ok(importer_attach(importer, buffer));
	assert_ok(importer_map(importer));
}

/* Runs examples/export-range.c as a user would; returns its exit status. */
static int run_example(const char *bdf, char *output, size_t size)
{
	const char *const argv[] = {
		"export-range", bdf, "2", "0x1000", "0x3000", NULL
	};
	int ends[2], status;
	ssize_t length;
	pid_t child;

	assert_sys(pipe(ends));
	child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	close(ends[1]);
	length = read(ends[0], output, size - 1);
	output[length > 0 ? length : 0] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void example(void **state)
{
	const char *bdf = bench_find(IVSHMEM, 0);
	char output[128];
	int fd, size;

	(void)state;
	assert_ok(device_bind(bdf, bench_driver()));
	assert_int_equal(run_example(bdf, output, sizeof(output)), 0);
	if (sscanf(output, "dma-buf: file descriptor %d, %d bytes", &fd,
		   &size) != 2)
		fail_msg("it says: %s", output);
	assert_int_equal(size, 3 * PAGE);
}

#define BUFFER(name, function) TEST("buffer", name, function)

int suite_buffer(void)
{
	const struct CMUnitTest tests[] = {
		BUFFER("the whole BAR can be exported", whole_bar),
		BUFFER("the last page of the BAR can be exported", last_page),
		BUFFER("a 32-bit BAR can be exported", bar_32),
		BUFFER("a 32-bit prefetchable BAR can be exported",
		       bar_32_prefetchable),
		BUFFER("a 64-bit BAR can be exported", bar_64),
		BUFFER("a 64-bit prefetchable BAR can be exported",
		       bar_64_prefetchable),
		BUFFER("a BAR smaller than a page is refused", bar_below_page),
		BUFFER("with decoding off the buffer is revoked until it is on",
		       decoding_off),
		BUFFER("the example program exports a range", example),
	};

	return run_group("buffer", tests);
}
