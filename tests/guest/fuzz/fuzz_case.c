// SPDX-License-Identifier: GPL-2.0-only
/* Sequences of calls as bytes, for the fuzzer, and as text, to be kept. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const struct fuzz_kind fuzz_kinds[] = {
	{ "open", 1, fuzz_do_open },
	{ "close", 2, fuzz_do_close },
	{ "rebind", 1, fuzz_do_rebind },
	{ "config", 5, fuzz_do_config },
	{ "memory", 2, fuzz_do_memory },
	{ "state", 2, fuzz_do_state },
	{ "reset", 2, fuzz_do_reset },
	{ "hot-reset", 3, fuzz_do_hot_reset },
	{ "admin-reset", 2, fuzz_do_admin_reset },
	{ "power", 3, fuzz_do_power },
	{ "mmap", 4, fuzz_do_mmap },
	{ "touch", 2, fuzz_do_touch },
	{ "p2p", 1, fuzz_do_p2p },
	{ "feature", 12, fuzz_do_feature },
	{ "export", 8, fuzz_do_export },
	{ "drop", 1, fuzz_do_drop },
	{ "poke", 2, fuzz_do_poke },
	{ "hold", 2, fuzz_do_hold },
	{ "let-go", 1, fuzz_do_let_go },
	{ "view", 4, fuzz_do_view },
	{ "see", 2, fuzz_do_see },
	{ "end", 2, fuzz_do_end },
	{ "type", 3, fuzz_do_type },
	{ "attach", 4, fuzz_do_attach },
	{ "detach", 1, fuzz_do_detach },
	{ "map", 2, fuzz_do_map },
	{ "map-own", 2, fuzz_do_map_own },
	{ "unmap", 1, fuzz_do_unmap },
	{ "pin", 1, fuzz_do_pin },
	{ "unpin", 1, fuzz_do_unpin },
	{ "work", 2, fuzz_do_work },
	{ "transfer", 4, fuzz_do_transfer },
	{ "mask", 2, fuzz_do_mask },
};

const unsigned int fuzz_kinds_count = sizeof(fuzz_kinds) / sizeof(*fuzz_kinds);

/* What is missing at the end is zero. */
void fuzz_decode(struct fuzz_case *sequence, const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;
	struct fuzz_op *op;
	unsigned int i;

	memset(sequence, 0, sizeof(*sequence));
	while (data < end && sequence->count < FUZZ_OPS) {
		op = &sequence->ops[sequence->count++];
		op->kind = *data++ % fuzz_kinds_count;
		for (i = 0; i < fuzz_kinds[op->kind].args && data < end; i++)
			op->args[i] = *data++;
	}
}

size_t fuzz_encode(const struct fuzz_case *sequence, uint8_t *data)
{
	const struct fuzz_op *op = sequence->ops;
	unsigned int i, args;
	size_t size = 0;

	for (i = 0; i < sequence->count; i++, op++) {
		args = fuzz_kinds[op->kind].args;
		data[size++] = op->kind;
		memcpy(data + size, op->args, args);
		size += args;
	}
	return size;
}

void fuzz_print(const struct fuzz_case *sequence, FILE *file)
{
	const struct fuzz_op *op = sequence->ops;
	unsigned int i, arg;

	for (i = 0; i < sequence->count; i++, op++) {
		fputs(fuzz_kinds[op->kind].name, file);
		for (arg = 0; arg < fuzz_kinds[op->kind].args; arg++)
			fprintf(file, " %u", op->args[arg]);
		putc('\n', file);
	}
}

static bool parse_op(struct fuzz_op *op, const char *line)
{
	size_t length = strcspn(line, " ");
	unsigned int i;
	char *end;

	for (op->kind = 0; op->kind < fuzz_kinds_count; op->kind++)
		if (strlen(fuzz_kinds[op->kind].name) == length &&
		    !memcmp(fuzz_kinds[op->kind].name, line, length))
			break;
	if (op->kind == fuzz_kinds_count)
		return false;
	line += length;
	for (i = 0; i < fuzz_kinds[op->kind].args; i++) {
		op->args[i] = strtoul(line, &end, 10);
		if (end == line)
			return false;
		line = end;
	}
	return *line == '\n';
}

/*
 * The first line of a case is its name, after "case: ".  Lines with a # are for
 * whoever reads it.
 */
const char *fuzz_parse(struct fuzz_case *sequence, const char *text, char *name,
		       size_t size)
{
	static const char mark[] = "case: ";

	memset(sequence, 0, sizeof(*sequence));
	if (strncmp(text, mark, strlen(mark)))
		return NULL;
	text += strlen(mark);
	snprintf(name, size, "%.*s", (int)strcspn(text, "\n"), text);
	text += strcspn(text, "\n") + 1;
	for (; *text && strncmp(text, mark, strlen(mark));
	     text += strcspn(text, "\n") + 1) {
		if (*text == '#' || *text == '\n')
			continue;
		if (sequence->count == FUZZ_OPS ||
		    !parse_op(&sequence->ops[sequence->count++], text))
			return NULL;
	}
	return text;
}
