#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Dependencies point one way: abi <- lib <- mm <- core. Of the machine core sees the waist only: vp_hw.h,
# pt_format.h, and what both vendors share of a VP, vp_context.h and guest_fetch.h.
# Rejects an include that the table below does not allow.

set -eu
cd "$(dirname -- "$0")/../.."

# Area (a directory) and what its files may include: directories, or single files. The longest area wins.
rules='
hypercall-abi       hypercall-abi
kernel/lib          kernel/lib hypercall-abi
kernel/mm           kernel/mm kernel/lib hypercall-abi */vp_hw.h */pt_format.h
kernel/core         kernel/core kernel/mm kernel/lib hypercall-abi */vp_hw.h */vp_context.h */guest_fetch.h */pt_format.h kernel/loader/handoff.h
kernel/arch         kernel/arch kernel/core kernel/mm kernel/lib hypercall-abi kernel/loader/handoff.h
kernel/arch/x86/svm kernel/arch/x86/svm kernel/arch/x86/*.h kernel/arch/x86/*.S kernel/core kernel/mm kernel/lib hypercall-abi
kernel/arch/x86/vmx kernel/arch/x86/vmx kernel/arch/x86/*.h kernel/arch/x86/*.S kernel/core kernel/mm kernel/lib hypercall-abi
kernel/loader       kernel/loader kernel/lib hypercall-abi
parent              parent hypercall-abi
guest-sdk           guest-sdk hypercall-abi
'
# Where the compiler looks for a name, after the directory of the file itself.
include_dirs='kernel parent guest-sdk/include hypercall-abi/include'

# One awk for everything: the rules, the names of all files, then the files themselves.
{
	printf '%s\n' "$rules" | sed 's/^/rule /'
	for directory in hypercall-abi kernel parent guest-sdk; do
		[ -d "$directory" ] || continue
		find "$directory" -type f \( -name '*.c' -o -name '*.h' -o -name '*.S' -o -name '*.def' \)
	done | sort | sed 's/^/file /'
} | awk -v include_dirs="$include_dirs" '
	# In a rule, "*/" at its start is any directory, another star stays inside one directory.
	function matches(name, rule,    pattern) {
		pattern = rule
		gsub(/[.]/, "[.]", pattern)
		if (sub(/^\*\//, "", pattern)) pattern = ".*/" pattern
		else gsub(/\*/, "[^/]*", pattern)
		return name ~ ("^" pattern "(/.*)?$")
	}

	function area_of(name,    area, found) {
		for (area in allowed)
			if (index(name, area "/") == 1 && length(area) > length(found)) found = area
		return found
	}

	# The file of the tree that an included name means, or nothing (a system header).
	function resolve(from, name,    parts, count, i, path) {
		sub(/\/[^\/]*$/, "", from)
		count = split(from " " include_dirs, parts, " ")
		for (i = 1; i <= count; i++) {
			path = parts[i] "/" name
			while (sub(/[^\/]+\/\.\.\//, "", path)) {}
			gsub(/\/\.\//, "/", path)
			if (path in exists) return path
		}
		return ""
	}

	function check(from, target,    area, rules, count, i) {
		area = area_of(from)
		if (area == "" || target == "") return
		followed++
		count = split(allowed[area], rules, " ")
		for (i = 1; i <= count; i++)
			if (matches(target, rules[i])) return
		printf "%s includes %s: %s may include only:%s\n", from, target, area, allowed[area]
		bad = 1
	}

	$1 == "rule" && NF > 2 { area = $2; $1 = $2 = ""; allowed[area] = $0 }
	$1 == "file" { exists[$2] = 1; files[++file_count] = $2 }

	END {
		for (i = 1; i <= file_count; i++)
			while ((getline line < files[i]) > 0)
				if (line ~ /^[ \t]*#[ \t]*include[ \t]*["<]/) {
					sub(/^[^"<]*["<]/, "", line)
					sub(/[">].*/, "", line)
					check(files[i], resolve(files[i], line))
				}
		printf "%d includes followed\n", followed
		exit bad
	}'
