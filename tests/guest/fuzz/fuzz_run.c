// SPDX-License-Identifier: GPL-2.0-only
/* Carries out a sequence of calls, and says when one goes wrong. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "fuzz.h"

/* What has gone wrong first. */
static char wrong[256];

const struct expect *fuzz_exporter;

/* How many references the exporter's module has when nothing is open. */
static int references;

void fuzz_wrong(const char *format, ...)
{
	va_list args;

	if (*wrong)
		return;
	va_start(args, format);
	vsnprintf(wrong, sizeof(wrong), format, args);
	va_end(args);
}

bool fuzz_is_wrong(void)
{
	return *wrong;
}

void fuzz_expect(const char *what, int ret, ...)
{
	bool expected = ret >= 0;
	va_list errors;
	int error;

	va_start(errors, ret);
	while ((error = va_arg(errors, int)))
		expected |= ret == -error;
	va_end(errors);
	if (!expected)
		fuzz_wrong("%s: \"%s\" is no answer", what, strerror(-ret));
}

uint64_t fuzz_number(uint8_t byte, uint64_t size)
{
	uint64_t n = byte & 31;

	switch (byte >> 5) {
	case 0:
		return n;
	case 1:
		return n * PAGE;
	case 2:
		return size + n * PAGE;
	case 3:
		return size - n * PAGE;
	case 4:
		return 1ULL << n;
	case 5:
		return 1ULL << (n + 32);
	case 6:
		return -n * PAGE;
	default:
		return size - n - 1;
	}
}

void fuzz_pattern(uint8_t *data, size_t size, uint8_t seed)
{
	size_t i;

	bench_pattern(data, size, seed);
	for (i = 0; i < size; i++)
		data[i] = (data[i] & 0x7f) | 1;
}

static void close_all(void)
{
	fuzz_close_importers();
	fuzz_close_views();
	fuzz_close_buffers();
	fuzz_close_devices();
}

/* A file that has just been closed may be put by a kernel worker. */
static bool nothing_is_held(void)
{
	unsigned int tries = 1000;

	while (module_references(fuzz_exporter->module) != references && --tries)
		usleep(1000);
	return tries;
}

void fuzz_begin(void)
{
	fuzz_exporter = expect();
	fuzz_devices_begin();
	fuzz_importers_begin();
	references = module_references(fuzz_exporter->module);
}

const char *fuzz_run(struct fuzz_case *sequence)
{
	struct fuzz_op *op = sequence->ops;
	unsigned int i;

	*wrong = '\0';
	for (i = 0; i < sequence->count && !*wrong; i++, op++) {
		op->result = fuzz_kinds[op->kind].run(op->args);
		if (!*wrong)
			fuzz_check_importers();
		if (*wrong)
			snprintf(wrong + strlen(wrong),
				 sizeof(wrong) - strlen(wrong),
				 " (call %u, %s)", i + 1,
				 fuzz_kinds[op->kind].name);
	}
	close_all();
	if (!nothing_is_held())
		fuzz_wrong("all is closed, but the exporter is in use");
	return *wrong ? wrong : NULL;
}

/* All of it, by the calls that a fuzzer makes up. */
const char *fuzz_still_works(void)
{
	static const char *const texts[] = {
		"case: memory\n"
		"open 0\n"
		"export 0 0 0 5 1 0 0 0\n"
		"attach 0 0 0 0\n"
		"map 0 0\n"
		"transfer 0 33 64 1\n"
		"p2p 0\n",
		"case: nvme\n"
		"open 1\n"
		"export 0 1 0 2 0 0 0 0\n"
		"attach 0 0 0 0\n"
		"map 0 0\n"
		"transfer 0 33 64 1\n"
		"p2p 1\n",
	};
	struct fuzz_case sequence;
	unsigned int i, call;
	const char *reason;
	char name[16];

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		if (!fuzz_parse(&sequence, texts[i], name, sizeof(name)))
			return "the check itself is not understood";
		reason = fuzz_run(&sequence);
		if (reason)
			return reason;
		for (call = 0; call < sequence.count; call++)
			if (sequence.ops[call].result < 0) {
				snprintf(wrong, sizeof(wrong),
					 "%s does not work any more: %s (call %u): %s",
					 name,
					 fuzz_kinds[sequence.ops[call].kind].name,
					 call + 1,
					 strerror(-sequence.ops[call].result));
				return wrong;
			}
	}
	return NULL;
}
