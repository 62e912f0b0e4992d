# SPDX-License-Identifier: GPL-2.0-only
#
# For people. The kernel's build system reads Kbuild instead of this file.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build

.PHONY: all tools manuals demo check check-all check-debug check-mutations stress fuzz bench \
	lint install uninstall install-tools uninstall-tools deb rpm clean help

all:
	@test -d "$(KDIR)" || { echo "$(KDIR) is not there: install the headers of the kernel $(KVER)" >&2; exit 1; }
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

# The operator's command. Its own Makefile has what can be set.
tools:
	@$(MAKE) -s -C tools

install-tools uninstall-tools:
	@$(MAKE) -s -C tools $(@:-tools=)

# For those who read them on the web: what is in docs is made of the manuals.
manuals:
	@for manual in tools/*.[0-9]; do \
		mandoc -T markdown -I os=Linux "$$manual" >"docs/$${manual##*/}.md" || exit; \
	done

demo:
	@scripts/run-guest --machine iommu $(if $(KERNEL),--kernel "$(KERNEL)") -- demo

check:
	@KTREE="$(KTREE)" KDIR="$(if $(filter command environment,$(origin KDIR)),$(KDIR))" \
		P2PDMA="$(P2PDMA)" scripts/check "$(KERNEL)" "$(SUITE)"

check-all:
	@scripts/check --all

check-debug:
	@DVP_LOGS="$(CURDIR)/build/logs-debug" scripts/check "$(or $(KERNEL),debug)" "$(SUITE)"

check-mutations:
	@scripts/check-mutations $(NAME)

stress:
	@scripts/stress "$(SECONDS)" "$(KERNEL)" "$(CPUS)" "$(SEED)"

fuzz:
	@scripts/fuzz "$(SECONDS)" "$(KERNEL)" "$(SEED)"

bench:
	@scripts/bench $(KERNEL)

lint:
	@scripts/lint $(KERNEL)

install uninstall:
	@scripts/install $@ "$(KVER)"

deb rpm:
	@scripts/package $@

clean:
	@if test -d "$(KDIR)"; then $(MAKE) -s -C "$(KDIR)" M="$(CURDIR)" clean; fi
	@rm -rf build

help:
	@echo "make              build the module for the running kernel (KVER=, KDIR=)"
	@echo "make install      install it through DKMS; make uninstall removes it"
	@echo "make tools        build the command dmabuf-vfio-pci (needs libpci-dev, libkmod-dev and"
	@echo "                  libjansson-dev); make install-tools puts it below prefix="
	@echo "make deb          build Debian packages of both into build/deb; make rpm: into build/rpm"
	@echo "make manuals      make docs/*.[48].md of the manuals in tools/ (needs mandoc)"
	@echo "make demo         boot a guest and show peer-to-peer DMA into a bound device"
	@echo "make check        run the tests in guests, on every kernel of tests/matrix/kernels"
	@echo "                  (KERNEL=\"6.1 7.3\" and SUITE=\"export lint\" run a part of it;"
	@echo "                  JUNIT=FILE writes the results there as XML, too)"
	@echo "make check KTREE=DIR"
	@echo "                  the suites on a small kernel that is built of the source in DIR (P2PDMA=n"
	@echo "                  without PCI_P2PDMA; SUITE=); KDIR=DIR: on one that is built already"
	@echo "make check-all    the same, and lint, packages, each branch of compat/, and some suites on"
	@echo "                  a kernel that checks itself: what CI runs"
	@echo "make check-mutations"
	@echo "                  break the driver as each of tests/mutations does, and demand"
	@echo "                  that a test fails (NAME=\"export-flags ...\" picks some)"
	@echo "make check-debug  the same suites on kernels that check themselves (KASAN, lockdep, leaks,"
	@echo "                  KCSAN), which are built first; failing allocations, coverage; hours"
	@echo "make stress       users who race: SECONDS=300 on every kernel, PREEMPT_RT included, with"
	@echo "                  two and four CPUs; 45 minutes on two cores (KERNEL=, CPUS=, SEED=)"
	@echo "make fuzz         calls that a fuzzer makes up, SECONDS=300 on each kernel with KASAN"
	@echo "                  (KERNEL=, SEED=)"
	@echo "make bench        what calls cost, in instructions, next to the in-tree driver; a minute for"
	@echo "                  each kernel; fails when something costs more than it did (KERNEL=;"
	@echo "                  BASELINE=write makes what is found the new baseline)"
	@echo "make lint         checkpatch, sparse, W=1 builds and shellcheck"
	@echo "make clean        remove what was built, not what was downloaded"
	@echo
	@echo "All but make, make tools, manuals, deb, rpm, clean and help need root. Downloads go to"
	@echo "DVP_CACHE (default ~/.cache/dmabuf-vfio-pci); DVP_MIRROR overrides apt's own Debian mirror."
