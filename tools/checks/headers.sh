#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Every header compiles alone, in the environment that it is for (cmake/environments.cmake).

set -eu
cd "$(dirname -- "$0")/../.."

bare='-ffreestanding -mno-red-zone -mgeneral-regs-only -Ihypercall-abi/include'
# Where picolibc and Zydis are, as tools/test exports them.
libraries="-isystem ${BULKHEAD_PICOLIBC_DIR:-none}/include -isystem ${BULKHEAD_ZYDIS_DIR:-none}/include -isystem ${BULKHEAD_ZYCORE_DIR:-none}/include"

# flags_of HEADER: the include paths and definitions of its environment.
flags_of() {
	case $1 in
	kernel/loader/*) printf '%s' "$bare -Ikernel -DBULKHEAD_EFI=1 -DGNU_EFI_USE_MS_ABI=1 -fshort-wchar -isystem /usr/include/efi -isystem /usr/include/efi/x86_64" ;;
	kernel/*) printf '%s' "$bare -Ikernel -DBULKHEAD_KERNEL=1" ;;
	parent/*) printf '%s' "$bare -Iparent -DBULKHEAD_PARENT=1 $libraries" ;;
	guest-sdk/*) printf '%s' "$bare -Iguest-sdk/include -DBULKHEAD_GUEST=1" ;;
	*) printf '%s' "$bare" ;;
	esac
}

status=0 count=0
for directory in hypercall-abi kernel parent guest-sdk; do
	[ -d "$directory" ] || continue
	for header in $(find "$directory" -type f -name '*.h' | sort); do
		count=$((count + 1))
		# shellcheck disable=SC2046 # a list of words
		said=$(printf '#include "%s"\n' "$PWD/$header" |
			gcc -std=gnu17 -x c -fsyntax-only -Wall -Wextra -Werror $(flags_of "$header") - 2>&1) && continue
		printf '%s does not compile alone, include what it uses: %s\n' "$header" \
			"$(printf '%s\n' "$said" | grep -m 1 'error: ' || printf '%s' "$said")"
		status=1
	done
done
printf '%s headers compiled\n' "$count"
exit "$status"
