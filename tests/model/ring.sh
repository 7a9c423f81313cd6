#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Searches the model of the ring's wake-up protocol for a lost wake-up: none in the protocol, one in each of
# its saboteurs. Needs spin and gcc.

set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cd "$made"

# search NAME FLAG...: searches all states; the summary is in NAME.log. Fails where the search was cut short.
search() {
	_name=$1
	shift
	spin -a "$@" "$here/ring.pml" >"$_name.log" 2>&1 || {
		cat "$_name.log"
		exit 1
	}
	gcc -O0 -w -DSAFETY -DVECTORSZ=512 -o "$_name.pan" pan.c
	"./$_name.pan" -m200000 >>"$_name.log" 2>&1
	if grep -q 'max search depth too small\|out of memory\|Search not completed' "$_name.log" &&
		! grep -q 'errors: [1-9]' "$_name.log"; then
		cat "$_name.log"
		printf '%s: the search was cut short\n' "$_name"
		exit 1
	fi
}

errors() { sed -n 's/.*errors: \([0-9]*\).*/\1/p' "$1.log"; }
states() { sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$1.log"; }

status=0
search protocol
if [ "$(errors protocol)" = 0 ]; then
	printf 'no lost wake-up in %s states\n' "$(states protocol)"
else
	cat protocol.log
	printf 'a wake-up is lost\n'
	status=1
fi
for saboteur in NO_PUBLISH_FENCE NO_UNMASK_FENCE NO_UNMASK_CHECK NO_WAIT_FENCE NO_WAIT_CHECK NO_RELEASE_FENCE; do
	search "$saboteur" "-D$saboteur"
	if [ "$(errors "$saboteur")" = 1 ] && grep -q 'invalid end state' "$saboteur.log"; then
		printf 'with %s a wake-up is lost, as it must be\n' "$saboteur"
	else
		cat "$saboteur.log"
		printf 'with %s no wake-up is lost: the model shows nothing\n' "$saboteur"
		status=1
	fi
done
exit "$status"
