# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Functions that the scripts share. Sourced, never run.

set -euo pipefail
export LC_ALL=C.UTF-8
# Do not pass the variables of the calling make on to the makes that we run: NAME= of
# check-mutations would change the name of the command in tools/.
unset MAKEFLAGS MFLAGS

# Others read what is made here: apt as _apt, tests as nobody.
umask 022

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=$(realpath -m "${DVP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/dmabuf-vfio-pci}")
BUILD=$TREE/build
# shellcheck disable=SC2034 # for those who source this
LOGS=${DVP_LOGS:-$BUILD/logs}

# Packages that the scripts need on the machine: for chroots and kernels, for booting a
# guest, for the programs of the suites, for the tests that run on the machine, and for
# guests on arm64.
KERNEL_PACKAGES=(debian-archive-keyring mmdebstrap rsync xz-utils zstd util-linux kmod)
GUEST_PACKAGES=(make gcc libc6-dev linux-libc-dev libdrm-dev libkmod-dev qemu-system-x86 seabios busybox-static cpio)
SUITE_PACKAGES=(libcmocka-dev libpci-dev libjansson-dev libibverbs-dev ibverbs-providers udev driverctl iproute2)
TEST_PACKAGES=(mandoc graphviz shellcheck perl pahole patch zsh fish)
ARM64_PACKAGES=(qemu-system-arm qemu-efi-aarch64 binutils)

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Report progress on stderr: stdout is for results.
step()
{
	printf '==> %s\n' "$*" >&2
}

# Ctrl-C ends everything at once. Only the script that was called first reports it.
[ -n "${DVP_CALLED:-}" ] || first=yes
export DVP_CALLED=yes
interrupted()
{
	trap - INT
	[ -z "${first:-}" ] || printf '%s: interrupted\n' "${0##*/}" >&2
	# Die of the signal: a caller with job control does not notice an exit status.
	kill -INT "$BASHPID"
}
trap interrupted INT

need_root()
{
	[ "$(id -u)" = 0 ] || die "this needs root: run it as root or with sudo"
}

# lock FILE SENTENCE: take an exclusive lock until the script ends; print SENTENCE if it has to
# wait. Scripts that this one calls share the lock.
lock()
{
	local file
	[[ ${DVP_LOCKED:-} != *"|$1|"* ]] || return 0
	exec {file}>"$1"
	flock -n "$file" || {
		step "$2"
		flock "$file"
	}
	export DVP_LOCKED="${DVP_LOCKED:-}|$1|"
}

# Only one script at a time writes to the folder of logs.
lock_logs()
{
	need_build
	mkdir -p "$LOGS"
	lock "$LOGS/lock" "Other tests are running in this tree: waiting for their end"
}

# space FOLDER: the free space there, in KiB.
space()
{
	df --output=avail -k "$1" | tail -n 1
}

# Check that build/ can be written; a run of all suites and kernels takes about 50 MiB.
need_build()
{
	if ! mkdir -p "$BUILD/logs" 2>/dev/null || [ ! -w "$BUILD" ]; then
		die "cannot write to $BUILD (if it belongs to root, sudo make clean removes it)"
	fi
	[ "$(space "$BUILD")" -ge 65536 ] || die "the disk of $BUILD is full"
}

# Print the reason why a command failed, as one clause, from its output in file $1. $place
# is the folder that the command writes to, if that is not the cache.
reason()
{
	local disk=${place:-$CACHE} moves=DVP_CACHE
	[ -z "${place:-}" ] || moves=TMPDIR

	if [ "$(space "$disk")" -lt 4096 ] || grep -qs 'No space left' "$1"; then
		echo "the disk of $disk is full ($moves moves it)"
	elif grep -qs 'dpkg frontend lock\|Could not get lock' "$1"; then
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

# logged SENTENCE COMMAND...: print nothing if the command works, SENTENCE and the reason if not.
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

# Print the version; dkms.conf is the only place where it is written.
version()
{
	sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$TREE/dkms.conf"
}

# need_packages PACKAGE...: install those that are missing.
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

	# Upgrade the keyring, too: the kernels come from newer releases than the
	# machine.
	install_packages "${missing[@]}" debian-archive-keyring
}

# need_host_packages KIND...: install the packages of these kinds: kernel, guest, suite, test,
# arm64.
need_host_packages()
{
	local kind packages=()

	case $(uname -m) in
	x86_64) ;;
	*) die "this needs an x86-64 machine: the kernels of the tests are built for that one" ;;
	esac
	unshare --mount --propagation unchanged true 2>/dev/null ||
		die "nothing can be mounted here: in a container, run it with --privileged"
	for kind; do
		case $kind in
		kernel) packages+=("${KERNEL_PACKAGES[@]}") ;;
		guest) packages+=("${GUEST_PACKAGES[@]}") ;;
		suite) packages+=("${SUITE_PACKAGES[@]}") ;;
		test) packages+=("${TEST_PACKAGES[@]}") ;;
		arm64) packages+=("${ARM64_PACKAGES[@]}") ;;
		esac
	done
	# Look for a mirror for the kernels before anything is installed.
	dpkg-query -W "${packages[@]}" >/dev/null 2>&1 || [ "$(id -u)" != 0 ] || need_mirror
	need_packages "${packages[@]}"
}

# apt knows which of its mirrors are Debian's once it has read their lists.
need_mirror()
{
	local suite
	command -v apt-get >/dev/null || return 0
	suite=$(kernel_line "$(kernel_names | head -n 1)")
	! (apt_line "${suite% *}") >/dev/null 2>&1 || return 0
	logged "cannot update apt's lists" apt-get update --error-on=any
	apt_line "${suite% *}" >/dev/null
}

# The package lists may be missing or stale, and an earlier installation may have been
# interrupted.
update_and_install()
{
	apt-get update
	dpkg --configure -a
	"$@"
}

# apt runs only once at a time: our own parallel jobs take a lock, and other users of apt,
# such as unattended upgrades, have two minutes to end.
install_packages()
{
	local install=(apt-get -y -o DPkg::Lock::Timeout=120 --no-install-recommends install "$@")
	local file

	exec {file}>/run/dmabuf-vfio-pci-install.lock
	flock "$file"
	step "Installing $# packages: $*"
	export DEBIAN_FRONTEND=noninteractive
	"${install[@]}" </dev/null >/dev/null 2>&1 ||
		logged "cannot install packages" update_and_install "${install[@]}"
	exec {file}>&-
}

# check_kernels NAME...: refuse unknown kernels before anything is downloaded.
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

# The kernels of tests/matrix/other-kernels.
other_kernel_names()
{
	awk '!/^#/ && NF { print $1 }' "$TREE/tests/matrix/other-kernels"
}

# The debug kernels among them, which are built from source.
debug_kernel_names()
{
	awk '!/^#/ && NF && $3 !~ /^linux-image-/ { print $1 }' "$TREE/tests/matrix/other-kernels"
}

is_debug_kernel()
{
	grep -qxF -- "$1" <<<"$(debug_kernel_names)"
}

# Whether build-tree has added that kernel from outside the matrix.
is_tree_kernel()
{
	[[ $1 = tree-* ]]
}

# arch_of NAME: x86 or arm64, as the kernel's build system calls them.
arch_of()
{
	case $(kernel_line "$1") in
	*-arm64*) echo arm64 ;;
	*) echo x86 ;;
	esac
}

# guest_programs KERNEL: print where the guest's programs for it are. The tests know the
# size of a page when they are compiled.
guest_programs()
{
	case $1 in
	*-arm64-16k) echo "$BUILD/guest-arm64-16k" ;;
	*-arm64*) echo "$BUILD/guest-arm64" ;;
	*) echo "$BUILD/guest" ;;
	esac
}

# kernel_line NAME: print "SUITE PACKAGE"; for a debug kernel, PACKAGE is its configuration
# in tests/debug. For a tree kernel print "RELEASE tree"; RELEASE is "host" if this machine's
# compiler built it.
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

# base_of NAME: the kernel of tests/matrix/kernels that NAME is a variant of, or NAME itself.
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

# Print "KEYRING URI" of the machine's own Debian source: $1 is Debian or Debian-Security,
# the label in the archive's Release file.
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
	# Cloud images may name a file that lists mirrors.
	case $uri in
	mirror+file:*) uri=$(awk '!/^#/ && NF { print $1; exit }' "${uri#mirror+file:}") ;;
	esac
	echo "${keyring:-/usr/share/keyrings/debian-archive-keyring.gpg} $uri"
}

# The part of the machine's apt configuration that the chroots need: proxies, retries, and
# whether an archive may be older than its expiry date.
apt_options()
{
	apt-config dump | grep -E '^Acquire::(http|https|Retries|Check)' || true
	echo 'Acquire::Languages "none";'
	echo 'APT::Sandbox::User "root";'
}

# apt_line SUITE: print a line for sources.list.
apt_line()
{
	local uri keyring label=Debian

	case $1 in
	*-security) label=Debian-Security ;;
	esac
	read -r keyring uri <<<"$(apt_source "$label")"
	if [ -n "${DVP_MIRROR:-}" ]; then
		uri=${DVP_MIRROR%/}
		[ "$label" = Debian ] || uri=$uri-security
	fi
	[ "${uri#*:}" != "$uri" ] ||
		die "apt has no Debian mirror here: name one, as in: make demo DVP_MIRROR=http://MIRROR/debian"
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

# The argument of unshare --propagation. In a chroot, / is usually not a mount point, and
# its propagation cannot be changed.
propagation()
{
	awk '$5 == "/" { found = 1 } END { print found ? "private" : "unchanged" }' /proc/self/mountinfo
}

# run_in ROOT [NAME=VALUE...] COMMAND...: replace this script by a command that has ROOT as
# /, in a new process and mount namespace: /proc (objtool needs it) vanishes with the
# command, and so does every process that it leaves behind.
#
# Process 1 ignores signals that it has no handler for, and make has none that works. So
# process 1 is a shell with handlers; when it exits, the kernel kills the others. stdin is
# /dev/null, because apt would be stopped if it read the terminal in the background.
run_in()
{
	# shellcheck disable=SC2016 # the arguments are that shell's
	exec unshare --pid --fork --kill-child --propagation "$(propagation)" \
		--mount-proc="$1/proc" \
		chroot "$1" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		/bin/sh -c 'trap "exit 130" INT; trap "exit 143" TERM; env "$@" </dev/null & wait $!' \
		sh "${@:2}"
}

# lock_chroot RELEASE WHAT: take the lock WHAT of a chroot, until unlock_chroot or the end
# of the script.
lock_chroot()
{
	exec 8>"$CACHE/chroots/$1.$2.lock"
	flock 8
}

unlock_chroot()
{
	exec 8>&-
}

# stop_child PID: end a background process, unless it has ended: its number may be that of
# somebody else's process by now. PID may be empty.
stop_child()
{
	local running

	running=$(jobs -rp)
	[ -z "$1" ] || ! grep -qxF -- "$1" <<<"$running" || kill "$1" 2>/dev/null || true
}

# Kill the background jobs with all their children: with set -m, each job is a process
# group.
stop_jobs()
{
	local group
	for group in $(jobs -p); do
		kill -- "-$group" 2>/dev/null || continue
		# A stopped process handles the signal when it continues.
		kill -CONT -- "-$group" 2>/dev/null || true
	done
}

# copy_sources DIR: copy the tree, without build products.
copy_sources()
{
	mkdir -p "$1"
	# Git trusts no tree that is somebody else's.
	rsync -a --no-owner --no-group --delete --exclude=/.git --exclude-from="$TREE/.gitignore" "$TREE/" "$1/"
}

# copy_tree NAME PURPOSE: copy the tree into the chroot of a kernel, and print the copy's
# path. Objects of an earlier build for the same purpose are kept.
copy_tree()
{
	local suite root
	suite=$(kernel_line "$1")
	root=$CACHE/chroots/$(release_of "${suite% *}")

	# rsync removes sources that the tree no longer has, but not the objects.
	copy_sources "$root/src/$1-$2"
	echo "$root/src/$1-$2"
}

# kbuild NAME PURPOSE SUBDIR ARGS...: run kbuild in such a copy ('' is its top).
kbuild()
{
	local suite cross=()
	suite=$(kernel_line "$1")
	! grep -qsx CONFIG_CC_IS_CLANG=y "$(kernel_dir "$1")/config" || cross=(LLVM=1)
	if [ "${suite% *}" = host ]; then
		make -C "$(cat "$(kernel_dir "$1")/build")" "${cross[@]}" \
			M="$CACHE/chroots/host/src/$1-$2${3:+/$3}" "${@:4}"
		return
	fi
	[ "$(arch_of "$1")" = x86 ] || cross=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
	"$TREE/scripts/chroot" "$(release_of "${suite% *}")" \
		make -C "/lib/modules/$(kernel_release "$1")/build" \
		M="/src/$1-$2${3:+/$3}" "${cross[@]}" "${@:4}"
}

# Print the warnings in a build's log. The chroot's compiler may be newer than the one that
# built the kernel; that warning does not matter.
compiler_warnings()
{
	grep -iE '(warning|error): ' "$1" |
		grep -v 'warning: the compiler differs from the one used to build the kernel'
}

# make_in FOLDER PRODUCTS [TARGET...]: run make in FOLDER, with OUT=build/PRODUCTS as a
# relative path: the tree's own path may have blanks, which make cannot handle.
make_in()
{
	make -s -C "$TREE/$1" OUT="$(realpath -m --relative-to="$TREE/$1" "$BUILD/$2")" "${@:3}"
}

# The commands are joined by && because callers use `||`, which disables `set -e`. The lock
# is for two scripts that build at the same time.
make_programs()
{
	mkdir -p "$BUILD/guest" && exec 6>"$BUILD/guest/lock" && flock 6 || return
	step "Building the guest's programs"
	make_in tests/guest guest &&
		make_in tools tools &&
		cp "$BUILD/tools/dmabuf-vfio-pci" "$BUILD/guest/" &&
		exec 6>&-
}

# Only the programs that `make demo` needs.
make_demo()
{
	mkdir -p "$BUILD/guest"
	exec 6>"$BUILD/guest/lock"
	flock 6
	step "Building the guest's programs"
	make_in tests/guest guest ../../build/guest/{init,demo}
	exec 6>&-
}

# The commands in the documents, as files for the guest that runs them.
make_documents()
{
	"$TREE/tests/host/docs" --guest "$BUILD/guest-docs"
}

# TAP for tests in shell: tap NAME COMMAND... runs one test in a subshell with `set -e`;
# tap_end returns the exit status for the script.
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
