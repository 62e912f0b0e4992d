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

# What the scripts need from the machine itself: for chroots and kernels, to boot a
# guest, for the programs of the suites, and for the tests that run on the machine.
KERNEL_PACKAGES=(debian-archive-keyring mmdebstrap rsync xz-utils zstd util-linux kmod)
GUEST_PACKAGES=(make gcc libc6-dev linux-libc-dev libkmod-dev qemu-system-x86 seabios busybox-static cpio)
SUITE_PACKAGES=(libcmocka-dev libpci-dev libjansson-dev udev driverctl)
TEST_PACKAGES=(libibverbs-dev mandoc graphviz shellcheck perl pahole patch)
ARM64_PACKAGES=(qemu-system-arm qemu-efi-aarch64 binutils)

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

# Ctrl-C ends everything at once, with one word from the script that was called first.
[ -n "${DVP_CALLED:-}" ] || first=yes
export DVP_CALLED=yes
interrupted()
{
	trap - INT
	[ -z "${first:-}" ] || printf '%s: interrupted\n' "${0##*/}" >&2
	# A caller with job control only sees a death by the signal.
	kill -INT "$BASHPID"
}
trap interrupted INT

need_root()
{
	[ "$(id -u)" = 0 ] || die "this needs root: run it as root or with sudo"
}

# lock FILE SENTENCE: wait until nobody else has it; it is ours until the script ends.
lock()
{
	exec 7>"$1"
	flock -n 7 || {
		step "$2"
		flock 7
	}
}

# space FOLDER: how many KiB are free there.
space()
{
	df --output=avail -k "$1" | tail -n 1
}

# What is built can be written; a run with all suites and kernels needs about 50 MiB.
need_build()
{
	mkdir -p "$BUILD/logs" 2>/dev/null || die "cannot write to $BUILD"
	[ "$(space "$BUILD")" -ge 65536 ] || die "the disk of $BUILD is full"
}

# Why the command whose output is in file $1 failed, as one clause. What it was to write
# is in the folder $place, if not in the cache.
reason()
{
	local disk=${place:-$CACHE} moves=DVP_CACHE
	[ -z "${place:-}" ] || moves=TMPDIR

	if [ "$(space "$disk")" -lt 4096 ] || grep -qs 'No space left' "$1"; then
		echo "the disk of $disk is full ($moves moves it)"
	elif grep -qs 'Unable to acquire the dpkg frontend lock\|Could not get lock' "$1"; then
		echo "another program is installing packages; try again when it has ended"
	elif grep -qsE 'Could not connect|Could not resolve|Temporary failure|Connection (failed|refused|timed out)|Unable to connect|Cannot initiate' "$1"; then
		echo "the mirror cannot be reached (see apt's configuration, or set DVP_MIRROR)"
	elif grep -qsE 'does not have a Release file|404 +Not Found' "$1"; then
		echo "the mirror does not have it"
	elif grep -qs 'NO_PUBKEY' "$1"; then
		echo "the archive's key is not known here (upgrade debian-archive-keyring)"
	elif grep -qs 'Unable to locate package' "$1"; then
		echo "apt does not know $(sed -n 's/^E: Unable to locate package //p' "$1" | sort -u | xargs) (see apt's sources)"
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
		die "this machine has no apt-get: run it on Debian or Ubuntu, or in a container (see Containerfile)"
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

# need_host_packages KIND...: kernel, guest, suite or test, see above.
need_host_packages()
{
	local kind packages=()

	for kind; do
		case $kind in
		kernel) packages+=("${KERNEL_PACKAGES[@]}") ;;
		guest) packages+=("${GUEST_PACKAGES[@]}") ;;
		suite) packages+=("${SUITE_PACKAGES[@]}") ;;
		test) packages+=("${TEST_PACKAGES[@]}") ;;
		esac
	done
	need_packages "${packages[@]}"
}

# The lists may be missing or stale, and an earlier installation may have been interrupted.
update_and_install()
{
	apt-get update
	dpkg --configure -a
	"$@"
}

install_packages()
{
	local install=(apt-get -y --no-install-recommends install "$@")

	step "Installing $# packages: $*"
	export DEBIAN_FRONTEND=noninteractive
	"${install[@]}" </dev/null >/dev/null 2>&1 ||
		logged "cannot install packages" update_and_install "${install[@]}"
}

# check_kernels NAME...: refuse what is no kernel before anything is downloaded for it.
check_kernels()
{
	local name
	for name; do
		kernel_line "$name" >/dev/null
	done
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

# Those that build-tree has made of somebody's kernel.
is_tree_kernel()
{
	[[ $1 = tree-* ]]
}

# arch_of NAME: x86 or arm64, as the kernel's build system calls them.
arch_of()
{
	case $(kernel_line "$1") in
	*-arm64* | *-arm64-*) echo arm64 ;;
	*) echo x86 ;;
	esac
}

# kernel_line NAME: "SUITE PACKAGE", or what stands in place of a package in
# tests/matrix/other-kernels; for somebody's kernel "RELEASE tree", where the release is
# "host" when this machine's compiler has built it.
kernel_line()
{
	local line
	if is_tree_kernel "$1" && [ -e "$CACHE/kernels/$1/line" ]; then
		cat "$CACHE/kernels/$1/line"
		return
	fi
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
		die "apt has no Debian mirror for $1: name one, as in 'make demo DVP_MIRROR=http://deb.debian.org/debian'"
	[ -e "$keyring" ] ||
		die "the Debian archive's keys are not at $keyring: install debian-archive-keyring"
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

# For unshare: a machine that is itself a chroot has no mount at / whose propagation could
# be changed.
propagation()
{
	awk '$5 == "/" { found = 1 } END { print found ? "private" : "unchanged" }' /proc/self/mountinfo
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
	local suite cross=()
	suite=$(kernel_line "$1")
	if [ "${suite% *}" = host ]; then
		! grep -qx CONFIG_CC_IS_CLANG=y "$(kernel_dir "$1")/config" || cross=(LLVM=1)
		make -C "$(cat "$(kernel_dir "$1")/build")" "${cross[@]}" \
			M="$CACHE/chroots/host/src/$1-$2${3:+/$3}" "${@:4}"
		return
	fi
	[ "$(arch_of "$1")" = x86 ] || cross=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
	"$TREE/scripts/chroot" "$(release_of "${suite% *}")" \
		make -C "/lib/modules/$(kernel_release "$1")/build" \
		M="/src/$1-$2${3:+/$3}" "${cross[@]}" "${@:4}"
}

# Prints the warnings of a build's log. The compiler is the release's current
# one, which can be some Debian revisions ahead of the kernel's own: no fault.
compiler_warnings()
{
	grep -iE '(warning|error): ' "$1" |
		grep -v 'warning: the compiler differs from the one used to build the kernel'
}

# make_in FOLDER PRODUCTS [TARGET...]: make below the tree, for build/PRODUCTS. The path is
# a relative one, because make cannot have blanks in the names of targets.
make_in()
{
	make -s -C "$TREE/$1" OUT="$(realpath -m --relative-to="$TREE/$1" "$BUILD/$2")" "${@:3}"
}

# Also where `set -e` is off, as before "||". Two who build share the objects.
make_programs()
{
	mkdir -p "$BUILD/guest" && exec 6>"$BUILD/guest/lock" && flock 6 || return
	step "Building the guest's programs"
	make_in tests/guest guest &&
		make_in tools tools &&
		cp "$BUILD/tools/dmabuf-vfio-pci" "$BUILD/guest/" &&
		exec 6>&-
}

# What `make demo` needs of them.
make_demo()
{
	mkdir -p "$BUILD/guest"
	exec 6>"$BUILD/guest/lock"
	flock 6
	step "Building the guest's programs"
	make_in tests/guest guest ../../build/guest/{init,demo}
	exec 6>&-
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
