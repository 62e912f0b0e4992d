#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# known-members.sh KERNEL-SOURCE: fails when an operations structure that the
# driver fills has a member that nobody here has thought about.  The kernel
# calls some members without looking whether they are there (match_token_uuid
# since 6.17) or refuses service without them (get_region_info_caps since
# 6.19): both compile without a word when left out.

# members HEADER STRUCT: the names of the members, one a line.  Distributions
# keep room for later members under names with "kabi" in them.
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
			n = split(text, member, ";")
			for (i = 1; i <= n; i++)
				print_names(member[i])
		}
		function print_names(declaration,	functions)
		{
			while (match(declaration, /\(\* *[A-Za-z_0-9]+\)/)) {
				print substr(declaration, RSTART + 2, RLENGTH - 3)
				declaration = substr(declaration, RSTART + RLENGTH)
				functions++
			}
			if (!functions && tolower(declaration) !~ /kabi/ &&
			    match(declaration, /[A-Za-z_0-9]+ *$/))
				print substr(declaration, RSTART, RLENGTH)
		}'
}

fail()
{
	echo "dmabuf-vfio-pci is not built for this kernel: $1" >&2
	exit 1
}

# check HEADER STRUCT KNOWN-MEMBER...
check()
{
	header=$1 struct=$2
	shift 2
	found=$(members "$header" "$struct")
	[ -n "$found" ] || fail "no struct $struct in $header"
	for member in $found; do
		case " $* " in
		*" $member "*) ;;
		*) fail "its struct $struct has a member '$member', which compat/ does not know and without which the driver might crash (see compat/known-members.sh)" ;;
		esac
	done
}

check "$1/include/linux/vfio.h" vfio_device_ops \
	name init release bind_iommufd unbind_iommufd attach_ioas detach_ioas \
	pasid_attach_ioas pasid_detach_ioas open_device close_device read \
	write ioctl get_region_info_caps mmap request match match_token_uuid \
	dma_unmap device_feature
check "$1/include/linux/dma-buf.h" dma_buf_ops \
	cache_sgt_mapping attach detach pin unpin map_dma_buf unmap_dma_buf \
	release begin_cpu_access end_cpu_access mmap vmap vunmap
