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

# Other kernels, which other tests may have fetched, are not to be seen.
hide_other_kernels()
{
	local dir
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
