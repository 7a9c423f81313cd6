# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Joins what the guests said (file 1: "bench: NAME PLACEMENT N TICKS", in the order of the probe's regions) with what
# the probe counted (file 2, tests/bench/probe/probe.h) into one line per measurement:
#
#   NAME INSTRUCTIONS KERNEL PARENT DISAGREEMENT TICKS DEAR...
#
# per iteration, from the guest's instruction to its next; DISAGREEMENT is the largest between N, 2N and 4N and
# between placements, in percent; TICKS is the same by the TSC. A loop's guest part counts as one instruction.

FNR == NR {
	if (NF == 5) { said++; name[said] = $2; placement[said] = $3; n[said] = $4; ticks[said] = $5 }
	next
}
$1 == "stretch" { stretch = $2; next }
$1 == "region" && $2 != "-" {
	k = $4; p = $6
	if (!($2 in span) || k + p < span_sum[$2]) { span[$2] = $0; span_sum[$2] = k + p; span_k[$2] = k; span_p[$2] = p; span_o[$2] = $8 }
	next
}
$1 == "region" {
	seen++
	key = name[seen] SUBSEP placement[seen] SUBSEP n[seen]
	if (!(name[seen] in order)) { order[name[seen]] = ++names; name_at[names] = name[seen] }
	at[key, ++tries[key]] = seen
	all[seen] = $4 + $6; text_of[seen] = $0
	if (!((name[seen], placement[seen]) in smallest) || n[seen] < smallest[name[seen], placement[seen]])
		smallest[name[seen], placement[seen]] = n[seen]
	if (!(name[seen] in last) || placement[seen] == 0) last[name[seen]] = key
}

# The try that counts: the least; of switches the one in the middle, since what the host itself does next may make one
# shorter.
function choose(key,    i, j, less, same, best, f) {
	for (i = 1; i <= tries[key]; i++) {
		less = same = 0
		for (j = 1; j <= tries[key]; j++) {
			less += all[at[key, j]] < all[at[key, i]]
			same += all[at[key, j]] == all[at[key, i]]
		}
		if (key ~ /^switch/ ? less * 2 < tries[key] && (less + same) * 2 > tries[key] : less == 0) best = at[key, i]
	}
	split(text_of[best], f, " ")
	kernel[key] = f[4]; parent[key] = f[6]; other[key] = f[8]; tick[key] = ticks[best]; line[key] = text_of[best]
}

function slope(a, b, x, from, to) { return (x[to] - x[from]) / (b - a) }

# What two regions of one loop differ by, per iteration.
function dear_of(low, high, count,    a, b, i, text) {
	split(line[low], a, " "); split(line[high], b, " ")
	for (i = 9; i in b; i += 2) text = text sprintf(" %s %.2f", b[i], (b[i + 1] - a[i + 1]) / count)
	return text
}

function loop(what,    p, m, one, two, four, s, least, most, value) {
	least = 1e30; most = 0
	for (p = 0; p < 3; p++) {
		if (!((what, p) in smallest)) continue
		m = smallest[what, p]
		one = what SUBSEP p SUBSEP m; two = what SUBSEP p SUBSEP 2 * m; four = what SUBSEP p SUBSEP 4 * m
		if (!(two in kernel) || !(four in kernel)) continue
		s = slope(m, 2 * m, kernel, one, two) + slope(m, 2 * m, parent, one, two)
		if (s < least) least = s
		if (s > most) most = s
		s = slope(2 * m, 4 * m, kernel, two, four) + slope(2 * m, 4 * m, parent, two, four)
		if (s < least) least = s
		if (s > most) most = s
		if (p == 0) {
			printf "%s %.1f %.1f %.1f", what, s + 1, slope(2 * m, 4 * m, kernel, two, four), slope(2 * m, 4 * m, parent, two, four)
			value = s + 1
			text = sprintf(" %.1f%s", slope(2 * m, 4 * m, tick, two, four) - slope(2 * m, 4 * m, other, two, four) + 1,
				dear_of(two, four, 2 * m))
		}
	}
	if (most == 0) return
	printf " %.2f%s\n", (value > 0) ? 100 * (most - least) / value : 0, text
}

END {
	for (key in tries) choose(key)
	if (seen != said) printf "error: %d regions, %d lines of the guests\n", seen, said
	for (i = 1; i <= names; i++) {
		what = name_at[i]
		key = last[what]
		split(key, part, SUBSEP)
		if ((what, 0) in smallest && 4 * smallest[what, 0] == part[3]) loop(what)
		else printf "%s %d %d %d 0.00 %d%s\n", what, kernel[key] + parent[key], kernel[key], parent[key], tick[key], once(line[key])
		if (what == "compute") printf "compute-share %.4f 0 0 0.00 0\n", 100 * other[key] / (other[key] + kernel[key] + parent[key])
	}
	for (what in span) printf "%s %d %d %d 0.00 0%s\n", what, span_k[what] + span_p[what], span_k[what], span_p[what], once(span[what])
	printf "stretch %d %d 0 0.00 0\n", stretch, stretch
}

function once(text,    a, i, out) {
	split(text, a, " ")
	for (i = 9; i in a; i += 2) out = out sprintf(" %s %d", a[i], a[i + 1])
	return out
}
