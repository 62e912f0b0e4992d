#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# known-members.sh KERNEL-SOURCE FEATURES PROBE...: fail unless every member of
# the operations structures that the driver fills is known here, and every member
# that exists and has to be set is set.  The kernel calls some members without a
# check for NULL (match_token_uuid since 6.17), or refuses calls without them
# (get_region_info_caps since 6.19); the compiler does not warn about a missing one.
# FEATURES is compat/features.h, the answers to the PROBEs.

# members HEADER STRUCT: print the names of the members, one a line.  Distributions
# reserve and use room for later members by macros with KABI in their names.  What
# cannot be parsed is printed as it is, and matches no known member.
members()
{
	sed -n "/^struct $2 *{/,/^}/p" "$1" | sed -e 1d -e '$d' -e '/^#/d' |
	awk '{ text = text " " $0 }
		END {
			while (start = index(text, "/*")) {
				rest = substr(text, start)
				text = substr(text, 1, start - 1) \
					substr(rest, index(rest, "*/") + 2)
			}
			n = split(text, declaration, ";")
			for (i = 1; i <= n; i++)
				print_member(declaration[i])
		}
		function print_member(text)
		{
			gsub(/^[ \t]+|[ \t]+$/, "", text)
			if (text ~ /^[A-Z_]*KABI_RESERVE|kabi_(padding|reserved)/)
				return
			if (text ~ /^[A-Z_]*KABI_[A-Z_]*[ \t]*\(/)
				print_arguments(substr(text, index(text, "(") + 1))
			else if (text != "")
				print_name(text)
		}
		# Skip the first argument (a number or the old declaration) if there are more.
		function print_arguments(text,	c, i, depth, part, parts)
		{
			for (i = 1; i <= length(text); i++) {
				c = substr(text, i, 1)
				depth += (c == "(") - (c == ")")
				if (depth < 0 || (c == "," && !depth)) {
					if (parts++ || depth < 0)
						print_name(part)
					part = ""
				} else {
					part = part c
				}
				if (depth < 0)
					return
			}
		}
		function print_name(text,	name)
		{
			name = text
			if (match(name, /\([ \t]*\*[^()]*\)/))
				name = substr(name, RSTART + 1, RLENGTH - 2)
			else if (name ~ /[,{(]/)
				name = ""
			gsub(/\[[^]]*\]|:[ \t]*[0-9]+/, "", name)
			gsub(/[ \t]+$/, "", name)
			if (match(name, /[A-Za-z_0-9]+$/))
				print substr(name, RSTART, RLENGTH)
			else
				print "(" text ")"
		}'
}

fail()
{
	echo "dmabuf-vfio-pci is not built for this kernel: $1" >&2
	exit 1
}

# is_asked PROBE: whether this build has that probe
is_asked()
{
	case " $probes " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# check_set STRUCT MEMBER PROBE: fail if the member exists but PROBE says no, so
# that compat/ does not set it
check_set()
{
	if is_asked "$3" &&
	   ! grep -qi "^#define HAVE_$3 1\$" "$features"; then
		fail "its struct $1 has the member '$2', which must be set, but what the kernel has for it cannot be used (see compat/probes/$3.log)"
	fi
}

# check HEADER STRUCT MEMBER...: a member is NAME; NAME=PROBE where PROBE decides
# whether compat/ sets it; NAME! where it has to exist
check()
{
	header=$1 struct=$2
	shift 2
	found=$(members "$header" "$struct")
	[ -n "$found" ] || fail "no struct $struct in $header"
	oldifs=$IFS
	IFS='
'
	for member in $found; do
		IFS=$oldifs
		for known in "$@"; do
			case $known in
			"$member" | "$member!") continue 2 ;;
			"$member="*)
				check_set "$struct" "$member" "${known#*=}"
				continue 2
				;;
			esac
		done
		fail "its struct $struct has a member '$member', which compat/ does not know and without which the driver might crash (see compat/known-members.sh); it needs a newer version of the driver"
	done
	IFS=$oldifs
	for known in "$@"; do
		case $known in
		*!)
			echo "$found" | grep -qx "${known%!}" ||
				fail "its struct $struct has no member '${known%!}': its VFIO is older than Linux 6.1's, or than that of RHEL 9.3"
			;;
		esac
	done
}

source=$1
features=$2
shift 2
probes="$*"

check "$source/include/linux/vfio.h" vfio_device_ops \
	name 'init!' 'release!' open_device close_device read write ioctl mmap \
	request match dma_unmap 'device_feature!' \
	bind_iommufd=vfio_bind_iommufd unbind_iommufd=vfio_bind_iommufd \
	attach_ioas=vfio_bind_iommufd detach_ioas=vfio_detach_ioas \
	pasid_attach_ioas=vfio_pasid_attach_ioas \
	pasid_detach_ioas=vfio_pasid_attach_ioas \
	match_token_uuid=vfio_match_token_uuid \
	get_region_info_caps=vfio_get_region_info_caps
check "$source/include/linux/dma-buf.h" dma_buf_ops \
	cache_sgt_mapping attach detach pin unpin map_dma_buf unmap_dma_buf \
	release begin_cpu_access end_cpu_access mmap vmap vunmap
# Since 6.19.
if grep -q '^struct vfio_pci_device_ops {' "$source/include/linux/vfio_pci_core.h"; then
	check "$source/include/linux/vfio_pci_core.h" vfio_pci_device_ops \
		get_dmabuf_phys
fi
