#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# docs/abi.md is what tools/docgen/abi.sh makes of the source.

set -eu
cd "$(dirname -- "$0")/../.."

made=$(mktemp)
trap 'rm -f "$made"' EXIT
sh tools/docgen/abi.sh >"$made"
if ! diff -u docs/abi.md "$made"; then
	printf 'docs/abi.md is not what the source says: run tools/docgen/abi.sh >docs/abi.md\n'
	exit 1
fi
printf 'docs/abi.md is up to date: %s rows\n' "$(grep -c '^| ' "$made")"
