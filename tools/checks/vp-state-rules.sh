#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# docs/vp-state-rules.md has a row with number and name for every rule of enum vp_state_rule, and no other.

set -eu
cd "$(dirname -- "$0")/../.."

rules=$(sed -n 's/^\tVP_RULE_\([A-Z0-9_]*\) = \([0-9]*\),.*/\2 \1/p' kernel/core/vp_state.h | grep -v '^0 ' | sort -n)
rows=$(sed -n 's/^| \([0-9][0-9]*\) | \([A-Z0-9_]*\) | [^|]* | [^|]*\[.*$/\1 \2/p' docs/vp-state-rules.md | sort -n)
[ -n "$rules" ] || {
	printf 'kernel/core/vp_state.h: no rules were found\n'
	exit 1
}
if [ "$rules" != "$rows" ]; then
	printf 'docs/vp-state-rules.md and kernel/core/vp_state.h differ; rules, then rows with a citation:\n%s\n\n%s\n' "$rules" "$rows"
	exit 1
fi
printf '%s rules documented\n' "$(printf '%s\n' "$rules" | wc -l)"
