// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz [seed=N] [runs=N]: lets libFuzzer make up sequences of calls, guided by
 * what has run in the driver, as KCOV tells, and by what the calls returned;
 * until so many have run, or until the host says that it is enough.
 *
 * fuzz replay: carries out the one that is in the mailbox.
 *
 * The mailbox is memory that is shared with the host: what is about to be done is
 * written there first, so that the host knows even if the kernel dies of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/kcov.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "fuzz.h"

#define CORPUS		"/tmp/corpus"
#define COUNTERS	32768
#define TRACE		262144

/* Even if the time is over: what is kept, and some more. */
#define LEAST_INPUTS	32

/* How often it is looked whether all still works. */
#define CHECK_INTERVAL	64

/**
 * struct mailbox - what is shared with the host
 * @running: the fuzzer has begun
 * @stop: written by the host when it is enough
 * @text: a case, as fuzz_parse() reads it
 */
struct mailbox {
	atomic_char running;
	atomic_char stop;
	char reserved[4094];
	char text[4096];
};

/* What libFuzzer takes for coverage, and sets to zero before each run. */
__attribute__((section("__libfuzzer_extra_counters"), used))
static uint8_t counters[COUNTERS];

static const char cases[] =
#include "cases.h"
;

static struct mailbox *mailbox;
static struct mailbox no_mailbox;

static unsigned int seed = 1, runs, inputs;

/* Where the driver's code is, and which of it has been seen. */
static unsigned long text_start;
static bool seen_pcs[COUNTERS], seen_edges[COUNTERS];
static unsigned int pcs, edges;

static int kcov = -1;
static atomic_ulong *trace;
static int klog;

static void open_mailbox(void)
{
	const char *bdf = device_find(IVSHMEM, 1);
	char path[128];
	void *memory;
	int fd;

	mailbox = &no_mailbox;
	if (!bdf || device_write_attr(bdf, "enable", "1"))
		return;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2", bdf);
	fd = open(path, O_RDWR | O_CLOEXEC);
	memory = mmap(NULL, sizeof(*mailbox), PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED)
		mailbox = memory;
	close(fd);
}

static void open_kcov(void)
{
	char text[32];

	kcov = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (kcov < 0 || ioctl(kcov, KCOV_INIT_TRACE, TRACE)) {
		printf("# this kernel has no KCOV: what calls return is all there is\n");
		kcov = -1;
		return;
	}
	trace = mmap(NULL, TRACE * sizeof(*trace), PROT_READ | PROT_WRITE,
		     MAP_SHARED, kcov, 0);
	assert_ptr_not_equal(trace, MAP_FAILED);
	assert_ok(read_file("/sys/module/dmabuf_vfio_pci/sections/.text", text,
			    sizeof(text)));
	text_start = strtoul(text, NULL, 16);
}

static void count(unsigned int hash)
{
	uint8_t *counter = &counters[hash % COUNTERS];

	if (*counter < UINT8_MAX)
		++*counter;
}

static unsigned int mix(unsigned int a, unsigned int b)
{
	a = (a * 0x9e3779b1u) ^ b;
	a ^= a >> 15;
	return a * 0x85ebca77u ^ a >> 13;
}

static void note(bool *seen, unsigned int hash, unsigned int *number)
{
	*number += !seen[hash % COUNTERS];
	seen[hash % COUNTERS] = true;
}

/* A step from one place in the driver to the next is what counts. */
static void count_trace(void)
{
	unsigned long number = trace[0], i;
	unsigned int last = 0, pc, edge;

	for (i = 0; i < number; i++) {
		pc = trace[i + 1] - text_start;
		edge = mix(last, pc);
		count(edge);
		note(seen_edges, edge, &edges);
		note(seen_pcs, pc, &pcs);
		last = pc;
	}
}

/* So does an answer that has not been seen after the one before. */
static void count_results(const struct fuzz_case *sequence)
{
	unsigned int last = 0, i, now;

	for (i = 0; i < sequence->count; i++) {
		now = mix(sequence->ops[i].kind + 1,
			  sequence->ops[i].result < 0 ?
			  -sequence->ops[i].result : 0);
		count(mix(last, now));
		last = now;
	}
}

static const char *run_traced(struct fuzz_case *sequence)
{
	const char *wrong;

	if (kcov >= 0) {
		assert_sys(ioctl(kcov, KCOV_ENABLE, KCOV_TRACE_PC));
		trace[0] = 0;
	}
	wrong = fuzz_run(sequence);
	if (kcov >= 0) {
		assert_sys(ioctl(kcov, KCOV_DISABLE, 0));
		count_trace();
	}
	count_results(sequence);
	return wrong;
}

/* What the kernel has complained of since the last call, or NULL. */
static const char *find_complaint(void)
{
	static char text[256];

	while (klog_next(klog, text, sizeof(text)))
		if (klog_offends(text))
			return text;
	return NULL;
}

static void post(const struct fuzz_case *sequence)
{
	char text[sizeof(mailbox->text)] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");

	fprintf(file, "case: found with seed %u\n", seed);
	fuzz_print(sequence, file);
	fclose(file);
	memcpy(mailbox->text, text, sizeof(text));
	/* Nothing of it may come later than what it is about. */
	atomic_thread_fence(memory_order_seq_cst);
}

static _Noreturn void give_up(const char *wrong)
{
	printf("not ok - fuzz: %s\n# after %u inputs with seed %u\n", wrong,
	       inputs, seed);
	fflush(stdout);
	_exit(1);
}

/* libFuzzer puts there whatever is worth being mutated further. */
static size_t corpus_size(void)
{
	glob_t found;
	size_t size;

	if (glob(CORPUS "/*", 0, NULL, &found))
		return 0;
	size = found.gl_pathc;
	globfree(&found);
	return size;
}

static void print_progress(void)
{
	printf("# seed %u: %u inputs, %u places and %u edges of the driver, corpus of %zu\n",
	       seed, inputs, pcs, edges, corpus_size());
	fflush(stdout);
}

static _Noreturn void finish(void)
{
	const char *wrong = fuzz_still_works();

	if (wrong)
		give_up(wrong);
	print_progress();
	if (kcov >= 0 && !pcs)
		give_up("nothing of the driver has been seen");
	printf("ok - fuzz: no sequence goes wrong\n");
	fflush(stdout);
	_exit(0);
}

static void check(struct fuzz_case *sequence)
{
	const char *wrong;

	post(sequence);
	wrong = run_traced(sequence);
	if (!wrong && inputs % CHECK_INTERVAL == 0)
		wrong = fuzz_still_works();
	if (!wrong)
		wrong = find_complaint();
	if (wrong)
		give_up(wrong);
}

static int run_input(const uint8_t *data, size_t size)
{
	struct fuzz_case sequence;

	if ((mailbox->stop && inputs >= LEAST_INPUTS) ||
	    (runs && inputs == runs))
		finish();
	fuzz_decode(&sequence, data, size);
	inputs++;
	check(&sequence);
	if (inputs % 1000 == 0)
		print_progress();
	return 0;
}

static void replay(void)
{
	struct fuzz_case sequence;
	char text[sizeof(mailbox->text) + 1] = "", name[96];

	memcpy(text, mailbox->text, sizeof(mailbox->text));
	if (!fuzz_parse(&sequence, text, name, sizeof(name)))
		give_up("the case is not understood");
	check(&sequence);
	finish();
}

/* The kept cases are what it begins with. */
static void write_corpus(void)
{
	char name[96], path[64];
	struct fuzz_case sequence;
	uint8_t data[FUZZ_BYTES];
	const char *text = cases;
	unsigned int i;
	FILE *file;

	mkdir(CORPUS, 0700);
	for (i = 0; *text; i++) {
		text = fuzz_parse(&sequence, text, name, sizeof(name));
		if (!text)
			give_up("a kept case is not understood");
		snprintf(path, sizeof(path), CORPUS "/%u", i);
		file = fopen(path, "w");
		fwrite(data, fuzz_encode(&sequence, data), 1, file);
		fclose(file);
	}
}

static void fuzz(char *program)
{
	char seed_option[32], length[32];
	char **argv = (char *[]) {
		program, seed_option, length, "-len_control=0", "-timeout=0",
		"-rss_limit_mb=0", "-verbosity=0", CORPUS, NULL
	};
	int argc = 8;

	snprintf(seed_option, sizeof(seed_option), "-seed=%u", seed);
	snprintf(length, sizeof(length), "-max_len=%u", FUZZ_BYTES);
	write_corpus();
	mailbox->running = 1;
	LLVMFuzzerRunDriver(&argc, &argv, run_input);
	give_up("libFuzzer has come to an end");
}

int main(int argc, char **argv)
{
	bool replays = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (sscanf(argv[i], "seed=%u", &seed) != 1 &&
		    sscanf(argv[i], "runs=%u", &runs) != 1)
			replays = !strcmp(argv[i], "replay");
	}
	open_mailbox();
	open_kcov();
	fuzz_begin();
	klog = klog_open_end();
	if (replays)
		replay();
	fuzz(argv[0]);
}
