// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <pci/header.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosts.h"

#define PCI_VENDOR_ID_NVIDIA	0x10de
#define COMPAT_P2PDMA_ANY_DEVICE		UINT_MAX

#define FIRST_ZEN		0x17

static const struct compat_p2pdma_host known_hosts[] = {
#include "../compat/pci_p2pdma_hosts.inc"
	{}
};

const struct compat_p2pdma_host *hosts_find(unsigned int vendor, unsigned int device)
{
	const struct compat_p2pdma_host *host;

	for (host = known_hosts; host->vendor; host++)
		if (host->vendor == vendor &&
		    (host->device == device || host->device == COMPAT_P2PDMA_ANY_DEVICE))
			return host;
	return NULL;
}

/* The first processor's block ends with an empty line. */
bool hosts_cpu_forwards(void)
{
	bool amd = false, zen = false;
	char line[4096];
	FILE *file;

	file = fopen("/proc/cpuinfo", "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file) && *line != '\n') {
		const char *value = strchr(line, ':');

		if (!value)
			continue;
		if (!strncmp(line, "vendor_id", strlen("vendor_id")))
			amd = strstr(value, "AuthenticAMD");
		else if (!strncmp(line, "cpu family", strlen("cpu family")))
			zen = atoi(value + 1) >= FIRST_ZEN;
	}
	fclose(file);
	return amd && zen;
}
