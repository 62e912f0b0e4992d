// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "klog.h"
#include "monitor.h"
#include "slot.h"

static unsigned int express_capability(const char *bdf)
{
	uint8_t position, id;

	if (device_read_config(bdf, PCI_CAPABILITY_LIST, &position, 1))
		return 0;
	while (position) {
		if (device_read_config(bdf, position, &id, 1))
			return 0;
		if (id == PCI_CAP_ID_EXP)
			return position;
		if (device_read_config(bdf, position + 1, &position, 1))
			return 0;
	}
	return 0;
}

static bool is_slot_of(const char *name, const char *bdf)
{
	char path[PATH_MAX], address[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/slots/%s/address", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* The address of a slot is that of its devices without the function. */
	if (fscanf(file, "%31s", address) != 1)
		address[0] = '\0';
	fclose(file);
	return *address && !strncmp(address, bdf, strlen(address));
}

static int find_power(struct slot *slot, const char *bdf)
{
	struct dirent *entry;
	DIR *slots;

	slot->power[0] = '\0';
	slots = opendir("/sys/bus/pci/slots");
	if (!slots)
		return -errno;
	while ((entry = readdir(slots)))
		if (is_slot_of(entry->d_name, bdf))
			snprintf(slot->power, sizeof(slot->power),
				 "/sys/bus/pci/slots/%s/power", entry->d_name);
	closedir(slots);
	return *slot->power ? 0 : -ENODEV;
}

int slot_find(struct slot *slot, const char *bdf)
{
	unsigned int express;
	int ret;

	if (!device_parent(bdf, slot->port))
		return -ENODEV;
	express = express_capability(slot->port);
	if (!express)
		return -ENODEV;
	slot->control = express + PCI_EXP_SLTCTL;
	ret = find_power(slot, bdf);
	if (ret)
		return ret;
	slot->memory = 0;
	slot->klog = klog_open_end();
	return slot->klog < 0 ? slot->klog : 0;
}

static bool slot_has(const struct slot *slot, uint16_t light, bool device)
{
	uint16_t control, status;

	if (device_read_config(slot->port, slot->control, &control, 2) ||
	    device_read_config(slot->port, slot->control + PCI_EXP_SLTSTA -
			       PCI_EXP_SLTCTL, &status, 2))
		return false;
	return (control & PCI_EXP_SLTCTL_PIC) == light &&
	       !(status & PCI_EXP_SLTSTA_PDS) == !device;
}

/*
 * Whether the kernel has been through with what happened in a slot that is off.
 * It is asked to switch the slot on, which fails: if it was busy, with words; if
 * not, after it has looked for a device.  When it was just about to be done with
 * switching it off, it answers with the result of that.
 */
static bool slot_is_idle(const struct slot *slot)
{
	const char *const words[] = { "Already", NULL };

	return write_file(slot->power, "1") == -ENODEV &&
	       !klog_count(slot->klog, words);
}

/*
 * The kernel switches the light off after everything else.  Then QEMU takes the
 * device away, if it was asked to, which the kernel hears, too: a device that was
 * plugged in before the kernel has looked what that was would be found then, and
 * be taken for another when its own arrival is told.
 */
bool slot_is_empty(const struct slot *slot)
{
	return slot_has(slot, PCI_EXP_SLTCTL_PWR_IND_OFF, false) &&
	       slot_is_idle(slot);
}

/*
 * The kernel switches the light on after everything else.  The device is in sysfs
 * before it has addresses and before a driver may be bound to it.
 */
bool slot_is_filled(const struct slot *slot)
{
	return slot_has(slot, PCI_EXP_SLTCTL_PWR_IND_ON, true);
}

/*
 * QEMU 7.2 dies of an ivshmem whose memory another one had.  What the last one had
 * may still be in use for a moment, and then just stays.
 */
int slot_plug_memory(struct slot *slot, const char *name, const char *bus)
{
	static unsigned int nth;
	int ret;

	if (slot->memory)
		monitor("object-del", "'id': 'mem-plug%u'", slot->memory);
	ret = monitor("object-add",
		      "'qom-type': 'memory-backend-memfd', 'id': 'mem-plug%u', 'size': 4194304",
		      ++nth);
	if (ret)
		return ret;
	slot->memory = nth;
	return monitor("device_add",
		       "'driver': 'ivshmem-plain', 'id': '%s', 'bus': '%s', 'memdev': 'mem-plug%u'",
		       name, bus, nth);
}

static int change_control(const struct slot *slot, uint16_t clear, uint16_t set)
{
	uint16_t control;
	int ret;

	ret = device_read_config(slot->port, slot->control, &control, 2);
	if (ret)
		return ret;
	control = (control & ~clear) | set;
	return device_write_config(slot->port, slot->control, &control, 2);
}

/*
 * QEMU takes a device out of its slot when the power is switched off and the light
 * is put out, even where there is no power to switch off: then it is torn out, and
 * the kernel hears of an empty slot.
 */
int slot_tear_out(const struct slot *slot)
{
	int ret;

	ret = change_control(slot, 0, PCI_EXP_SLTCTL_PCC |
			     PCI_EXP_SLTCTL_PWR_IND_OFF);
	if (!ret && !slot_has(slot, PCI_EXP_SLTCTL_PWR_IND_OFF, false))
		ret = -EIO;
	return ret;
}

int slot_light_up(const struct slot *slot)
{
	return change_control(slot, PCI_EXP_SLTCTL_PIC,
			      PCI_EXP_SLTCTL_PWR_IND_ON);
}
