# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the lives of both flavours share. Sourced; $kernels are the release strings.
# shellcheck disable=SC2154

# `! command` alone would not end a function under `set -e`.
not()
{
	if "$@"; then
		return 1
	fi
}

# Other kernels, which other tests may have fetched, are not to be seen. A mount point cannot
# be removed, so what a run that was cut short has left of the tests' own ones goes first.
hide_other_kernels()
{
	local dir
	rm -rf /lib/modules/*-without
	for dir in /lib/modules/*; do
		grep -qxF "${dir##*/}" <(printf '%s\n' "${kernels[@]}") || mount -t tmpfs none "$dir"
	done
}

# What each format has of its own is left out: documents, build ids, compression.
files_of()
{
	sed -E 's/^\.//; s/\.gz$//' | grep -vE '/$|^/usr/(share/(doc|licenses)|lib/\.build-id)(/|$)' |
		sort
}

# Names of files, but those that others leave: keys of dkms, locks and backups of
# whoever adds a group.
everything()
{
	find /etc /usr /var/lib/dkms ! -path /usr/src/linux-headers-'*' \
		! -name '*-' ! -name .pwd.lock ! -path /var/lib/dkms/mok.'*' | sort
}

# The chroot leaves manuals and documents out.
apt()
{
	apt-get -y --no-install-recommends -o "Dpkg::Options::=--path-include=/usr/share/*/*dmabuf-vfio-pci*" "$@"
}

# As the firmware says it.
secure_boot()
{
	mkdir -p /sys/firmware/efi/efivars
	printf '\6\0\0\0\1' >/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
}

# doctored_headers DIR SCRIPT: make DIR the headers of the kernel $kver, but with a
# configuration that sed's SCRIPT has changed. Old and new dkms read different files of it.
doctored_headers()
{
	local headers=$1 script=$2 build=/lib/modules/$kver/build file

	rm -rf "$headers"
	mkdir -p "$headers/include/config"
	find "$build/" -mindepth 1 -maxdepth 1 ! -name include ! -name .config ! -name Makefile \
		-exec ln -s -t "$headers" {} +
	find "$build/include/" -mindepth 1 -maxdepth 1 ! -name config -exec ln -s -t "$headers/include" {} +
	find "$build/include/config/" -mindepth 1 -maxdepth 1 ! -name auto.conf \
		-exec ln -s -t "$headers/include/config" {} +
	for file in .config include/config/auto.conf; do
		sed "$script" "$build/$file" >"$headers/$file"
	done
	# Newer headers say where they are, and kbuild would read those, and write there.
	sed "s|^KBUILD_OUTPUT=.*|KBUILD_OUTPUT=$headers|" "$build/Makefile" >"$headers/Makefile"
}

# What a run that was cut short may have left.
clean()
{
	local package
	# One by one: apt knows only those that are installed.
	for package in dmabuf-vfio-pci-{dkms,dropin-dkms,tools}; do
		apt purge "$package" || true
	done
	make -s -C "$TREE" uninstall || true
	make -s -C "$TREE" uninstall DROPIN=1 || true
	rm -rf /sys/firmware
}
