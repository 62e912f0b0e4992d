# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f compare.awk BASELINE ROWS: a line for every own cost that is not what it was;
# exits with 1 if one has grown by more than a hundredth.

/^#/ { next }
FNR == NR { was[$1] = $2; next }
!($1 in was) || was[$1] == $2 { next }
was[$1] !~ /^[0-9]+$/ || $2 !~ /^[0-9]+$/ {
	printf "MISSED: %s was %s, now %s\n", $1, was[$1], $2
	worse = 1
	next
}
$1 == "dkms-ms" || $1 == "modprobe" { next }
{
	grown = $2 > was[$1] * 1.01 + 4
	printf "%s: %s was %s, now %s\n", grown ? "MISSED" : "changed", $1, was[$1], $2
	worse = worse || grown
}
END { exit worse }
