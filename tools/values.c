// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "values.h"

json_t *value_document(void)
{
	json_t *document = json_object();

	json_object_set_new(document, "version", json_integer(VALUES_VERSION));
	return document;
}

json_t *value_string(const char *words)
{
	json_t *string = json_string(words);
	char *copy, *at;

	if (string)
		return string;
	copy = text("%s", words);
	for (at = copy; *at; at++)
		if (!isascii((unsigned char)*at))
			*at = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

/* jansson has no unsigned numbers: what does not fit stays a string. */
static json_t *parse_number(const char *word)
{
	int base = strncmp(word, "0x", 2) ? 10 : 16;
	long long number;
	char *end;

	if (!isdigit((unsigned char)*word) && *word != '-')
		return NULL;
	errno = 0;
	number = strtoll(word, &end, base);
	return errno || *end || end == word ? NULL : json_integer(number);
}

json_t *value_parse(const char *word)
{
	json_t *number = parse_number(word);

	if (number)
		return number;
	if (!strcmp(word, "yes"))
		return json_true();
	if (!strcmp(word, "no"))
		return json_false();
	return value_string(word);
}

const char *member_string(const json_t *object, const char *key)
{
	const char *string = json_string_value(json_object_get(object, key));

	return string ? string : "";
}

long long member_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void value_print(json_t *value, size_t flags)
{
	/* Write errors are reported when the program ends. */
	if (json_dumpf(value, stdout, flags) && !ferror(stdout))
		fail("out of memory");
	putchar('\n');
}
