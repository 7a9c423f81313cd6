#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Every tracked source file says its licence in its first lines.

set -eu
cd "$(dirname -- "$0")/../.."
. tools/checks/files.inc

status=0 count=0
for file in $(tracked_files); do
	case $file in
	*.c | *.h | *.S | *.def | *.ld | *.lds | *.cmake | *CMakeLists.txt | *.sh | *.awk | *.inc | *.lock | *.asl | tools/build | tools/run | tools/try | tools/test | tools/guests/* | tools/image/* | .ci/run) ;;
	*) continue ;;
	esac
	count=$((count + 1))
	head -n 5 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0 OR MIT' && continue
	printf "%s: add 'SPDX-License-Identifier: Apache-2.0 OR MIT' to its first lines\n" "$file"
	status=1
done
printf '%s files read\n' "$count"
exit "$status"
