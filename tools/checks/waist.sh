#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The vendor waist, proved on the objects: both vendor folders define the same vp_hw_* symbols, all that
# vp_hw.h declares, and nothing outside a vendor's folder refers to any other symbol that only the folder
# defines. Reads $BULKHEAD_BUILD (build/default).

set -eu
cd "$(dirname -- "$0")/../.."
build=${BULKHEAD_BUILD:-build/default}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# symbols NM_FLAG FILE: names in the objects that FILE lists, sorted.
symbols() {
	xargs nm -g "$1" <"$2" | awk 'NF >= 2 && !/:$/ { print $NF }' | sort -u
}

# What is built for the kernel, no host tests, and nothing whose source is gone.
objects() {
	find "$build/kernel" -path '*.kernel.dir/*' -name '*.o' | sort | while read -r object; do
		source=${object#"$build/"}
		source=${source%%/CMakeFiles/*}/$(printf '%s' "${source#*.kernel.dir/}" | sed 's,__/,../,g')
		[ ! -f "${source%.o}" ] || printf '%s\n' "$object"
	done
}
for vendor in svm vmx; do
	objects | grep "/arch/x86/$vendor/" | grep -v pt_format >"$made/$vendor.objects" || {
		printf '%s: no objects of %s, build first\n' "$build" "$vendor"
		exit 1
	}
	symbols --defined-only "$made/$vendor.objects" >"$made/$vendor.defined"
	grep '^vp_hw_' "$made/$vendor.defined" >"$made/$vendor.waist"
done
objects | grep -v '/arch/x86/\(svm\|vmx\)/' >"$made/common.objects"
[ "$(wc -l <"$made/common.objects")" -gt 40 ] || {
	printf '%s: the objects of core are missing, build first\n' "$build"
	exit 1
}
symbols --undefined-only "$made/common.objects" >"$made/wanted"

status=0
if ! diff "$made/svm.waist" "$made/vmx.waist"; then
	printf 'the vendors define different vp_hw_* symbols\n'
	status=1
fi
sed -n 's/^[a-z].*[ *]\(vp_hw_[a-z0-9_]*\)[([].*/\1/p' kernel/arch/x86/vp_hw.h | sort -u >"$made/declared"
if ! diff "$made/declared" "$made/svm.waist"; then
	printf 'vp_hw.h and the vendors differ\n'
	status=1
fi
for vendor in svm vmx; do
	grep -v '^vp_hw_' "$made/$vendor.defined" | comm -12 - "$made/wanted" >"$made/leaks"
	if [ -s "$made/leaks" ]; then
		printf 'outside of %s something refers to: %s\n' "$vendor" "$(tr '\n' ' ' <"$made/leaks")"
		status=1
	fi
done
[ "$status" -ne 0 ] || printf '%s symbols in the waist\n' "$(wc -l <"$made/declared")"
exit "$status"
