// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "facts.h"
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
		fact_add(facts, WARNING, SUBJECT,
			 text("%s does not say for which kernel it was built",
			      module->path), NULL);
	else if (strncmp(module->vermagic, kernel.release, length) ||
		 module->vermagic[length] != ' ')
		fact_add(facts, NOT_OK, SUBJECT,
			 text("it was built for another kernel than %s: %s",
			      kernel.release, module->vermagic),
			 text("build it anew: dkms autoinstall"));
	else if (kernels && strcmp(kernels, module->vermagic))
		fact_add(facts, NOT_OK, SUBJECT,
			 text("it was built for \"%s\", the kernel is \"%s\"",
			      module->vermagic, kernels),
			 text("build it anew with the headers of this kernel"));
	else
		fact_add(facts, OK, SUBJECT,
			 text("it was built for this kernel, %s",
			      kernel.release), NULL);
	free(kernels);
}

static void check_symbols(struct facts *facts, const struct module *module)
{
	if (!symbols_are_known())
		fact_add(facts, WARNING, SUBJECT,
			 text("/proc/kallsyms does not tell whether this kernel has all it needs"),
			 NULL);
	else if (module->missing)
		fact_add(facts, NOT_OK, SUBJECT,
			 text("this kernel does not have what it needs: %s",
			      module->missing),
			 text("build it anew with the headers of this kernel"));
	else
		fact_add(facts, OK, SUBJECT,
			 text("this kernel has all that it needs"), NULL);
}

static void check_signature(struct facts *facts, const struct module *module)
{
	if (module->signer)
		fact_add(facts, OK, SUBJECT,
			 text("it is signed by %s", module->signer), NULL);
	else if (module_must_be_signed())
		fact_add(facts, NOT_OK, SUBJECT,
			 text("it is not signed, and this kernel demands it"),
			 text("sign it with a key that the machine trusts (mokutil --import)"));
	else
		fact_add(facts, OK, SUBJECT,
			 text("it is not signed, which this kernel does not demand"),
			 NULL);
}

static void check_file(struct facts *facts, const struct module *module)
{
	fact_add(facts, OK, SUBJECT,
		 text("version %s is installed for this kernel",
		      module->version ? module->version : "?"), NULL);
	check_vermagic(facts, module);
	check_symbols(facts, module);
	check_signature(facts, module);
}

void facts_module(struct facts *facts)
{
	struct module *module = module_find();

	if (module->path)
		check_file(facts, module);
	if (module->is_loaded)
		fact_add(facts, OK, SUBJECT,
			 text("version %s is loaded, with exporter=%s",
			      module->loaded_version, module->exporter), NULL);
	else if (module->path)
		fact_add(facts, WARNING, SUBJECT, text("it is not loaded"),
			 text("modprobe " NAME));
	else
		fact_add(facts, NOT_OK, SUBJECT,
			 text("it is not installed for this kernel"),
			 text("install it and this kernel's headers, or run dkms autoinstall"));
	module_free(module);
}
