// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "device.h"
#include "modules.h"

#define DRIVER	"dvp_rdma"
#define ACCESS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | \
		 IBV_ACCESS_REMOTE_READ)

int card_load(void)
{
	int ret = module_load("ib_uverbs", NULL);

	return ret ? ret : module_load("dvp-rdma", NULL);
}

int card_unload(void)
{
	return module_unload("dvp-rdma");
}

int card_register_as(enum card_kind kind)
{
	char text[] = { '0' + kind, '\0' };

	return write_file("/sys/module/dvp_rdma/parameters/kind", text);
}

static struct ibv_context *open_first(void)
{
	struct ibv_device **cards = ibv_get_device_list(NULL);
	struct ibv_context *context = NULL;

	if (cards && cards[0])
		context = ibv_open_device(cards[0]);
	if (cards)
		ibv_free_device_list(cards);
	return context;
}

int card_open(struct card *card, const char *bdf)
{
	int ret;

	*card = (struct card) { .bdf = bdf };
	ret = device_bind(bdf, DRIVER);
	if (ret)
		return ret;
	errno = ENODEV;
	card->context = open_first();
	if (!card->context)
		return -errno;
	card->pd = ibv_alloc_pd(card->context);
	if (!card->pd) {
		ret = -errno;
		card_close(card);
	}
	return ret;
}

void card_close(struct card *card)
{
	if (card->pd)
		ibv_dealloc_pd(card->pd);
	if (card->context)
		ibv_close_device(card->context);
	*card = (struct card) { 0 };
}

int card_register(const struct card *card, int buffer, uint64_t offset,
		  uint64_t length, uint64_t iova, struct ibv_mr **region)
{
	*region = ibv_reg_dmabuf_mr(card->pd, offset, length, iova, buffer,
				    ACCESS);
	return *region ? 0 : -errno;
}

static FILE *open_knob(const char *bdf, const char *name, const char *mode)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/dvp-rdma/%s/%s", bdf,
		 name);
	return fopen(path, mode);
}

int card_write(const char *bdf, uint32_t key, uint64_t iova, uint8_t byte)
{
	FILE *knob = open_knob(bdf, "write", "we");
	int ret = 0;

	if (!knob)
		return -errno;
	fprintf(knob, "%x %llx %x", key, (unsigned long long)iova, byte);
	if (fclose(knob))
		ret = -errno;
	return ret;
}

/* Whether a line is about a region; fills in all but the pages. */
static bool parse_region(const char *line, uint32_t *key, struct card_table *table)
{
	unsigned int nr_pages;

	memset(table, 0, offsetof(struct card_table, pages));
	if (sscanf(line, "region %u page_size %lu pages %u revokes %u", key,
		   &table->page_size, &nr_pages, &table->revokes) != 4)
		return false;
	table->revoked = strstr(line, " revoked\n");
	return true;
}

int card_table(const char *bdf, uint32_t key, struct card_table *table)
{
	FILE *knob = open_knob(bdf, "regions", "re");
	struct card_table other;
	bool found = false;
	uint32_t other_key;
	char line[128];

	if (!knob)
		return -errno;
	while (fgets(line, sizeof(line), knob)) {
		if (parse_region(line, &other_key, &other)) {
			if (found)
				break;
			found = other_key == key;
			if (found)
				*table = other;
		} else if (found && table->nr_pages < CARD_PAGES) {
			table->pages[table->nr_pages++] = strtoull(line, NULL, 16);
		}
	}
	fclose(knob);
	return found ? 0 : -ENOENT;
}

int card_regions(const char *bdf, uint32_t *key)
{
	FILE *knob = open_knob(bdf, "regions", "re");
	struct card_table table;
	char line[128];
	int count = 0;

	if (!knob)
		return -errno;
	while (fgets(line, sizeof(line), knob))
		count += parse_region(line, key, &table);
	fclose(knob);
	return count;
}
