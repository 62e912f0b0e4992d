# SPDX-License-Identifier: GPL-2.0-only
#
# For people. The kernel's build system reads Kbuild instead of this file.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build

# DROPIN=1 builds and installs the driver in place of the kernel's vfio-pci.
FLAVOUR := $(if $(DROPIN),DROPIN=$(DROPIN))

# In a user's own tree what sudo has built is to stay the user's.
ifneq ($(SUDO_UID),)
own = ; status=$$?; [ ! -d build ] || [ "$$(stat -c %u .)" != "$(SUDO_UID)" ] || \
	chown -R "$(SUDO_UID):$(SUDO_GID)" build; exit $$status
endif

# A kernel that clang has built takes modules only from clang.
AUTOCONF := $(wildcard $(KDIR)/include/config/auto.conf)
CC_IS := $(shell test -z "$(AUTOCONF)" || sed -n 's/^CONFIG_CC_IS_CLANG=y/clang/p' $(AUTOCONF))
LD_IS := $(shell test -z "$(AUTOCONF)" || sed -n 's/^CONFIG_LD_IS_LLD=y/ld.lld/p' $(AUTOCONF))
LLVM_ARGS := $(if $(CC_IS),$(if $(LD_IS),LLVM=1,CC=clang))
# Unless somebody says otherwise.
ifneq ($(origin LLVM)$(origin CC),undefineddefault)
LLVM_ARGS :=
endif

.PHONY: all modules_install tools manuals demo check check-all check-fresh check-debug \
	check-mutations stress fuzz bench compile_commands.json lint install uninstall install-tools \
	uninstall-tools deb rpm dist apt-repo clean help

all:
	@test -d "$(KDIR)" || { echo "$(KDIR) is not there: install the headers of the kernel $(KVER)" >&2; exit 1; }
	@case "$(CURDIR)" in *" "*) echo "the kernel's build system takes no path with blanks: move this folder" >&2; exit 1; esac
	@for tool in $(if $(LLVM_ARGS),$(CC_IS) $(LD_IS)); do command -v $$tool >/dev/null || \
		{ echo "clang has built this kernel, and there is no $$tool here: install clang, lld and llvm" >&2; exit 1; }; done
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" $(LLVM_ARGS) $(FLAVOUR) modules

# For those who make images: INSTALL_MOD_PATH= is where, KVER= or KDIR= for which kernel. Up to
# 6.1 kbuild's own choice is extra/, where not every depmod prefers it to the kernel's vfio-pci.
modules_install: all
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" $(LLVM_ARGS) $(FLAVOUR) \
		INSTALL_MOD_DIR="$(or $(INSTALL_MOD_DIR),updates)" modules_install

# For clangd and other tools that want to know how each file is compiled: up to 6.12 in the
# kernel's build directory and with absolute names, later here.
compile_commands.json: all
	@sed -snE -e '1!d; s/^(saved)?cmd_[^ ]+[.]o := *//; T; s/ *(;.*)?$$//; s/["\]/\\&/g' \
		-e 's|.* (/[^ ]+[.]c)$$|{ "directory": "$(KDIR)", "file": "\1", "command": "&" },|p' \
		-e 's|.* ([^/ ][^ ]+[.]c)$$|{ "directory": "$(CURDIR)", "file": "\1", "command": "&" },|p' \
		src/.*.o.cmd compat/.*.o.cmd | sed -e '1i [' -e '$$s/,$$/\n]/' >$@

# The operator's command. Its own Makefile has what can be set.
tools:
	@printf '#include <%s>\n' stdio.h pci/pci.h libkmod.h jansson.h | $(CC) $(CFLAGS) -fsyntax-only -x c - 2>/dev/null || \
		{ echo "this needs a compiler and headers: install gcc libc6-dev libpci-dev libkmod-dev libjansson-dev" >&2; exit 1; }
	@$(MAKE) -s -C tools

install-tools uninstall-tools:
	@$(MAKE) -s -C tools $(@:-tools=)

# For those who read them on the web: what is in docs is made of the manuals.
manuals:
	@command -v mandoc >/dev/null || { echo "there is no mandoc: install it first" >&2; exit 1; }
	@for manual in tools/*.[0-9]; do \
		made=docs/$${manual##*/}.md; \
		mandoc -T markdown -I os=Linux "$$manual" >"$$made.new" && mv "$$made.new" "$$made" || \
			{ rm -f "$$made.new"; exit 1; }; \
	done

demo:
	@scripts/run-guest --machine demo $(if $(KERNEL),--kernel "$(KERNEL)") -- demo$(own)

check:
	@KTREE="$(KTREE)" KDIR="$(if $(filter command environment,$(origin KDIR)),$(KDIR))" \
		P2PDMA="$(P2PDMA)" scripts/check "$(KERNEL)" "$(SUITE)"$(own)

check-all:
	@scripts/check --all$(own)

check-fresh:
	@scripts/check-fresh$(own)

check-debug:
	@DVP_LOGS="$(CURDIR)/build/logs-debug" scripts/check "$(or $(KERNEL),debug)" "$(SUITE)"$(own)

check-mutations:
	@scripts/check-mutations $(NAME)$(own)

stress:
	@scripts/stress "$(SECONDS)" "$(KERNEL)" "$(CPUS)" "$(SEED)" "$(DROPIN)"$(own)

fuzz:
	@scripts/fuzz "$(SECONDS)" "$(KERNEL)" "$(SEED)"$(own)

bench:
	@scripts/bench $(KERNEL)$(own)

lint:
	@scripts/lint $(KERNEL)$(own)

install uninstall:
	@scripts/install $@ "$(KVER)" $(if $(filter 1,$(DROPIN)),dropin)

deb rpm dist:
	@scripts/package $@$(own)

apt-repo:
	@scripts/package $@ "$(KEY)"$(own)

clean:
	@if test -d "$(KDIR)"; then $(MAKE) -s -C "$(KDIR)" M="$(CURDIR)" clean; fi
	@rm -rf build compile_commands.json

help:
	@echo "make              build the module for the running kernel (KVER=, KDIR=)"
	@echo "make modules_install"
	@echo "                  put it below INSTALL_MOD_PATH=, without DKMS: for images"
	@echo "make install      install it through DKMS; make uninstall removes it"
	@echo "make DROPIN=1     each of these three with the driver in place of the kernel's vfio-pci,"
	@echo "                  for software that looks for that name"
	@echo "make tools        build the command dmabuf-vfio-pci (needs libpci-dev, libkmod-dev and"
	@echo "                  libjansson-dev); make install-tools puts it below prefix="
	@echo "make deb          build Debian packages of both into build/deb; make rpm: into build/rpm"
	@echo "make apt-repo KEY=...  an apt repository of those in build/deb, into build/apt-repo, signed"
	@echo "                  by that key of gpg"
	@echo "make dist         put the sources of a release into build/dist, the same bytes each time"
	@echo "make manuals      make docs/*.[48].md of the manuals in tools/ (needs mandoc)"
	@echo "make demo         boot a guest and show peer-to-peer DMA into a bound device"
	@echo "                  (KERNEL=7.3 also shows a picture from there on a display, and keeps a PNG)"
	@echo "make check        run the tests in guests, on every kernel of tests/matrix/kernels"
	@echo "                  (KERNEL=\"6.1 7.3\" and SUITE=\"export lint\" run a part of it;"
	@echo "                  JUNIT=FILE writes the results there as XML, too)"
	@echo "make check KTREE=DIR"
	@echo "                  the suites on a small kernel that is built of the source in DIR (P2PDMA=n"
	@echo "                  without PCI_P2PDMA; LLVM=1 with clang; SUITE=); KDIR=DIR: on one that is built"
	@echo "make check-all    the same, and lint, packages, each branch of compat/, and some suites on"
	@echo "                  arm64; .ci/run does that on a fresh system"
	@echo "make check-fresh  each of these commands alone, on a fresh minimal system; hours"
	@echo "make check-mutations"
	@echo "                  break the driver as each of tests/mutations does, and demand"
	@echo "                  that a test fails (NAME=\"export-flags ...\" picks some)"
	@echo "make check-debug  the same suites on debug kernels (KASAN, lockdep, leaks, KCSAN), which"
	@echo "                  are built first; failing allocations, coverage; hours"
	@echo "make stress       users who race: SECONDS=300 on every kernel, PREEMPT_RT included, with"
	@echo "                  two and four CPUs; 45 minutes on two cores (KERNEL=, CPUS=, SEED=,"
	@echo "                  DROPIN=1)"
	@echo "make fuzz         calls that a fuzzer makes up, SECONDS=300 on each kernel with KASAN"
	@echo "                  (KERNEL=, SEED=)"
	@echo "make bench        what calls cost, in instructions, next to the in-tree driver; a minute for"
	@echo "                  each kernel; fails when something costs more than it did (KERNEL=;"
	@echo "                  BASELINE=write makes what is found the new baseline)"
	@echo "make compile_commands.json   for clangd, of what make has built"
	@echo "make lint         checkpatch, sparse, W=1 builds and shellcheck"
	@echo "make clean        remove what was built, not what was downloaded"
	@echo
	@echo "All but make, make tools, manuals, deb, rpm, dist, apt-repo, clean and help need root. Downloads go to"
	@echo "DVP_CACHE (default ~/.cache/dmabuf-vfio-pci, with sudo that of root); DVP_MIRROR names a"
	@echo "Debian mirror, if it is not to be apt's own: sudo make demo DVP_MIRROR=http://..."
