# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Where the instructions of one measurement are (-v wanted=NAME). Input: "symbol P ADDRESS NAME" sorted by address for
# each part P (k kernel, p parent), "line NAME PLACEMENT N TICKS" for each region in order, then the probe's output.
# Addresses have 16 hex digits or fewer; they are compared as text of equal length.

function pad(a) { while (length(a) < 16) a = "0" a; return a }

# The last symbol at or before an address.
function find(part, address,    low, high, middle) {
	low = 1; high = count[part]
	while (low < high) {
		middle = int((low + high + 1) / 2)
		if (start[part, middle] <= address) low = middle
		else high = middle - 1
	}
	return symbol[part, low]
}

$1 == "symbol" { count[$2]++; start[$2, count[$2]] = pad($3); symbol[$2, count[$2]] = $4; next }
$1 == "line" { said++; name[said] = $2; n[said] = $4; next }
$1 == "stretch" { is_wanted = is_fresh = wanted == "stretch"; per = 1; next }
$1 == "region" {
	if ($2 == "-") { seen++; what = name[seen]; per = n[seen] }
	else { what = $2; per = 1 }
	# Only the last region with addresses stays.
	is_wanted = what == wanted
	is_fresh = 1
	if (what == "compute" || what == "sleep") per = 1
	next
}
$1 == "at" && is_wanted {
	if (is_fresh) { split("", sum); is_fresh = 0 }
	sum[($2 == "k" ? "kernel " : "parent ") find($2, $3)] += $4 / per
}
END {
	for (f in sum) { printf "%10.1f  %s\n", sum[f], f; total += sum[f] }
	printf "%10.1f  in all\n", total
}
