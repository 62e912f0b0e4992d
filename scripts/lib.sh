# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts share. Sourced, never run.

set -euo pipefail
export LC_ALL=C.UTF-8
# What the make that called us was told is not for those that we call: NAME= of
# check-mutations would name the command.
unset MAKEFLAGS MFLAGS

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=$(realpath -m "${DVP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dmabuf-vfio-pci}")
BUILD=$TREE/build
# shellcheck disable=SC2034 # for those who source this
LOGS=${DVP_LOGS:-$BUILD/logs}

# Everything that the scripts need from the machine itself.
HOST_PACKAGES=(
	debian-archive-keyring mmdebstrap rsync xz-utils zstd util-linux kmod cpio
	make patch gcc libc6-dev linux-libc-dev libkmod-dev libcmocka-dev
	libpci-dev libjansson-dev libibverbs-dev mandoc graphviz
	qemu-system-x86 seabios busybox-static udev driverctl
	shellcheck perl pahole
)

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# What is being done now goes to stderr: stdout belongs to results.
step()
{
	printf '==> %s\n' "$*" >&2
}

need_root()
{
	[ "$(id -u)" = 0 ] ||
		die "this needs root (packages, chroots and QEMU): run it as root or with sudo"
}

# Why the command whose output is in file $1 failed, as one clause.
reason()
{
	local avail
	avail=$(df --output=avail -k "$CACHE" | tail -n 1)

	if [ "$avail" -lt 4096 ] || grep -qs 'No space left' "$1"; then
		echo "the disk of $CACHE is full (DVP_CACHE moves it)"
	elif grep -qsE 'Could not connect|Could not resolve|Temporary failure|Connection (failed|refused|timed out)|Unable to connect|Cannot initiate' "$1"; then
		echo "the mirror cannot be reached (see apt's configuration, or set DVP_MIRROR)"
	elif grep -qsE 'does not have a Release file|404 +Not Found' "$1"; then
		echo "the mirror does not have it"
	elif grep -qs 'NO_PUBKEY' "$1"; then
		echo "the archive's key is not known here (upgrade debian-archive-keyring)"
	else
		echo "see $1"
	fi
}

# logged SENTENCE COMMAND...: quiet when it works; SENTENCE and the reason when not.
logged()
{
	local sentence=$1 log status
	shift
	mkdir -p "$CACHE/logs" 2>/dev/null ||
		die "cannot write to $CACHE (DVP_CACHE moves it)"
	log=$(mktemp "$CACHE/logs/XXXXXX") || die "$sentence: $(reason /dev/null)"
	# Not `... || die`: that would switch `set -e` off inside a function.
	set +e
	(set -e; "$@") >"$log" 2>&1
	status=$?
	set -e
	[ "$status" = 0 ] || die "$sentence: $(reason "$log")"
	rm -f "$log"
}

# The version, of which dkms.conf is the source.
version()
{
	sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$TREE/dkms.conf"
}

# need_packages PACKAGE...: they are installed, or now they are.
need_packages()
{
	local missing=() package

	command -v apt-get >/dev/null ||
		die "this needs a Debian machine: there is no apt-get here"
	for package; do
		dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
			grep -qx installed || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] ||
		die "not installed: ${missing[*]}; run this with sudo, or install them"

	# The keyring goes along so that an old one is upgraded: the kernels
	# come from newer releases than the machine.
	install_packages "${missing[@]}" debian-archive-keyring
}

need_host_packages()
{
	need_packages "${HOST_PACKAGES[@]}"
}

# A list that is missing and one that has gone stale fail alike: then update.
install_packages()
{
	local install=(apt-get -y --no-install-recommends install "$@")

	step "Installing $*"
	export DEBIAN_FRONTEND=noninteractive
	"${install[@]}" >/dev/null 2>&1 || {
		logged "cannot update apt's lists" apt-get update
		logged "cannot install $*" "${install[@]}"
	}
}

kernel_names()
{
	awk '!/^#/ && NF { print $1 }' "$TREE/tests/matrix/kernels"
}

# Those that are beside the matrix.
other_kernel_names()
{
	awk '!/^#/ && NF { print $1 }' "$TREE/tests/matrix/other-kernels"
}

# Those of them that are built from source, to check everything.
debug_kernel_names()
{
	awk '!/^#/ && NF && $3 !~ /^linux-image-/ { print $1 }' "$TREE/tests/matrix/other-kernels"
}

is_debug_kernel()
{
	grep -qxF -- "$1" <<<"$(debug_kernel_names)"
}

# kernel_line NAME: "SUITE PACKAGE", or what stands in place of a package in
# tests/matrix/other-kernels.
kernel_line()
{
	local line
	line=$(awk -v name="$1" '
		/^#/ || !NF { next }
		FILENAME ~ /other-kernels$/ { $2 = suite[$2]; how = $3 }
		FILENAME !~ /other-kernels$/ { suite[$1] = $2; how = $3 ? $3 : "linux-image-amd64" }
		$1 == name { print $2, how }' \
		"$TREE/tests/matrix/kernels" "$TREE/tests/matrix/other-kernels")
	[ -n "$line" ] ||
		die "there is no kernel '$1': tests/matrix/kernels has $(kernel_names | xargs), tests/matrix/other-kernels $(other_kernel_names | xargs)"
	echo "$line"
}

# The kernel of tests/matrix/kernels that one of tests/matrix/other-kernels is a variant of; any
# other is its own.
base_of()
{
	local base
	base=$(awk -v name="$1" '!/^#/ && $1 == name { print $2 }' "$TREE/tests/matrix/other-kernels")
	echo "${base:-$1}"
}

kernel_dir()
{
	echo "$CACHE/kernels/$1"
}

# The release string (uname -r) of a kernel that has been fetched.
kernel_release()
{
	cat "$CACHE/kernels/$1/release"
}

# release_of SUITE: the Debian release whose compiler builds that suite's kernels.
release_of()
{
	sed -E 's/-(backports(-sloppy)?|security|updates|proposed-updates)$//' <<<"$1"
}

# The fields of the machine's own Debian source, "URI KEYRING": $1 is Debian or
# Debian-Security, the label that the archive's Release file carries.
apt_source()
{
	local uri label entry keyring list

	# shellcheck disable=SC2016 # the fields are for apt to fill in
	list=$(apt-get indextargets --format '$(REPO_URI) $(LABEL) $(SOURCESENTRY)' \
		'Created-By: Packages' | awk -v label="$1" '$2 == label' | head -n 1)
	read -r uri label entry <<<"$list"
	keyring=
	[ -z "$entry" ] || keyring=$(sed -nE \
		's/.*[Ss]igned-[Bb]y[:=] *(\/[^] ]+).*/\1/p' "${entry%:*}" | head -n 1)
	# An image in a cloud may name a file that lists mirrors.
	case $uri in
	mirror+file:*) uri=$(awk '!/^#/ && NF { print $1; exit }' "${uri#mirror+file:}") ;;
	esac
	echo "$uri ${keyring:-/usr/share/keyrings/debian-archive-keyring.gpg}"
}

# apt_line SUITE: a line for sources.list.
apt_line()
{
	local uri keyring label=Debian

	case $1 in
	*-security) label=Debian-Security ;;
	esac
	read -r uri keyring <<<"$(apt_source "$label")"
	if [ -n "${DVP_MIRROR:-}" ]; then
		uri=${DVP_MIRROR%/}
		[ "$label" = Debian ] || uri=$uri-security
	fi
	[ "${uri#*:}" != "$uri" ] ||
		die "apt is not configured with a Debian mirror for $1: set DVP_MIRROR to one"
	echo "deb [signed-by=$keyring] $uri $1 main"
}

# apt_sources RELEASE: the release itself and every suite of it in tests/matrix/kernels.
apt_sources()
{
	local name suite

	apt_line "$1"
	for name in $(kernel_names); do
		suite=$(kernel_line "$name")
		suite=${suite% *}
		[ "$(release_of "$suite")" != "$1" ] || [ "$suite" = "$1" ] ||
			apt_line "$suite"
	done | sort -u
}

# lock_chroot RELEASE WHAT: whoever else does WHAT there waits until unlock_chroot
# or the end of the script.
lock_chroot()
{
	exec 8>"$CACHE/chroots/$1.$2.lock"
	flock 8
}

unlock_chroot()
{
	exec 8>&-
}

# copy_sources DIR: the tree without what was built in it.
copy_sources()
{
	mkdir -p "$1"
	rsync -a --delete --exclude=/.git --exclude-from="$TREE/.gitignore" "$TREE/" "$1/"
}

# copy_tree NAME PURPOSE: bring the sources into the chroot of a kernel, where a
# later build for the same purpose finds its objects. Prints the copy's place.
copy_tree()
{
	local suite root
	suite=$(kernel_line "$1")
	root=$CACHE/chroots/$(release_of "${suite% *}")

	# The objects there stay; what the tree no longer has goes.
	copy_sources "$root/src/$1-$2"
	echo "$root/src/$1-$2"
}

# kbuild NAME PURPOSE SUBDIR ARGS...: make in such a copy ('' for its top).
kbuild()
{
	local suite
	suite=$(kernel_line "$1")
	"$TREE/scripts/chroot" "$(release_of "${suite% *}")" \
		make -C "/lib/modules/$(kernel_release "$1")/build" \
		M="/src/$1-$2${3:+/$3}" "${@:4}"
}

# Prints the warnings of a build's log. The compiler is the release's current
# one, which can be some Debian revisions ahead of the kernel's own: no fault.
compiler_warnings()
{
	grep -iE '(warning|error): ' "$1" |
		grep -v 'warning: the compiler differs from the one used to build the kernel'
}

# Also where `set -e` is off, as before "||".
make_programs()
{
	step "Building the guest's programs"
	make -s -C "$TREE/tests/guest" OUT="$BUILD/guest" &&
		make -s -C "$TREE/tools" OUT="$BUILD/tools" &&
		cp "$BUILD/tools/dmabuf-vfio-pci" "$BUILD/guest/"
}

# The commands of the documents, for the machine whose guest runs them.
make_documents()
{
	"$TREE/tests/host/docs" --guest "$BUILD/guest-docs"
}

# TAP for the tests that are shell: tap NAME COMMAND... runs one, in a subshell
# of its own where `set -e` holds; tap_end is the script's exit status.
tap_count=0
tap_failed=0
tap()
{
	local name=$1 output status
	shift
	set +e
	output=$(set -e; "$@" 2>&1)
	status=$?
	set -e
	tap_count=$((tap_count + 1))
	if [ "$status" = 0 ]; then
		echo "ok $tap_count - $name"
	else
		echo "not ok $tap_count - $name"
		printf '# %s\n' "${output//$'\n'/$'\n'# }"
		tap_failed=$((tap_failed + 1))
	fi
}

tap_end()
{
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}
