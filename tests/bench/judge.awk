# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f judge.awk ROWS TARGETS: a sentence for every target that is not reached; exits
# with 1 if one is farther away than it was. ROWS has lines "ROW OWN INTREE FLOOR".

function fits(row, pattern)
{
	gsub(/[.]/, "[.]", pattern)
	gsub(/[*]/, ".*", pattern)
	return row ~ ("^" pattern "$")
}

# sofar and reason are empty where nothing but the limit will do.
function judge(what, value, limit, sofar, reason)
{
	if (value + 0 <= limit + 0)
		return
	if (sofar != "" && value + 0 <= sofar + 0) {
		printf "not reached: %s is %s, the target %s: %s\n", what, value, limit, reason
		return
	}
	printf "MISSED: %s is %s, the target %s%s\n", what, value, limit,
		sofar == "" ? "" : ", and it was at most " sofar
	missed = 1
}

function rest(from,    i, text)
{
	for (i = from; i <= NF; i++)
		text = text (text == "" ? "" : " ") $i
	return text
}

function ratio(of, name,    i, row, key)
{
	for (i = 1; i <= rows; i++) {
		row = names[i]
		key = name SUBSEP row
		if (!fits(row, $2) || judged[key]++ || own[row] !~ /^[0-9]+$/ || of[row] + 0 == 0)
			continue
		judge(row " to " name, sprintf("%.3f", own[row] / of[row]), $3, $4, rest(5))
	}
}

function known(row)
{
	if (!(row in own)) {
		printf "MISSED: there is no row %s\n", row
		missed = 1
	}
	return row in own
}

/^#/ || !NF { next }

FNR == NR {
	names[++rows] = $1
	own[$1] = $2
	intree[$1] = $3
	floor[$1] = $4
	next
}

$1 == "ratio" { ratio(intree, "the in-tree driver") }
$1 == "floor" { ratio(floor, "the page table alone") }
$1 == "further" && known($2) && known($3) {
	judge("a further range from " $2 " to " $3 ", to the page table alone,",
	      sprintf("%.3f", (own[$3] - own[$2]) / (floor[$3] - floor[$2])), $4)
}
$1 == "linear" && known($2) && known($3) {
	judge($3 " to " $2, sprintf("%.3f", own[$3] / own[$2]), $4)
}
$1 == "most" && known($2) { judge($2, own[$2], $3, $4, rest(5)) }

END { exit missed }
