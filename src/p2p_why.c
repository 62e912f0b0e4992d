// SPDX-License-Identifier: GPL-2.0-only
/* The path from an importer, and in words why there is one, or none. */
#include <linux/pci.h>
#include <linux/seq_file.h>

#include "compat/pci_p2pdma_texts.h"
#include "buffer.h"
#include "dvp.h"
#include "importer.h"
#include "record.h"
#include "trace.h"

/**
 * struct dvp_text - words that are put together
 * @buf: so far
 * @len: of them
 *
 * A refusal consists of two and must fit into a line of the kernel's log, which
 * has 976 bytes.
 */
struct dvp_text {
	char buf[448];
	int len;
};

static __printf(2, 3) void dvp_say(struct dvp_text *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text->len += vscnprintf(text->buf + text->len,
				sizeof(text->buf) - text->len, fmt, args);
	va_end(args);
}

static void dvp_say_host(struct dvp_text *text,
			 const struct compat_p2pdma_bridge *host)
{
	if (!host->vendor) {
		dvp_say(text, COMPAT_P2PDMA_NO_NAME,
			dev_name(&host->bridge->dev));
		return;
	}
	dvp_say(text, "%04x:%04x at %04x:%02x:%02x.%u (%s%s)", host->vendor,
		host->device, pci_domain_nr(host->bridge->bus),
		host->bridge->bus->number, PCI_SLOT(host->devfn),
		PCI_FUNC(host->devfn),
		host->known ? host->known->name : "unknown",
		host->known && host->known->same_only ?
		COMPAT_P2PDMA_SAME_ONLY : "");
}

static void dvp_say_hosts(struct dvp_text *text, const struct compat_p2pdma_path *path)
{
	unsigned int i;

	if (path->cpu_forwards) {
		dvp_say(text, COMPAT_P2PDMA_ZEN);
		return;
	}
	for (i = 0; i < path->nr_hosts; i++) {
		dvp_say(text, i ? " and " : "host bridge ");
		dvp_say_host(text, &path->hosts[i]);
	}
	dvp_say(text, path->type == PCI_P2PDMA_MAP_NOT_SUPPORTED ?
		COMPAT_P2PDMA_UNKNOWN : COMPAT_P2PDMA_FORWARDS);
}

/* As pci=disable_acs_redir= wants it.  A list that was cut must not look complete. */
static void dvp_say_redirecting(struct dvp_text *text,
				const struct compat_p2pdma_path *path)
{
	unsigned int named, i;

	named = min_t(unsigned int, path->nr_redirecting, COMPAT_P2PDMA_NAMED);
	for (i = 0; i < named; i++)
		dvp_say(text, "%s%s", i ? ";" : "",
			pci_name(path->redirecting[i]));
	if (named < path->nr_redirecting)
		dvp_say(text, ";...");
}

/* Why the path is of its type. */
static void dvp_say_why(struct dvp_text *text, const struct compat_p2pdma_path *path)
{
	if (path->type == PCI_P2PDMA_MAP_BUS_ADDR) {
		dvp_say(text, COMPAT_P2PDMA_BELOW, pci_name(path->common));
		return;
	}
	if (path->common) {
		dvp_say(text, COMPAT_P2PDMA_ACS_OF);
		dvp_say_redirecting(text, path);
		dvp_say(text, COMPAT_P2PDMA_REDIRECTS);
	} else {
		dvp_say(text, COMPAT_P2PDMA_THROUGH);
	}
	dvp_say_hosts(text, path);
}

/* The parameter would have to name every host bridge that stands in the way. */
static bool dvp_can_vouch(const struct compat_p2pdma_path *path)
{
	unsigned int i;

	for (i = 0; i < path->nr_hosts; i++)
		if (!path->hosts[i].vendor)
			return false;
	return true;
}

static void dvp_say_vouch(struct dvp_text *text, const struct compat_p2pdma_path *path)
{
	const char *separator = "";
	unsigned int i;

	dvp_say(text, COMPAT_P2PDMA_TRUST);
	for (i = 0; i < path->nr_hosts; i++) {
		if (compat_p2pdma_bridge_forwards(path, i))
			continue;
		dvp_say(text, "%s%04x:%04x%s", separator,
			path->hosts[i].vendor, path->hosts[i].device,
			path->nr_hosts == 1 ? ":same" : "");
		separator = ",";
	}
	dvp_say(text, COMPAT_P2PDMA_RISK);
}

/* What would change a refusal. */
static void dvp_say_remedy(struct dvp_text *text, const struct compat_p2pdma_path *path)
{
	if (path->common) {
		dvp_say(text, COMPAT_P2PDMA_BOOT);
		dvp_say_redirecting(text, path);
		dvp_say(text, COMPAT_P2PDMA_ISOLATION);
	} else {
		dvp_say(text, COMPAT_P2PDMA_SWITCH,
			path->nr_hosts == 1 ? "" : COMPAT_P2PDMA_OR_HOST);
	}
	if (dvp_can_vouch(path))
		dvp_say_vouch(text, path);
}

/*
 * One line that says why, and what would change it.  The texts and the path would
 * not fit into one stack frame.
 */
static noinline_for_stack void
dvp_refuse_path(struct dvp_buffer *buf, const struct device *importer,
		const struct compat_p2pdma_path *path)
{
	struct dvp_text why = {}, remedy = {};

	dvp_say_why(&why, path);
	dvp_say_remedy(&remedy, path);
	dvp_refuse_logged(&path->provider->dev, buf->access, importer,
			  "no peer-to-peer path from %s: %s; %s",
			  pci_name(path->client), why.buf, remedy.buf);
}

static struct pci_dev *dvp_nearest_pci(struct device *dev)
{
	for (; dev; dev = dev->parent)
		if (dev_is_pci(dev))
			return to_pci_dev(dev);
	return NULL;
}

/**
 * dvp_p2p_map_type() - decide how an importer reaches a buffer
 * @buf: buffer, which is not revoked
 * @importer: device that wants to reach it; stands for its nearest PCI parent
 *
 * A refusal is explained in the kernel log.
 *
 * Context: may sleep; reads config space.  The caller keeps both devices.
 * Return: the map type.
 */
enum pci_p2pdma_map_type dvp_p2p_map_type(struct dvp_buffer *buf,
					  struct device *importer)
{
	struct pci_dev *client = dvp_nearest_pci(importer);
	struct compat_p2pdma_path path;

	if (!client) {
		dvp_refuse_logged(&buf->pdev->dev, buf->access, importer,
				  "no peer-to-peer path from %s: it is not a PCI device nor below one",
				  dev_name(importer));
		return PCI_P2PDMA_MAP_NOT_SUPPORTED;
	}
	compat_p2pdma_find_path(&path, buf->pdev, client);
	if (path.type == PCI_P2PDMA_MAP_NOT_SUPPORTED)
		dvp_refuse_path(buf, importer, &path);
	return path.type;
}

/**
 * dvp_p2p_print() - one line on the path from a client to a provider
 * @seq: file that gets the line: name of the client, distance, map type, reason
 * @provider: PCI function that has the memory
 * @client: PCI function that might want to reach it
 * Context: may sleep; reads config space.  The caller keeps both functions.
 */
void dvp_p2p_print(struct seq_file *seq, struct pci_dev *provider,
		   struct pci_dev *client)
{
	struct dvp_text why = {};
	struct compat_p2pdma_path path;

	compat_p2pdma_find_path(&path, provider, client);
	dvp_say_why(&why, &path);
	seq_printf(seq, "%s %u %s %s\n", pci_name(client), path.distance,
		   dvp_map_type_name(path.type), why.buf);
}
