// SPDX-License-Identifier: GPL-2.0-only
/* Whether other software takes a device from our driver, and from which flavour. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "flavour.h"

/* From here on libvirt binds to a driver that its configuration names. */
#define LIBVIRT_WITH_MODEL 10000

/**
 * struct software - a program that takes devices by VFIO
 * @name: argument of --for
 * @title: what its makers call it
 * @files: patterns, one of whose files is there if it is installed
 * @binds: it binds the device to a driver by itself
 * @other: what it does with a device of the variant
 * @advice: how it can have it nevertheless, beside the drop-in; NULL if it cannot
 */
struct software {
	const char *name;
	const char *title;
	const char *files[2];
	bool binds;
	const char *other;
	const char *advice;
};

static const struct software all[] = {
	{ .name = "dpdk", .title = "DPDK",
	  .files = { "/usr/bin/dpdk-*", "/usr/local/bin/dpdk-*" },
	  .other = "passes over devices whose driver is not called vfio-pci" },
	{ .name = "kubevirt", .title = "KubeVirt",
	  .files = { "/usr/bin/kubelet", "/var/lib/kubelet/device-plugins/kubevirt-*" },
	  .other = "passes over devices whose driver is not called vfio-pci" },
	{ .name = "proxmox", .title = "Proxmox VE",
	  .files = { "/usr/bin/pveversion" },
	  .binds = true,
	  .other = "binds the device to vfio-pci when the virtual machine starts",
	  .advice = "driver=keep in hostpci, if this version has it (man qm)" },
	{ .name = "libvirt", .title = "libvirt",
	  .files = { "/usr/sbin/libvirtd", "/usr/sbin/virtqemud" },
	  .binds = true,
	  .other = "binds the device to vfio-pci, unless the <driver> names a model",
	  .advice = "write <driver name='vfio' model='dmabuf-vfio-pci'/>" },
};

static bool is_there(const char *pattern)
{
	glob_t found;
	bool is = !glob(pattern, 0, NULL, &found);

	globfree(&found);
	return is;
}

static bool is_installed(const struct software *software)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(software->files) && software->files[i]; i++)
		if (is_there(software->files[i]))
			return true;
	return false;
}

/* "libvirt.so.0.9000.0" is of 9.0.0; 0 if it is not here. */
static long libvirt_version(void)
{
	const char *name = "libvirt.so.0.";
	glob_t found;
	long version = 0;

	if (!glob("/usr/{lib,lib64,lib/[a-z]*-linux-gnu*}/libvirt.so.0.*.*",
		  GLOB_BRACE, NULL, &found))
		version = atol(strstr(found.gl_pathv[0], name) + strlen(name));
	globfree(&found);
	return version;
}

static void add_taken(struct facts *facts, const struct software *software,
		      const char *bdf)
{
	if (device_is_ours(bdf) || software->binds)
		fact_add(facts, OK, software->name, "software.takes",
			 text("%s takes %s, because the driver is called vfio-pci",
			      software->title, bdf), NULL);
	else
		fact_add(facts, WARNING, software->name, "software.takes-bound",
			 text("%s takes %s once it is bound", software->title, bdf),
			 text(NAME " bind %s", bdf));
}

/* The word for what is wrong is a warning if nobody has asked. */
static void add_refused(struct facts *facts, const struct software *software,
			const char *bdf, bool asked)
{
	long version = strcmp(software->name, "libvirt") ? 0 : libvirt_version();
	const char *advice = software->advice;
	const char *other = software->other;

	if (version && version < LIBVIRT_WITH_MODEL) {
		other = "binds the device to vfio-pci, because libvirt before 10.0 knows no other driver";
		advice = NULL;
	}
	fact_add(facts, asked && !advice ? NOT_OK : WARNING, software->name,
		 advice ? "software.rebinds" : "software.refuses",
		 text("%s does not take %s from the variant by itself: it %s",
		      software->title, bdf, other),
		 text("%s%sinstall the drop-in, dmabuf-vfio-pci-dropin-dkms, in place of the variant",
		      advice ? advice : "", advice ? "; or " : ""));
}

static void add_facts(struct facts *facts, const struct software *software,
		      const char *bdf, bool asked)
{
	if (flavour() == &dropin && flavour_is_kept_out())
		fact_add(facts, asked ? NOT_OK : WARNING, software->name,
			 "software.kept-out",
			 text("%s takes %s from the kernel's own vfio-pci, which is loaded in place of the drop-in",
			      software->title, bdf),
			 text("unbind its devices, then modprobe -r vfio-pci"));
	else if (flavour() == &dropin)
		add_taken(facts, software, bdf);
	else
		add_refused(facts, software, bdf, asked);
}

bool facts_knows_software(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(all[i].name, name))
			return true;
	return false;
}

void facts_software(struct facts *facts, const char *bdf, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (name ? !strcmp(all[i].name, name) : is_installed(&all[i]))
			add_facts(facts, &all[i], bdf, name);
}
