// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "holders.h"
#include "use.h"
#include "util.h"

static char *machine_use(const char *bdf)
{
	char *use = use_by_block(bdf);

	if (!use && (device_number(bdf, "boot_vga") ||
		     device_number(bdf, "boot_display")))
		use = text("it is the display that the machine booted with");
	return use ? use : use_by_network(bdf);
}

/* Without its driver, the VFs of a device are removed: their users count, too. */
static char *with_vfs(const char *bdf, char *(*ask)(const char *bdf))
{
	char *use = ask(bdf), *of_vf = NULL, vf[BDF_SIZE];
	unsigned int i;

	for (i = 0; !use && !of_vf && device_vf(bdf, i, vf); i++)
		of_vf = ask(vf);
	if (of_vf) {
		use = text("of its VF %s: %s", vf, of_vf);
		free(of_vf);
	}
	return use;
}

char *use_by_machine(const char *bdf)
{
	return with_vfs(bdf, machine_use);
}

char *use_by_process(const char *bdf)
{
	return with_vfs(bdf, holders_of);
}
