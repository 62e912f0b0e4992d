// SPDX-License-Identifier: GPL-2.0-only
/*
 * What looks for pages in a slice that a process has mapped: there are none, and it must
 * say so.  A virtual machine needs none.
 */
#include <fcntl.h>
#include <glob.h>
#include <linux/io_uring.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "bench.h"
#include "modules.h"
#include "slice.h"
#include "suites.h"
#include "touch.h"

/* The kernel finds no pages there, and says so. */
static void other_readers(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE), file;
	uint8_t *memory = slice_map(buffer, SLICE, 0), byte;
	struct iovec there = { memory, 1 }, here = { &byte, 1 };
	int ends[2];

	(void)state;
	assert_true(touch(memory) >= 0);
	file = open("/proc/self/mem", O_RDWR);
	assert_true(file >= 0);
	bench_keep(file);
	assert_int_equal(pread(file, &byte, 1, (off_t)(uintptr_t)memory), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(process_vm_readv(getpid(), &here, 1, &there, 1, 0), -1);
	assert_int_equal(errno, EFAULT);
	/* Takes references on pages, as O_DIRECT and io_uring do. */
	assert_sys(pipe(ends));
	assert_int_equal(vmsplice(ends[1], &there, 1, 0), -1);
	assert_int_equal(errno, EFAULT);
	close(ends[0]);
	close(ends[1]);
	assert_sys(munmap(memory, SLICE));
}

static void debugger(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE), status;
	uint8_t *memory = slice_map(buffer, SLICE, 0);
	pid_t child;

	(void)state;
	assert_true(touch(memory) >= 0);
	child = fork();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	errno = 0;
	ptrace(PTRACE_PEEKDATA, child, &vfio, NULL);
	assert_int_equal(errno, 0);
	assert_int_equal(ptrace(PTRACE_PEEKDATA, child, memory, NULL), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(ptrace(PTRACE_POKEDATA, child, memory, NULL), -1);
	assert_int_equal(errno, EIO);
	assert_sys(ptrace(PTRACE_CONT, child, NULL, NULL));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_sys(munmap(memory, SLICE));
}

/* It would keep its buffers pinned for as long as it likes. */
static void registered(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE), ring;
	uint8_t *memory = slice_map(buffer, SLICE, 0);
	struct iovec slice = { memory, PAGE }, own = { malloc(PAGE), PAGE };
	struct io_uring_params params = { 0 };

	(void)state;
	assert_non_null(own.iov_base);
	assert_true(touch(memory) >= 0);
	/* RHEL 9 has it disabled; older kernels have no such switch. */
	write_file("/proc/sys/kernel/io_uring_disabled", "0");
	ring = syscall(__NR_io_uring_setup, 4, &params);
	assert_sys(ring);
	bench_keep(ring);
	assert_sys(syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS,
			   &own, 1));
	assert_sys(syscall(__NR_io_uring_register, ring, IORING_UNREGISTER_BUFFERS,
			   NULL, 0));
	assert_int_equal(syscall(__NR_io_uring_register, ring,
				 IORING_REGISTER_BUFFERS, &slice, 1), -1);
	assert_int_equal(errno, EFAULT);
	free(own.iov_base);
	assert_sys(munmap(memory, SLICE));
}

/* A disk would write to the device by itself. */
static void direct_io(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE), file;
	uint8_t *memory = slice_map(buffer, SLICE, 0);
	void *own = aligned_alloc(PAGE, PAGE);
	glob_t disks;

	(void)state;
	assert_non_null(own);
	assert_ok(module_load("nvme", NULL));
	assert_ok(device_bind(bench_find(NVME, 0), "nvme"));
	/* The other NVMe controller has none. */
	wait_until(!glob("/dev/nvme*n1", 0, NULL, &disks));
	/* The node is there before the disk can be opened. */
	wait_until((file = open(disks.gl_pathv[0], O_RDWR | O_DIRECT)) >= 0);
	globfree(&disks);
	assert_int_equal(pread(file, own, PAGE, 0), PAGE);
	assert_true(touch(memory) >= 0);
	assert_int_equal(pread(file, memory, PAGE, 0), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(pwrite(file, memory, PAGE, 0), -1);
	assert_int_equal(errno, EFAULT);
	close(file);
	free(own);
	assert_ok(device_unbind(bench_find(NVME, 0)));
	if (module_is_loaded("nvme"))
		wait_until(!module_unload("nvme"));
	assert_sys(munmap(memory, SLICE));
}

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* What walks page tables finds no pages: not in a whole table of them either. */
static void no_pages(void **state)
{
	const int advice[] = {
		MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_DONTNEED,
		MADV_RANDOM, MADV_FREE, MADV_HUGEPAGE, MADV_COLLAPSE,
		MADV_POPULATE_WRITE,
	};
	static const char *const files[] = { "smaps", "numa_maps", "pagemap" };
	struct vfio *vfio = bench_open_memory();
	uint64_t size = bench_memory_size(vfio);
	int buffer = bench_export(vfio, SLICE_BAR, 0, size), file;
	uint8_t *memory = slice_map_aligned(buffer, size);
	char path[64], text[4096];
	unsigned int i;

	(void)state;
	memory[PAGE] = 17;
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		assert_int_equal(touch(memory + PAGE), 17);
		madvise(memory, size, advice[i]);
	}
	assert_int_equal(touch(memory + PAGE), 17);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", files[i]);
		file = open(path, O_RDONLY);
		if (file < 0)
			continue;
		if (!strcmp(files[i], "pagemap"))
			assert_true(pread(file, text, sizeof(text),
					  (uintptr_t)memory / PAGE * 8) > 0);
		else
			while (read(file, text, sizeof(text)) > 0)
				;
		close(file);
	}
	file = open("/proc/self/clear_refs", O_WRONLY);
	if (file >= 0) {
		assert_int_equal(write(file, "1", 1), 1);
		close(file);
	}
	mlock(memory, size);
	assert_int_equal(touch(memory + PAGE), 17);
	bench_decoding(vfio, false);
	assert_int_equal(touch(memory + PAGE), -SIGBUS);
	bench_decoding(vfio, true);
	assert_sys(munmap(memory, size));
}

/*
 * VFIO's type 1 driver would keep a mapping for DMA, and could not be told.  It is the
 * same with the container of any other device.
 */
static void no_dma(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE);
	uint8_t *memory = slice_map(buffer, SLICE, 0);
	struct vfio_iommu_type1_dma_map dma = {
		.argsz = sizeof(dma),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory, .iova = 1ULL << 30, .size = SLICE,
	};

	(void)state;
	assert_true(touch(memory) >= 0);
	assert_int_equal(ioctl(vfio->container, VFIO_IOMMU_MAP_DMA, &dma), -1);
	assert_int_equal(errno, EFAULT);
	assert_sys(munmap(memory, SLICE));
}

#ifdef __x86_64__
/* Where the virtual machine has the slice. */
#define SLOT_AT	0x10000

/**
 * struct virtual_machine - one without devices
 * @kvm: /dev/kvm
 * @vm: the machine
 * @cpu: its CPU
 * @run: what it shares with the kernel
 * @run_size: size of @run in bytes
 */
struct virtual_machine {
	int kvm;
	int vm;
	int cpu;
	struct kvm_run *run;
	size_t run_size;
};

static void give_memory(const struct virtual_machine *machine, unsigned int slot,
			uint64_t where, void *memory, size_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = where, .memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	assert_sys(ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region));
}

/* In real mode, at address 0. */
static void make_machine(struct virtual_machine *machine)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rflags = 2 };

	machine->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	assert_sys(machine->kvm);
	machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0);
	assert_sys(machine->vm);
	machine->cpu = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
	assert_sys(machine->cpu);
	machine->run_size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	machine->run = mmap(NULL, machine->run_size, PROT_READ | PROT_WRITE,
			    MAP_SHARED, machine->cpu, 0);
	assert_ptr_not_equal(machine->run, MAP_FAILED);
	assert_sys(ioctl(machine->cpu, KVM_GET_SREGS, &sregs));
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	assert_sys(ioctl(machine->cpu, KVM_SET_SREGS, &sregs));
	assert_sys(ioctl(machine->cpu, KVM_SET_REGS, &regs));
}

static void close_machine(const struct virtual_machine *machine)
{
	assert_sys(munmap(machine->run, machine->run_size));
	close(machine->cpu);
	close(machine->vm);
	close(machine->kvm);
}

/* What it reads from byte 4 of the slice, or a negative errno. */
static int run(const struct virtual_machine *machine)
{
	if (ioctl(machine->cpu, KVM_RUN, 0))
		return -errno;
	assert_int_equal(machine->run->exit_reason, KVM_EXIT_IO);
	return *((uint8_t *)machine->run + machine->run->io.data_offset);
}

/* It writes 90 to byte 3 of the slice, and sends byte 4 to a port, again and again. */
static const uint8_t program[] = {
	0xb8, 0x00, SLOT_AT >> 12,	/* mov	ax, SLOT_AT / 16 */
	0x8e, 0xd8,			/* mov	ds, ax */
	0xc6, 0x06, 3, 0, 90,		/* mov	byte [3], 90 */
	0xa0, 4, 0,			/* mov	al, [4] */
	0xe6, 0x10,			/* out	0x10, al */
	0xeb, 0xf4,			/* jmp	to the third line */
};

/* KVM follows the page tables, and is told of what leaves them. */
static void virtual_machine(void **state)
{
	struct vfio *vfio = bench_open_memory();
	int buffer = bench_export(vfio, SLICE_BAR, 0, SLICE);
	uint8_t *memory = slice_map(buffer, SLICE, 0), *bar = bench_mmap(vfio, SLICE_BAR);
	void *ram = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct virtual_machine machine;

	(void)state;
	assert_ptr_not_equal(ram, MAP_FAILED);
	memcpy(ram, program, sizeof(program));
	assert_ok(module_load("kvm-amd", NULL));
	make_machine(&machine);
	give_memory(&machine, 0, 0, ram, PAGE);
	give_memory(&machine, 1, SLOT_AT, memory, SLICE);
	bar[3] = 0;
	bar[4] = 77;
	assert_int_equal(run(&machine), 77);
	assert_int_equal(bar[3], 90);

	bench_decoding(vfio, false);
	assert_error(run(&machine), EFAULT);
	bench_decoding(vfio, true);
	bar[3] = 0;
	assert_int_equal(run(&machine), 77);
	assert_int_equal(bar[3], 90);

	bar[3] = 0;
	assert_ok(slice_revoke(vfio, buffer));
	assert_error(run(&machine), EFAULT);
	assert_int_equal(bar[3], 0);
	close_machine(&machine);
	if (module_is_loaded("kvm-amd"))
		assert_ok(module_unload("kvm-amd"));
	assert_sys(munmap(ram, PAGE));
	assert_sys(munmap(memory, SLICE));
}
#endif

#define PAGES(name, function) TEST("pages", name, function)

int suite_pages(void)
{
	const struct CMUnitTest tests[] = {
		PAGES("other processes and the kernel find none", other_readers),
		PAGES("a debugger reads and writes none", debugger),
		PAGES("io_uring registers none", registered),
		PAGES("a disk reads and writes none", direct_io),
		PAGES("what walks page tables finds none", no_pages),
		PAGES("VFIO maps none of it for DMA", no_dma),
#ifdef __x86_64__
		PAGES("a virtual machine has it without, and loses it with a revoke",
		      virtual_machine),
#endif
	};

	return expects(delegates) ? run_group("pages", tests) : 0;
}
