#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# exported.sh NM OBJECT MODULE.SYMVERS: whether every symbol that OBJECT leaves
# undefined is exported to all modules.  Names with two leading underscores are
# the compiler's and the kernel's plumbing, which any module may use; a symbol
# whose namespace is "module:..." is kept for the modules named there.

$1 -u "$2" | awk -v symvers="$3" '
	$(NF - 1) == "U" && $NF !~ /^__/ { wanted[$NF] }
	END {
		while ((getline line < symvers) > 0) {
			split(line, field, "\t")
			if (field[5] !~ /^module:/)
				delete wanted[field[2]]
		}
		for (name in wanted) {
			print "not exported: " name > "/dev/stderr"
			missing = 1
		}
		exit missing
	}'
