# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f table.awk ROWS, or with -v as=json: what people read, or programs.

function cell(value)
{
	return value == "-" ? "" : value
}

function json(value)
{
	if (value == "-")
		return "null"
	return value ~ /^[0-9]+$/ ? value : "\"" value "\""
}

as == "json" {
	if (/^# /) {
		printf "{\n  \"kernel\": \"%s\",\n  \"rows\": {", $2
		next
	}
	printf "%s\n    \"%s\": { \"own\": %s, \"intree\": %s, \"floor\": %s }",
		n++ ? "," : "", $1, json($2), json($3), json($4)
	next
}

/^# / {
	printf "%s\n%-22s %10s %10s %7s %10s\n", $2, "", "own", "in-tree", "ratio", "floor"
	next
}
{
	ratio = $2 ~ /^[0-9]+$/ && $3 + 0 ? sprintf("%.3f", $2 / $3) : ""
	printf "%-22s %10s %10s %7s %10s\n", $1, cell($2), cell($3), ratio, cell($4)
}

END {
	if (as == "json")
		print "\n  }\n}"
}
