#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Prints docs/abi.md, made from the lists in hypercall-abi/. usage: tools/docgen/abi.sh >docs/abi.md

set -eu
cd "$(dirname -- "$0")/../.."

program=$(mktemp)
trap 'rm -f "$program"' EXIT
gcc -std=gnu17 -Wall -Wextra -Werror -Ihypercall-abi/include -o "$program" tools/docgen/abi_doc.c
"$program"
