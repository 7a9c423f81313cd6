#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Every shell script of the tree is one: sh -n, and shellcheck where it is installed.

set -eu
cd "$(dirname -- "$0")/../.."
. tools/checks/files.inc

status=0 count=0 scripts=''
for file in $(tracked_files); do
	case $file in
	*.sh) ;;
	*.*/*) [ "$file" = .ci/run ] || continue ;;
	*.*) continue ;;
	esac
	case $(head -n 1 "$file" | tr -d '\0') in
	'#!/bin/sh' | '#!/bin/busybox sh') ;;
	*) continue ;;
	esac
	count=$((count + 1))
	scripts="$scripts $file"
	sh -n "$file" || {
		printf '%s is no valid shell script\n' "$file"
		status=1
	}
done
[ -n "$scripts" ] || exit 0
if command -v shellcheck >/dev/null 2>&1; then
	# The tools are made of sourced parts: one sets what another reads.
	# shellcheck disable=SC2086 # a list of words
	shellcheck -s sh -S warning -e SC1090,SC1091,SC2034,SC2154 $scripts || status=1
else
	printf 'shellcheck is not installed: syntax only\n'
fi
printf '%s scripts read\n' "$count"
exit "$status"
