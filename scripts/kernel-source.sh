# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # see below
#
# Functions that build a kernel from source in a chroot. build-kernel and build-tree source
# this after lib.sh, and set
#   name, dir    the kernel, and its folder in the cache
#   release      the release whose chroot and compiler build it
#   root         that chroot
#   source       where the source is, as the chroot sees it
#   llvm         not empty: build with clang and lld

in_chroot()
{
	"$TREE/scripts/chroot" "$release" "$@"
}

kernel_make()
{
	in_chroot make -s -C "$source" -j "$(nproc)" ${llvm:+LLVM=1} "$@"
}

# Print the newest suite that packages of this chroot may come from: the headers of a newer
# kernel may have brought newer libraries, and only that suite has packages that match.
newest_suite()
{
	local name suite newest=$release

	for name in $(kernel_names); do
		read -r suite _ <<<"$(kernel_line "$name")"
		[ "$(release_of "$suite")" != "$release" ] || newest=$suite
	done
	echo "$newest"
}

install_build_tools()
{
	# An earlier installation may have been interrupted.
	in_chroot dpkg --configure -a
	# W=1 checks kernel-doc comments, from 6.17 on in Python.
	in_chroot apt-get -t "$(newest_suite)" -y --no-install-recommends install \
		bc binutils bison flex gcc libc6-dev libelf-dev libssl-dev make perl python3 xz-utils \
		${llvm:+clang lld llvm}
}

# configure LOCALVERSION FRAGMENT...: on top of allnoconfig.
configure()
{
	cat "${@:2}" >"$root$source/fragment"
	echo "CONFIG_LOCALVERSION=\"$1\"" >>"$root$source/fragment"
	kernel_make KCONFIG_ALLCONFIG=fragment allnoconfig
}

# has_options FILE: check that the configuration is what FILE asks for. Only an option that
# this kernel does not know may be missing.
has_options()
{
	local line option status=0

	while read -r line; do
		! grep -qxF -- "$line" "$root$source/.config" || continue
		option=$(sed -E 's/^(# )?CONFIG_([A-Z0-9_]+).*/\2/' <<<"$line")
		grep -rqE --include='Kconfig*' "^(menu)?config $option\$" "$root$source" || continue
		echo "option not set: $line"
		status=1
	done < <(grep -E '^(# )?CONFIG_' "$1")
	return "$status"
}

# Install image and modules into $dir.new, and keep only the part of the source that builds of
# modules need. The caller writes $dir.new/source and renames the folder.
install_kernel()
{
	local built

	rm -rf "$dir.new"
	mkdir -p "$dir.new/root/usr"
	ln -s usr/lib "$dir.new/root/lib"
	kernel_make INSTALL_MOD_PATH="$source/installed" DEPMOD=true modules_install
	mv "$root$source/installed/lib" "$dir.new/root/usr/"
	built=$(cat "$root$source/include/config/kernel.release")
	rm -f "$dir.new/root/lib/modules/$built"/{build,source}
	depmod -b "$dir.new/root" "$built"
	mv "$root$source/arch/x86/boot/bzImage" "$dir.new/vmlinuz"
	cp "$root$source/.config" "$dir.new/config"
	echo "$built" >"$dir.new/release"
	mkdir -p "$root/lib/modules/$built"
	ln -sfn "$source" "$root/lib/modules/$built/build"
	(cd "$root$source" && rm -rf Documentation block certs crypto drivers fs init io_uring \
		ipc lib mm net rust samples security sound tools/testing tools/perf usr \
		vmlinux* System.map)
	find "$root$source/arch" -mindepth 1 -maxdepth 1 -type d -not -name x86 -exec rm -r {} +
	find "$root$source" \( -name '*.o' -o -name '*.a' -o -name '*.cmd' \) \
		-not -path '*/scripts/*' -not -path '*/tools/*' -delete
}
