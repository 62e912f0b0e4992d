// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "facts.h"
#include "flavour.h"
#include "module.h"
#include "symbols.h"

#define SUBJECT "module"

/* The release, and what else the kernel demands to be the same. */
static void check_vermagic(struct facts *facts, const struct module *module)
{
	char *kernels = module_kernels_vermagic();
	struct utsname kernel;
	size_t length;

	uname(&kernel);
	length = strlen(kernel.release);
	if (!module->vermagic)
		fact_add(facts, WARNING, SUBJECT, "module.no-vermagic",
			 text("%s does not say which kernel it was built for",
			      module->path), NULL);
	else if (strncmp(module->vermagic, kernel.release, length) ||
		 module->vermagic[length] != ' ')
		fact_add(facts, NOT_OK, SUBJECT, "module.other-kernel",
			 text("it was built for another kernel than %s: %s",
			      kernel.release, module->vermagic),
			 text("rebuild it: dkms autoinstall"));
	else if (kernels && strcmp(kernels, module->vermagic))
		fact_add(facts, NOT_OK, SUBJECT, "module.other-build",
			 text("it was built for \"%s\", the kernel is \"%s\"",
			      module->vermagic, kernels),
			 text("rebuild it with the headers of this kernel"));
	else
		fact_add(facts, OK, SUBJECT, "module.this-kernel",
			 text("it was built for this kernel, %s%s",
			      kernel.release, kernels ? "" :
			      " (its options could not be compared)"), NULL);
	free(kernels);
}

static void check_symbols(struct facts *facts, const struct module *module)
{
	if (!symbols_are_known())
		fact_add(facts, WARNING, SUBJECT, "module.symbols-unknown",
			 text("whether it has all symbols is not known: /proc/kallsyms is hidden"),
			 NULL);
	else if (module->missing)
		fact_add(facts, NOT_OK, SUBJECT, "module.symbols-missing",
			 text("this kernel lacks symbols that it needs: %s",
			      module->missing),
			 text("rebuild it with the headers of this kernel"));
	else
		fact_add(facts, OK, SUBJECT, "module.symbols",
			 text("this kernel has all symbols that it needs"), NULL);
}

static void check_signature(struct facts *facts, const struct module *module)
{
	if (module->signer)
		fact_add(facts, OK, SUBJECT, "module.signed",
			 text("it is signed by %s", module->signer), NULL);
	else if (module_must_be_signed())
		fact_add(facts, NOT_OK, SUBJECT, "module.unsigned-refused",
			 text("it is not signed, and this kernel refuses unsigned modules"),
			 text("sign it with a key that the machine trusts (mokutil --import)"));
	else
		fact_add(facts, OK, SUBJECT, "module.unsigned",
			 text("it is not signed; this kernel accepts unsigned modules"),
			 NULL);
}

static void check_file(struct facts *facts, const struct module *module)
{
	fact_add(facts, OK, SUBJECT, "module.installed",
		 text("version %s is installed for this kernel, as %s (%s)",
		      module->version ? module->version : "?",
		      module->installed->driver, module->installed->name), NULL);
	check_vermagic(facts, module);
	check_symbols(facts, module);
	check_signature(facts, module);
}

/* An installation replaces the file; the loaded module stays until it is unloaded. */
static void check_loaded(struct facts *facts, const struct module *module)
{
	const char *version = module->loaded_version;

	fact_add(facts, OK, SUBJECT, "module.loaded",
		 text("version %s is loaded as %s (%s), with exporter=%s",
		      version, module->loaded->driver, module->loaded->name,
		      module->exporter), NULL);
	if (module->version &&
	    (strcmp(module->version, version) ||
	     module->installed != module->loaded))
		fact_add(facts, WARNING, SUBJECT, "module.other-loaded",
			 text("what is loaded (%s, %s) is not what is installed (%s, %s)",
			      version, module->loaded->name, module->version,
			      module->installed->name),
			 text("close and unbind its devices, then modprobe -r %s",
			      module->loaded->driver));
	if (strcmp(version, VERSION))
		fact_add(facts, WARNING, SUBJECT, "module.other-command",
			 text("this command is of version %s, and the loaded module of version %s",
			      VERSION, version),
			 text("install both from one release, and load that"));
}

void facts_module(struct facts *facts)
{
	struct module *module = module_find();

	if (module->path)
		check_file(facts, module);
	if (module->loaded)
		check_loaded(facts, module);
	else if (flavour_is_kept_out())
		fact_add(facts, NOT_OK, SUBJECT, "module.kept-out",
			 text("the kernel's own vfio-pci is loaded in its place"),
			 text("unbind its devices, then modprobe -r vfio-pci"));
	else if (module->path)
		fact_add(facts, WARNING, SUBJECT, "module.not-loaded", text("it is not loaded"),
			 text("modprobe %s", DRIVER));
	else
		fact_add(facts, NOT_OK, SUBJECT, "module.not-installed",
			 text("it is not installed for this kernel"),
			 text("install it and this kernel's headers, or run dkms autoinstall"));
	module_free(module);
}
