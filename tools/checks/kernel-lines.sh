#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The kernel's budget: code lines (not comments, not blanks) of core, mm, arch with both vendors, and
# lib; the loader has its own. A kernel that grows past it has taken on the parent's work.

set -eu
cd "$(dirname -- "$0")/../.."

# code_lines DIR...: prints the count over all C, header, assembly and list files.
code_lines() {
	find "$@" -type f \( -name '*.c' -o -name '*.h' -o -name '*.S' -o -name '*.def' -o -name '*.ld' -o -name '*.lds' \) \
		-exec cat {} + 2>/dev/null | awk '
		{
			line = $0
			gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
			code = ""
			while (line != "") {
				if (inside) {
					at = index(line, "*/")
					if (!at) break
					line = substr(line, at + 2)
					inside = 0
				} else {
					block = index(line, "/*")
					rest = index(line, "//")
					if (rest && (!block || rest < block)) { code = code substr(line, 1, rest - 1); break }
					if (!block) { code = code line; break }
					code = code substr(line, 1, block - 1)
					line = substr(line, block + 2)
					inside = 1
				}
			}
			if (code ~ /[^ \t\r]/) count++
		}
		END { print count + 0 }'
}

status=0
# budget NAME LIMIT DIR...
budget() {
	name=$1 limit=$2
	shift 2
	count=$(code_lines "$@")
	if [ "$count" -le "$limit" ]; then
		printf '%s: %s of %s lines\n' "$name" "$count" "$limit"
	else
		printf '%s: %s lines, the budget is %s: move work to the parent, or make it shorter\n' "$name" "$count" "$limit"
		status=1
	fi
}

budget kernel 10000 kernel/core kernel/mm kernel/arch kernel/lib
for dir in kernel/core kernel/mm kernel/arch kernel/lib; do printf '  %s: %s\n' "$dir" "$(code_lines "$dir")"; done
budget loader 1500 kernel/loader
exit "$status"
