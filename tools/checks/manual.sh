#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The manual pages are well-formed and miss nothing: every command of the operator's prompt, every key of vm.json and
# host.json, every tool and each of its options. mandoc judges their form where it is installed.

set -eu
cd "$(dirname -- "$0")/../.."

status=0 count=0

# has PAGE WORD: the page has an entry for it, in bold at the start of a tag or a synopsis.
has() {
	if sed 's/\\-/-/g' "docs/man/$1" | grep -q -E -e "^\.B[IR]? \[?\"?$2( |\"|\$)"; then return 0; fi
	printf 'docs/man/%s has no entry for %s\n' "$1" "$2"
	status=1
}

for page in docs/man/*.[1-8]; do
	count=$((count + 1))
	if command -v mandoc >/dev/null 2>&1; then
		mandoc -T lint -W warning "$page" || status=1
	fi
	grep -q "docs/man/$(basename "$page")" README.md || {
		printf 'README.md does not name %s\n' "$page"
		status=1
	}
done
command -v mandoc >/dev/null 2>&1 || printf 'mandoc is not installed: entries only\n'

# {"help", OPERATOR_HELP, ...
for command in $(sed -n 's/^ *{"\([a-z]*\)", OPERATOR_.*/\1/p' parent/vmm/operator_command.c); do
	has bulkhead-prompt.8 "$command"
done
# "key": { at its depth: what is in "properties".
for file in vm host; do
	for key in $(sed -n 's/^ *"\([a-z][a-z0-9_]*\)": {.*/\1/p' "docs/$file.schema.json" | sort -u); do
		case $key in
		properties | items | disk | path) ;;
		boot | disks | devices) grep -q "^\.SS $key\$" docs/man/vm.json.5 || {
			printf 'docs/man/vm.json.5 has no section %s\n' "$key"
			status=1
		} ;;
		*) has "$file.json.5" "$key" ;;
		esac
	done
done
# --option) or --a | --b) of a tool's own loop over its arguments.
for tool in run try test bench; do
	[ -f "docs/man/bulkhead-$tool.1" ] || {
		printf 'tools/%s has no manual page\n' "$tool"
		status=1
		continue
	}
	for option in $(sed -n 's/^[[:space:]]*\(-[a-z| -]*\)).*/\1/p' "tools/$tool" | tr '| ' '\n\n' | grep -E '^--' | sort -u); do
		case $option in
		--help) ;;
		*) has "bulkhead-$tool.1" "$option" ;;
		esac
	done
done
printf '%s manual pages read\n' "$count"
exit "$status"
