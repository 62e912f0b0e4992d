#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# exported.sh NM OBJECT MODULE.SYMVERS: whether every symbol that OBJECT leaves
# undefined is exported to all modules.  Ignored are names with two leading
# underscores (internals of compiler and kernel that any module may use) and .TOC.
# (the linker's on powerpc64).  A symbol with the namespace "module:..." is exported
# only to the modules named there.  Status 1: no; 2: cannot be determined.

undefined=$($1 -u "$2") || exit 2
echo "$undefined" | awk -v symvers="$3" '
	NF > 1 && $(NF - 1) == "U" && $NF !~ /^__|^\.TOC\.$/ { wanted[$NF] }
	END {
		while ((read = getline line < symvers) > 0) {
			split(line, field, "\t")
			if (field[5] !~ /^module:/)
				delete wanted[field[2]]
		}
		if (read < 0) {
			print "cannot read " symvers > "/dev/stderr"
			exit 2
		}
		for (name in wanted) {
			print "not exported: " name > "/dev/stderr"
			missing = 1
		}
		exit missing
	}'
