// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user decides when the kernel gets to read what is written to config space,
 * and what it reads: part of it lies on a page that is missing until the user
 * supplies it.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "events.h"
#include "suites.h"

static const struct place nvme = PLACE_NVME;

/**
 * struct trap - a write of the first registers that waits for its pages
 * @vfio: the device that is written to
 * @memory: two pages; the registers lie across the edge between them
 * @contents: what the pages will contain
 * @start: of the registers in either
 * @first: register that @start is
 * @count: bytes
 * @uffd: tells which page somebody reads
 */
struct trap {
	struct vfio *vfio;
	uint8_t *memory;
	uint8_t contents[2 * PAGE];
	size_t start;
	unsigned int first;
	size_t count;
	int uffd;
};

/* From register @first on, of which those from @edge on are on the other page. */
static void set_trap(struct trap *trap, struct vfio *vfio, unsigned int first,
		     unsigned int edge, size_t count)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range.len = 2 * PAGE,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	trap->vfio = vfio;
	trap->first = first;
	trap->count = count;
	trap->start = PAGE - (edge - first);
	assert_ok(vfio_read(vfio, CONFIG, first, trap->contents + trap->start,
			    count));
	trap->memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(trap->memory, MAP_FAILED);
	trap->uffd = bench_keep(syscall(SYS_userfaultfd, O_CLOEXEC));
	assert_sys(ioctl(trap->uffd, UFFDIO_API, &api));
	range.range.start = (uintptr_t)trap->memory;
	assert_sys(ioctl(trap->uffd, UFFDIO_REGISTER, &range));
}

static void *spring_trap(void *arg)
{
	struct trap *trap = arg;
	int ret = vfio_write(trap->vfio, CONFIG, trap->first,
			     trap->memory + trap->start, trap->count);

	return (void *)(intptr_t)ret;
}

/* Which of the two pages somebody reads now: 0 or 1. */
static unsigned int missing_page(struct trap *trap)
{
	struct uffd_msg msg;

	assert_int_equal(read(trap->uffd, &msg, sizeof(msg)), sizeof(msg));
	assert_int_equal(msg.event, UFFD_EVENT_PAGEFAULT);
	return (msg.arg.pagefault.address - (uintptr_t)trap->memory) / PAGE;
}

static void supply_page(struct trap *trap, unsigned int page)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)trap->memory + page * PAGE,
		.src = (uintptr_t)trap->contents + page * PAGE,
		.len = PAGE,
	};

	assert_sys(ioctl(trap->uffd, UFFDIO_COPY, &copy));
}

static void end_trap(struct trap *trap, pthread_t writer)
{
	void *ret;

	assert_int_equal(pthread_join(writer, &ret), 0);
	assert_ok((intptr_t)ret);
	munmap(trap->memory, 2 * PAGE);
}

/*
 * Whoever looks ahead reads the command's page before the one that the core
 * reads first: then it is too late, and the memory goes off under the mapping.
 */
static void off_after_all(void **state)
{
	struct dvp_importer_sight sights[DVP_IMPORTER_SIGHTS];
	struct subject subject;
	pthread_t writer;
	struct trap trap;
	bool ahead;

	(void)state;
	subject_open(&subject, &nvme);
	set_trap(&trap, subject.vfio, PCI_VENDOR_ID, PCI_COMMAND, 8);
	assert_int_equal(pthread_create(&writer, NULL, spring_trap, &trap), 0);
	ahead = missing_page(&trap) == 1;
	supply_page(&trap, ahead);
	assert_int_equal(missing_page(&trap), !ahead);
	if (ahead)
		trap.memory[PAGE] &= ~PCI_COMMAND_MEMORY;
	supply_page(&trap, !ahead);
	end_trap(&trap, writer);

	assert_int_equal(ahead, bench_is_ours());
	if (!ahead) {
		subject_is_untouched(&subject, 0);
		return;
	}
	subject_is_revoked(&subject, 1);
	assert_ok(importer_seen(subject.importer, sights));
	assert_int_equal(!(sights[0].command & PCI_COMMAND_MEMORY),
			 expects(looks_ahead));
	bench_decoding(subject.vfio, true);
	subject_is_restored(&subject, 2);
}

/* What comes after the command in the same write may take for ever. */
static void rest_takes_long(void **state)
{
	struct subject subject;
	pthread_t writer;
	struct trap trap;

	(void)state;
	subject_open(&subject, &nvme);
	set_trap(&trap, subject.vfio, PCI_COMMAND, PCI_CLASS_REVISION, 8);
	trap.contents[trap.start] &= ~PCI_COMMAND_MEMORY;
	supply_page(&trap, 0);
	assert_int_equal(pthread_create(&writer, NULL, spring_trap, &trap), 0);
	assert_int_equal(missing_page(&trap), 1);
	subject_is_revoked(&subject, 1);
	bench_decoding(subject.vfio, true);
	subject_is_restored(&subject, 2);
	supply_page(&trap, 1);
	end_trap(&trap, writer);
	subject_is_untouched(&subject, 2);
}

#define FOOLED(name, function) TEST("fooled", name, function)

int suite_fooled(void)
{
	const struct CMUnitTest tests[] = {
		FOOLED("memory on when looked at, off when written, revokes",
		       off_after_all),
		FOOLED("the rest of a write does not hold up the restore",
		       rest_takes_long),
	};

	return run_group("fooled", tests);
}
