#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# docs/exits.md is what tools/docgen/exits.sh makes of the source.

set -eu
cd "$(dirname -- "$0")/../.."

made=$(mktemp)
trap 'rm -f "$made"' EXIT
sh tools/docgen/exits.sh >"$made"
if ! diff -u docs/exits.md "$made"; then
	printf 'docs/exits.md is not what the source says: run tools/docgen/exits.sh >docs/exits.md\n'
	exit 1
fi
printf 'docs/exits.md is up to date: %s rows\n' "$(grep -c '^| ' "$made")"
