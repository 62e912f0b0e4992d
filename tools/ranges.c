// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ranges.h"
#include "util.h"

/* The shift of a unit; -1 if it is unknown. */
static int unit_bits(const char *unit)
{
	static const char units[] = "KMGT";
	const char *found;

	if (!*unit)
		return 0;
	found = strchr(units, toupper((unsigned char)*unit));
	return !found || unit[1] ? -1 : 10 * (int)(found - units + 1);
}

bool size_parse(const char *words, uint64_t *size)
{
	unsigned long long number;
	char *unit;
	int bits;

	if (!isdigit((unsigned char)*words))
		return false;
	errno = 0;
	number = strtoull(words, &unit, 0);
	bits = unit_bits(unit);
	if (errno || bits < 0 || number << bits >> bits != number)
		return false;
	*size = number << bits;
	return true;
}

bool range_parse(const char *words, uint64_t *offset, uint64_t *length)
{
	char *copy = text("%s", words);
	char *colon = strchr(copy, ':');
	bool ok = false;

	if (colon) {
		*colon = '\0';
		ok = size_parse(copy, offset) && size_parse(colon + 1, length);
	}
	free(copy);
	return ok;
}
