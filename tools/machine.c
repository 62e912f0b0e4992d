// SPDX-License-Identifier: GPL-2.0-only
/*
 * libpci lists the functions, and reads their configuration and names.  The tree is in
 * the paths of sysfs:
 *
 *	/sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.0
 *
 * A PCI domain can be below a function (VMD): then the last host bridge counts.
 */
#include <limits.h>
#include <pci/pci.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "machine.h"
#include "util.h"

#define ACS_REDIRECTS	(PCI_ACS_CTRL_REQ_RED | PCI_ACS_CTRL_CMPLT_RED | \
			 PCI_ACS_CTRL_EGRESS)

/* What everybody may read of the configuration, and what every function has. */
#define CONFIG_FOR_ALL	64
#define CONFIG_BASIC	256

/**
 * struct listed - a function while the tree is put together
 * @pci: the function in libpci
 * @parent: name of the bridge above, "" on a root bus
 * @host: name of its host bridge
 */
struct listed {
	struct pci_dev *pci;
	char parent[BDF_SIZE];
	char host[BDF_SIZE];
};

_Noreturn static void pci_failed(char *format, ...)
{
	char *words = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&words, format, args) < 0)
		words = NULL;
	va_end(args);
	fail("the PCI devices cannot be listed: %s", words ? words : format);
}

/* Read errors show in the results. */
static void pci_warned(char *format, ...)
{
	(void)format;
}

static struct pci_access *pci_open(void)
{
	struct pci_access *access = pci_alloc();

	access->error = pci_failed;
	access->warning = pci_warned;
	access->method = PCI_ACCESS_SYS_BUS_PCI;
	pci_init(access);
	pci_scan_bus(access);
	return access;
}

static void name_of(const struct pci_dev *pci, char *bdf)
{
	snprintf(bdf, BDF_SIZE, "%04x:%02x:%02x.%x", pci->domain & 0xfffff,
		 pci->bus, pci->dev, pci->func & 7);
}

/* The size of the file does not depend on the reader. */
static size_t config_size(const char *bdf)
{
	char path[PATH_MAX];
	struct stat stat_;

	snprintf(path, sizeof(path), DEVICES "/%s/config", bdf);
	return stat(path, &stat_) ? 0 : stat_.st_size;
}

/* Whether this user may read all of the configuration. */
static bool is_readable(struct pci_dev *pci)
{
	unsigned char byte;

	return pci_read_block(pci, CONFIG_FOR_ALL, &byte, 1);
}

/* A function that is gone, or in D3cold, reads as ones. */
static bool answers(struct pci_dev *pci)
{
	return pci_read_word(pci, PCI_STATUS) != 0xffff;
}

static void read_acs(struct function *function, struct pci_dev *pci)
{
	struct pci_cap *acs;

	function->has_acs = NO;
	function->redirects = NO;
	if (config_size(function->bdf) <= CONFIG_BASIC)
		return;
	function->reads_ones = !answers(pci);
	if (!is_readable(pci) || function->reads_ones) {
		function->has_acs = UNKNOWN;
		function->redirects = UNKNOWN;
		return;
	}
	acs = pci_find_cap(pci, PCI_EXT_CAP_ID_ACS, PCI_CAP_EXTENDED);
	if (!acs)
		return;
	function->has_acs = YES;
	if (pci_read_word(pci, acs->addr + PCI_ACS_CTRL) & ACS_REDIRECTS)
		function->redirects = YES;
}

/* At 00.0, or a root port. */
static enum known tells_host(struct pci_dev *pci)
{
	struct pci_cap *express;

	if (!pci->dev && !pci->func)
		return YES;
	if (!is_readable(pci))
		return UNKNOWN;
	express = pci_find_cap(pci, PCI_CAP_ID_EXP, PCI_CAP_NORMAL);
	if (!express)
		return NO;
	return (pci_read_word(pci, express->addr + PCI_EXP_FLAGS) &
		PCI_EXP_FLAGS_TYPE) >> 4 == PCI_EXP_TYPE_ROOT_PORT ? YES : NO;
}

static void copy_name(char *to, const char *from)
{
	snprintf(to, BDF_SIZE, "%.15s", from);
}

/* The last components of the path: its name, the bridge above, the host bridge. */
static void read_path(struct listed *listed, const char *bdf)
{
	char link[PATH_MAX], *path, *slash;

	snprintf(link, sizeof(link), DEVICES "/%s", bdf);
	path = realpath(link, NULL);
	if (!path)
		return;
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	while ((slash = strrchr(path, '/')) && strncmp(slash + 1, "pci", 3)) {
		if (!*listed->parent)
			copy_name(listed->parent, slash + 1);
		*slash = '\0';
	}
	if (slash)
		copy_name(listed->host, slash + 1);
	free(path);
}

static int by_address(const void *a, const void *b)
{
	const struct pci_dev *one = ((const struct listed *)a)->pci;
	const struct pci_dev *other = ((const struct listed *)b)->pci;

	if (one->domain != other->domain)
		return one->domain < other->domain ? -1 : 1;
	return (one->bus << 8 | one->dev << 3 | one->func) -
	       (other->bus << 8 | other->dev << 3 | other->func);
}

static struct listed *list_all(struct pci_access *access, size_t *count)
{
	struct listed *list;
	struct pci_dev *pci;
	size_t i = 0;

	*count = 0;
	for (pci = access->devices; pci; pci = pci->next)
		++*count;
	list = allocate(*count, sizeof(*list));
	for (pci = access->devices; pci; pci = pci->next)
		list[i++].pci = pci;
	qsort(list, *count, sizeof(*list), by_address);
	return list;
}

static char *describe(struct pci_access *access, struct pci_dev *pci)
{
	char name[256];

	return text("%s", pci_lookup_name(access, name, sizeof(name),
					  PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
					  pci->vendor_id, pci->device_id));
}

/* The first function of a root bus comes before all others below it. */
static const struct host *host_of(struct machine *machine,
				  const struct listed *listed,
				  const struct function *function)
{
	struct host *host;

	for (host = machine->hosts; host < machine->hosts + machine->nr_hosts;
	     host++)
		if (!strcmp(host->name, listed->host))
			return host;
	machine->nr_hosts++;
	copy_name(host->name, listed->host);
	host->first = function;
	host->tells = tells_host(listed->pci);
	host->vendor = listed->pci->vendor_id;
	host->device = listed->pci->device_id;
	if (host->tells != NO)
		host->entry = hosts_find(host->vendor, host->device);
	return host;
}

static void add_function(struct machine *machine, struct pci_access *access,
			 struct listed *listed, size_t i)
{
	struct function *function = &machine->functions[i];
	struct pci_dev *pci = listed->pci;

	pci_fill_info(pci, PCI_FILL_IDENT);
	name_of(pci, function->bdf);
	function->what = describe(access, pci);
	function->is_bridge = (pci_read_byte(pci, PCI_HEADER_TYPE) & 0x7f) !=
			      PCI_HEADER_TYPE_NORMAL;
	read_acs(function, pci);
	read_path(listed, function->bdf);
}

struct machine *machine_load(void)
{
	struct machine *machine = allocate(1, sizeof(*machine));
	struct pci_access *access = pci_open();
	struct listed *list;
	size_t i;

	machine->cpu_forwards = hosts_cpu_forwards();
	list = list_all(access, &machine->nr_functions);
	machine->functions = allocate(machine->nr_functions,
				      sizeof(*machine->functions));
	machine->hosts = allocate(machine->nr_functions,
				  sizeof(*machine->hosts));
	for (i = 0; i < machine->nr_functions; i++)
		add_function(machine, access, &list[i], i);
	for (i = 0; i < machine->nr_functions; i++) {
		machine->functions[i].parent =
			machine_find(machine, list[i].parent);
		machine->functions[i].host =
			host_of(machine, &list[i], &machine->functions[i]);
	}
	free(list);
	pci_cleanup(access);
	return machine;
}

const struct function *machine_find(const struct machine *machine,
				    const char *bdf)
{
	size_t i;

	for (i = 0; i < machine->nr_functions; i++)
		if (!strcmp(machine->functions[i].bdf, bdf))
			return &machine->functions[i];
	return NULL;
}
