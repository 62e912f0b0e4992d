// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "../compat/pci_p2pdma_texts.h"
#include "path_rules.h"
#include "util.h"

const char *const map_type_names[MAP_TYPES] = {
	[MAP_UNKNOWN] = "UNKNOWN",
	[MAP_NOT_SUPPORTED] = "NOT_SUPPORTED",
	[MAP_BUS_ADDR] = "BUS_ADDR",
	[MAP_THRU_HOST_BRIDGE] = "THRU_HOST_BRIDGE",
};

static void add_name(char **list, const char *name)
{
	append(list, "%s%s", *list ? ";" : "", name);
}

static void pass(struct path_rule *rule, const struct function *function)
{
	if (function->redirects == YES)
		add_name(&rule->redirecting, function->bdf);
	else if (function->redirects == UNKNOWN)
		add_name(&rule->unreadable, function->bdf);
}

static bool is_below(const struct function *function,
		     const struct function *bridge)
{
	for (; function; function = function->parent)
		if (function == bridge)
			return true;
	return false;
}

static void walk(struct path_rule *rule, const struct function *provider,
		 const struct function *client)
{
	const struct function *top, *up;

	for (top = provider; top; top = top->parent) {
		pass(rule, top);
		if (is_below(client, top))
			break;
		rule->distance++;
	}
	rule->common = top;
	for (up = client; up != top; up = up->parent) {
		pass(rule, up);
		rule->distance++;
	}
}

enum known path_rule_host_forwards(const struct path_rule *rule,
				   const struct machine *machine, unsigned int i)
{
	const struct host *host = rule->hosts[i];

	if (machine->cpu_forwards)
		return YES;
	if (!host->entry || (host->entry->same_only && rule->nr_hosts > 1))
		return NO;
	return host->tells;
}

/* One that does not is enough for all of them not to. */
static enum map_type through_hosts(const struct path_rule *rule,
				   const struct machine *machine)
{
	enum map_type type = MAP_THRU_HOST_BRIDGE;
	unsigned int i;

	for (i = 0; i < rule->nr_hosts; i++) {
		switch (path_rule_host_forwards(rule, machine, i)) {
		case NO:
			return MAP_NOT_SUPPORTED;
		case UNKNOWN:
			type = MAP_UNKNOWN;
			break;
		case YES:
			break;
		}
	}
	return type;
}

void path_rule_find(struct path_rule *rule, const struct machine *machine,
		    const struct function *provider,
		    const struct function *client)
{
	*rule = (struct path_rule) {};
	walk(rule, provider, client);
	if (rule->common && !rule->redirecting) {
		rule->type = rule->unreadable ? MAP_UNKNOWN : MAP_BUS_ADDR;
		return;
	}
	rule->hosts[rule->nr_hosts++] = client->host;
	if (provider->host != client->host)
		rule->hosts[rule->nr_hosts++] = provider->host;
	rule->type = through_hosts(rule, machine);
}

void path_rule_free(struct path_rule *rule)
{
	free(rule->redirecting);
	free(rule->unreadable);
}

static void say_host(char **words, const struct host *host)
{
	if (host->tells == NO)
		append(words, COMPAT_P2PDMA_NO_NAME, host->name);
	else
		append(words, "%04x:%04x at %s (%s%s)", host->vendor,
		       host->device, host->first->bdf,
		       host->entry ? host->entry->name : "unknown",
		       host->entry && host->entry->same_only ?
		       COMPAT_P2PDMA_SAME_ONLY : "");
}

static void say_hosts(char **words, const struct path_rule *rule,
		      const struct machine *machine)
{
	unsigned int i;

	if (machine->cpu_forwards) {
		append(words, COMPAT_P2PDMA_ZEN);
		return;
	}
	for (i = 0; i < rule->nr_hosts; i++) {
		append(words, i ? " and " : "host bridge ");
		say_host(words, rule->hosts[i]);
	}
	if (rule->type == MAP_UNKNOWN)
		append(words, ", of which only root can tell whether it forwards it");
	else
		append(words, rule->type == MAP_NOT_SUPPORTED ?
		       COMPAT_P2PDMA_UNKNOWN : COMPAT_P2PDMA_FORWARDS);
}

char *path_rule_why(const struct path_rule *rule, const struct machine *machine)
{
	char *words = NULL;

	if (rule->type == MAP_BUS_ADDR)
		return text(COMPAT_P2PDMA_BELOW, rule->common->bdf);
	if (!rule->nr_hosts)
		return text("below %s, but ACS of %s cannot be read (only root can)",
			    rule->common->bdf, rule->unreadable);
	if (rule->common)
		append(&words, COMPAT_P2PDMA_ACS_OF "%s" COMPAT_P2PDMA_REDIRECTS,
		       rule->redirecting);
	else
		append(&words, COMPAT_P2PDMA_THROUGH);
	say_hosts(&words, rule, machine);
	return words;
}

/* The parameter would have to name every host bridge that is in the way. */
static void say_vouch(char **words, const struct path_rule *rule,
		      const struct machine *machine)
{
	const char *separator = "";
	unsigned int i;

	for (i = 0; i < rule->nr_hosts; i++)
		if (rule->hosts[i]->tells != YES)
			return;
	append(words, COMPAT_P2PDMA_TRUST);
	for (i = 0; i < rule->nr_hosts; i++) {
		if (path_rule_host_forwards(rule, machine, i) == YES)
			continue;
		append(words, "%s%04x:%04x%s", separator,
		       rule->hosts[i]->vendor, rule->hosts[i]->device,
		       rule->nr_hosts == 1 ? ":same" : "");
		separator = ",";
	}
	append(words, COMPAT_P2PDMA_RISK);
}

char *path_rule_remedy(const struct path_rule *rule,
		       const struct machine *machine)
{
	char *words = NULL;

	if (rule->common)
		append(&words,
		       COMPAT_P2PDMA_BOOT "%s" COMPAT_P2PDMA_ISOLATION,
		       rule->redirecting);
	else
		append(&words, COMPAT_P2PDMA_SWITCH,
		       rule->nr_hosts == 1 ? "" : COMPAT_P2PDMA_OR_HOST);
	say_vouch(&words, rule, machine);
	return words;
}
