// SPDX-License-Identifier: GPL-2.0-only
/* One device: open, export, import, revoke, restore, close. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "debugfs.h"
#include "flavour.h"
#include "holders.h"
#include "selftest.h"
#include "values.h"

static bool has_memory(const char *bdf)
{
	struct bar bar;
	unsigned int i;

	for (i = 0; i < NR_BARS; i++)
		if (!device_bar(bdf, i, &bar) && bar_is_exportable(&bar))
			return true;
	return false;
}

static bool is_quarantined(const char *bdf)
{
	char *lines = debugfs_read(bdf, "state");
	json_t *state = lines ? state_parse(lines) : NULL;
	bool is = json_is_true(json_object_get(state, "quarantined"));

	json_decref(state);
	free(lines);
	return is;
}

static bool is_open(struct facts *facts, const char *bdf, enum level level)
{
	char *names = holders_of(bdf);
	bool is = names;

	if (is)
		fact_add(facts, level, bdf, "device.open",
			 text("%s; not tested", names), NULL);
	free(names);
	return is;
}

static bool is_blocked(struct facts *facts, const char *bdf, enum level level)
{
	struct group *group = group_load(device_group(bdf));
	char *names = group_blockers(group, bdf);
	bool is = names;

	if (is)
		fact_add(facts, level, bdf, "group.blocked",
			 text("its IOMMU group cannot be opened because of %s", names),
			 text(NAME " bind --group %s", bdf));
	free(names);
	group_free(group);
	return is;
}

/* Whether it can be tested without taking it from anybody; says why if it cannot. */
static bool is_free(struct facts *facts, const char *bdf, enum level level)
{
	if (!device_is_ours(bdf)) {
		fact_add(facts, level, bdf, "device.not-bound",
			 text("it is not bound to %s", DRIVER),
			 text(NAME " bind %s", bdf));
		return false;
	}
	if (is_open(facts, bdf, level) || is_blocked(facts, bdf, level))
		return false;
	if (is_quarantined(bdf)) {
		fact_add(facts, level, bdf, "device.quarantined",
			 text("in quarantine: importers hold buffers of its last user; not tested"),
			 text(NAME " status names them"));
		return false;
	}
	if (!has_memory(bdf)) {
		fact_add(facts, level, bdf, "device.no-memory",
			 text("it has no BAR that can be exported"), NULL);
		return false;
	}
	return true;
}

static bool is_page(int fd, ino_t *inode)
{
	struct stat stat_;

	if (fstat(fd, &stat_))
		return false;
	*inode = stat_.st_ino;
	return lseek(fd, 0, SEEK_END) == sysconf(_SC_PAGESIZE);
}

static void export_bar(struct trial *trial, unsigned int index)
{
	struct vfio_region_dma_range page = { .length = sysconf(_SC_PAGESIZE) };
	unsigned int i = trial->nr_buffers;
	char *why;
	int fd;

	fd = vfio_export(&trial->vfio, index, &page, 1, &why);
	if (fd < 0) {
		fact_add(trial->facts, NOT_OK, trial->bdf, "export.fails", why, NULL);
		return;
	}
	if (!is_page(fd, &trial->inodes[i])) {
		fact_add(trial->facts, NOT_OK, trial->bdf, "export.wrong",
			 text("a page of BAR %u was exported, and the dma-buf has another size",
			      index), NULL);
		close(fd);
		return;
	}
	fact_add(trial->facts, OK, trial->bdf, "export.works",
		 text("a page of BAR %u can be exported", index), NULL);
	trial->buffers[trial->nr_buffers++] = fd;
}

static void export_all(struct trial *trial)
{
	struct bar bar;
	unsigned int i;

	for (i = 0; i < NR_BARS; i++)
		if (!device_bar(trial->bdf, i, &bar) && bar_is_exportable(&bar))
			export_bar(trial, i);
}

static void check_listed(struct trial *trial)
{
	switch (trial_lists(trial, "live")) {
	case YES:
		fact_add(trial->facts, OK, trial->bdf, "debugfs.answers",
			 text("debugfs lists its buffers"), NULL);
		break;
	case NO:
		fact_add(trial->facts, NOT_OK, trial->bdf, "debugfs.wrong",
			 text("debugfs does not list its buffers as live"),
			 text("\"blocked\" in its state says what keeps them"));
		break;
	case UNKNOWN:
		break;
	}
}

static void check_import(struct trial *trial)
{
	if (!trial_import(trial))
		fact_add(trial->facts, SKIPPED, trial->bdf, "import.none",
			 text("no import was tried: no DRM device's driver obeys a revoke"),
			 NULL);
}

/* The state of buffers is in debugfs; without that, an event tells of the change. */
static enum known happened(struct trial *trial, const char *state,
			   enum trial_event event)
{
	enum known listed = trial_lists(trial, state);

	return listed == UNKNOWN ? trial_saw(trial, event) : listed;
}

static void check_revoke(struct trial *trial)
{
	char *why;

	if (!vfio_decode(&trial->vfio, false, &why)) {
		fact_add(trial->facts, NOT_OK, trial->bdf, "revoke.fails", why, NULL);
		return;
	}
	switch (happened(trial, "revoked", TRIAL_REVOKE)) {
	case YES:
		fact_add(trial->facts, OK, trial->bdf, "revoke.works",
			 text("its buffers are revoked when it stops decoding memory"),
			 NULL);
		break;
	case NO:
		fact_add(trial->facts, NOT_OK, trial->bdf, "revoke.fails",
			 text("its buffers are not revoked when it stops decoding memory"),
			 NULL);
		break;
	case UNKNOWN:
		fact_add(trial->facts, SKIPPED, trial->bdf, "revoke.unknown",
			 text("whether its buffers are revoked and restored cannot be seen"),
			 NULL);
		break;
	}
}

static void check_restore(struct trial *trial)
{
	char *why;

	if (!vfio_decode(&trial->vfio, true, &why)) {
		fact_add(trial->facts, NOT_OK, trial->bdf, "restore.fails", why, NULL);
		return;
	}
	switch (happened(trial, "live", TRIAL_RESTORE)) {
	case YES:
		fact_add(trial->facts, OK, trial->bdf, "restore.works",
			 text("its buffers are restored when it decodes memory again"),
			 NULL);
		break;
	case NO:
		fact_add(trial->facts, NOT_OK, trial->bdf, "restore.fails",
			 text("its buffers are not restored when it decodes memory again"),
			 NULL);
		break;
	case UNKNOWN:
		break;
	}
}

/* The descriptors of the buffers are still open: those of a closed device are dead. */
static void check_close(struct trial *trial)
{
	vfio_close(&trial->vfio);
	switch (trial_lists(trial, NULL)) {
	case YES:
		fact_add(trial->facts, OK, trial->bdf, "close.works",
			 text("its buffers end when it is closed"), NULL);
		break;
	case NO:
		fact_add(trial->facts, NOT_OK, trial->bdf, "close.fails",
			 text("its buffers do not end when it is closed"), NULL);
		break;
	case UNKNOWN:
		break;
	}
}

/* In this order: what a buffer can be used for is tested while it is live. */
static void test_buffers(struct trial *trial)
{
	check_listed(trial);
	check_import(trial);
	check_revoke(trial);
	check_restore(trial);
}

bool trial_run(struct facts *facts, const char *bdf, enum level level)
{
	struct trial trial = { .facts = facts, .bdf = bdf };
	char *why;

	if (!is_free(facts, bdf, level))
		return false;
	if (!vfio_open(&trial.vfio, bdf, &why)) {
		fact_add(facts, NOT_OK, bdf, "open.fails", why, NULL);
		return true;
	}
	fact_add(facts, OK, bdf, "open.works", text("it can be opened"), NULL);
	trial_watch(&trial);
	export_all(&trial);
	if (trial.nr_buffers)
		test_buffers(&trial);
	trial_drop();
	check_close(&trial);
	trial_unwatch(&trial);
	while (trial.nr_buffers)
		close(trial.buffers[--trial.nr_buffers]);
	return true;
}
