#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# probe.sh NAME NM MODULE.SYMVERS OBJECT COMPILER...: print HAVE_NAME as a macro if
# COMPILER... makes OBJECT and all symbols that it uses are exported.  A no counts
# only if the compiler ran and refused the source.  A compiler that was killed, or had
# no disk space, says nothing about the kernel, and a wrong "no" can crash the kernel.
# The compiler's messages go to OBJECT's name with .log in place of .o.

name=$1 nm=$2 symvers=$3 object=$4
shift 4
log=${object%.o}.log

# The log may be empty if the disk is full.
broken()
{
	if [ "$name" = control ]; then
		what="the compiler does not work"
	else
		what="the compiler or nm failed while it was asked for $name"
	fi
	why=$(grep -m 1 -iE "$failure" "$log" || tail -n 1 "$log")
	echo "dmabuf-vfio-pci: $what: ${why:-status $status} (see $log)" >&2
	exit 1
}

failure='fatal error|internal compiler error|No space left|Cannot allocate|cannot execute|unable to execute|due to signal|terminated program'
refusal='^[^ ]+:[0-9]+:([0-9]+:)? error: '

[ -e "$symvers" ] || {
	echo "dmabuf-vfio-pci: $symvers is missing: it lists the symbols that the kernel exports. Install the complete headers package of this kernel, or build the kernel with \"make modules\" first" >&2
	exit 1
}
here=$(dirname "$0")
: >"$log" || exit 1
# The patterns above match untranslated messages.
LC_ALL=C "$@" -c -o "$object" 2>"$log"
status=$?
if [ "$status" = 0 ]; then
	sh "$here/exported.sh" "$nm" "$object" "$symvers" 2>>"$log"
	status=$?
	[ "$status" -le 1 ] || broken
	refused=$status
else
	[ "$status" -lt 126 ] || broken
	# clang ends with a fatal error after 20 others: that is still a refusal.
	! grep -v ': too many errors emitted' "$log" | grep -qiE "$failure" || broken
	grep -qE "$refusal" "$log" || broken
	refused=1
fi
[ "$name" != control ] || [ "$refused" = 0 ] || broken
[ "$refused" = 1 ] ||
	echo "#define HAVE_$(echo "$name" | tr '[:lower:]' '[:upper:]') 1"
