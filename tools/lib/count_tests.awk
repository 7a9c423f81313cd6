# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Reads the output of `ctest --verbose`, prints every failure and, as the last line, PASSED FAILED.
# A cmocka executable counts each of its tests; any other executable counts as one.

# Every line of a test's output starts with its number: "7: [       OK ] a_sentence".
match($0, /^[0-9]+: /) {
	number = substr($0, 1, RLENGTH - 2)
	text = substr($0, RLENGTH + 1)
	output[number] = output[number] text "\n"
	if (text ~ /^\[       OK \] /) ok[number]++
	# cmocka names a failed test twice: where it failed and in its summary.
	if (text ~ /^\[  FAILED  \] / && text !~ /test\(s\)/) {
		name = substr(text, 14)
		if (!((number, name) in seen)) {
			seen[number, name] = 1
			bad[number]++
			names[number] = names[number] "  " name "\n"
		}
	}
	next
}

# The verdict: " 1/12 Test  #7: name ......   Passed    0.01 sec", or ***Failed, ***Timeout, ***Not Run.
/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
	number = $0
	sub(/^[^#]*#/, "", number)
	sub(/:.*/, "", number)
	name = $0
	sub(/^[^:]*: /, "", name)
	sub(/ .*/, "", name)
	passed += ok[number]
	failed += bad[number]
	if ($0 ~ / Passed /) {
		if (!ok[number] && !bad[number]) passed++
	} else {
		if (!bad[number]) failed++
		printf "not ok - %s\n%s%s", name, names[number], output[number]
	}
}

END { printf "%d %d\n", passed, failed }
