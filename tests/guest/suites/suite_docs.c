// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of the documents, as they stand there.  tests/host/docs has put each
 * block into a file of /docs, on a machine whose devices have the names that are
 * used in the documents.  The blocks of a document follow each other as a reader
 * follows them; before each document, the machine is as after booting.
 */
#include <dirent.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "bench.h"
#include "block.h"
#include "suites.h"
#include "tool.h"

#define MAX_BLOCKS 100

/* What the documents bind. */
#define DEVICE	"0000:03:00.0"

/* How long something that does not end by itself is let run. */
#define PATIENCE_MS 3000

/**
 * struct block - commands of a document
 * @file: "NUMBER-DOCUMENT:LINE.HOW"
 * @test: name of the test
 * @begins: it is the first one of its document
 * @interrupted: it does not end by itself
 */
static struct block {
	char file[64];
	char test[80];
	bool begins;
	bool interrupted;
} blocks[MAX_BLOCKS];

/* What the last one has said. */
static char output[16384];

/* While nvme looks at a disk in the background, it is in use. */
static void unload_nvme(void)
{
	if (module_is_loaded("nvme"))
		wait_until(!module_unload("nvme"));
}

/* The driver that the kernel chooses for it, when that is done with it. */
static void give_to_nvme(const char *bdf)
{
	char pattern[96];
	glob_t disks = {};

	tool_free_device(bdf);
	unload_nvme();
	assert_ok(module_load("nvme", NULL));
	snprintf(pattern, sizeof(pattern),
		 "/sys/bus/pci/devices/%s/nvme/nvme*/nvme*n1", bdf);
	wait_until(!glob(pattern, 0, NULL, &disks));
	globfree(&disks);
}

static void as_after_booting(void)
{
	unsigned int i;

	tool_free_device(DEVICE);
	assert_ok(bench_reload(""));
	assert_ok(module_unload("dvp-importer"));
	for (i = 0; device_find(EDU, i); i++)
		tool_free_device(device_find(EDU, i));
	assert_ok(module_load("dvp-importer", NULL));
	give_to_nvme(DEVICE);
}

/*
 * Until nobody has the other end any more.  What does not end by itself is
 * interrupted after a while, as by a user.  Returns whether it was.
 */
static bool read_output(int from, pid_t child, bool interrupt)
{
	struct pollfd ready = { .fd = from, .events = POLLIN };
	long long end = bench_now_ms() + PATIENCE_MS;
	bool interrupted = false;
	size_t length = 0;
	ssize_t done = 1;

	while (done > 0 && length + 1 < sizeof(output)) {
		if (interrupt && !interrupted &&
		    (bench_now_ms() >= end || !poll(&ready, 1, PATIENCE_MS))) {
			kill(-child, SIGINT);
			interrupted = true;
		}
		done = read(from, output + length, sizeof(output) - 1 - length);
		if (done > 0)
			length += done;
	}
	output[length] = '\0';
	return interrupted;
}

static void block_works(void **state)
{
	const struct block *block = *state;
	bool interrupted;
	int fds[2], status;
	pid_t child;

	if (block->begins)
		as_after_booting();
	assert_sys(pipe2(fds, O_CLOEXEC));
	child = fork();
	assert_sys(child);
	if (!child)
		block_exec(block->file, STDIN_FILENO, fds[1]);
	close(fds[1]);
	interrupted = read_output(fds[0], child, block->interrupted);
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (interrupted != block->interrupted || (status && !interrupted))
		fail_msg("status %#x: %s", status, output);
}

/* Some are about the kernel's own exporter, some about what only ours has. */
static int is_block(const struct dirent *entry)
{
	return strstr(entry->d_name, ".guest") ||
	       strstr(entry->d_name, ".interrupted") ||
	       (expect_kernel()->core_exports &&
		strstr(entry->d_name, ".exporting")) ||
	       (expect()->delegates && strstr(entry->d_name, ".own"));
}

/* Returns the document's name, and how long it is. */
static const char *document_of(const struct block *block, int *length)
{
	const char *name = strchr(block->file, '-') + 1;

	*length = strcspn(name, ":");
	return name;
}

static bool begins_document(const struct block *block)
{
	int length, before;
	const char *name = document_of(block, &length);

	return block == blocks ||
	       strncmp(name, document_of(block - 1, &before), length + 1);
}

static void fill(struct block *block, const char *file)
{
	const char *name;

	snprintf(block->file, sizeof(block->file), "%.63s", file);
	block->interrupted = strstr(file, ".interrupted");
	block->begins = begins_document(block);
	name = strchr(block->file, '-') + 1;
	snprintf(block->test, sizeof(block->test),
		 "docs: the commands of %.*s work",
		 (int)(strrchr(name, '.') - name), name);
}

static int as_found(void **state)
{
	(void)state;
	unload_nvme();
	tool_free_device(DEVICE);
	return bench_reload("");
}

int suite_docs(void)
{
	struct CMUnitTest tests[MAX_BLOCKS] = {};
	struct dirent **entries;
	int count, i;

	count = scandir(BLOCKS, &entries, is_block, alphasort);
	if (count < 1 || count > MAX_BLOCKS) {
		puts("not ok - docs: there are blocks of commands");
		return 1;
	}
	for (i = 0; i < count; i++) {
		fill(&blocks[i], entries[i]->d_name);
		free(entries[i]);
		tests[i] = (struct CMUnitTest)
			TEST_WITH("docs", "", block_works, &blocks[i]);
		tests[i].name = blocks[i].test;
	}
	free(entries);
	return bench_is_ours() ?
		_cmocka_run_group_tests("docs", tests, count, NULL, as_found) : 0;
}
