#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What every tool shares: how messages look, where things are kept, how to become root.
# Progress goes to standard error, so that standard output stays a tool's result.
# Sourced with BULKHEAD_ROOT set to the top of the checkout; decides nothing about what is built.

: "${BULKHEAD_ROOT:?common.sh is sourced by a tool that sets BULKHEAD_ROOT}"

BULKHEAD_CACHE=${BULKHEAD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/bulkhead}
BULKHEAD_BUILD=${BULKHEAD_BUILD:-build/default}
case $BULKHEAD_BUILD in
/*) ;;
*) BULKHEAD_BUILD=$BULKHEAD_ROOT/$BULKHEAD_BUILD ;;
esac
export BULKHEAD_ROOT BULKHEAD_CACHE BULKHEAD_BUILD

# say TEXT...: one line of progress.
say() { printf 'bulkhead: %s\n' "$*" >&2; }

# warn TEXT...: something is odd, but the work goes on.
warn() { printf 'bulkhead: warning: %s\n' "$*" >&2; }

# die WHAT [FIX]: says what was wrong and what to do, ends the tool with status 1.
die() {
	printf 'bulkhead: error: %s\n' "$1" >&2
	if [ $# -gt 1 ]; then printf 'bulkhead: what to do: %s\n' "$2" >&2; fi
	exit 1
}

# usage_error WHAT: a wrong argument; status 2. The tool defines usage().
usage_error() {
	printf 'bulkhead: error: %s\n' "$1" >&2
	usage >&2
	exit 2
}

have() { command -v "$1" >/dev/null 2>&1; }

# as_root COMMAND...: runs it with root's rights, or says how to get them.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		die "root's rights are needed for: $*" "install sudo, or run that command as root once, then start again"
	fi
}

# sha256_of FILE: prints the sum.
sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

# has_sha256 FILE SUM: true if the file is there and has this sum.
has_sha256() { [ -f "$1" ] && [ "$(sha256_of "$1")" = "$2" ]; }

# locked NAME COMMAND...: runs it while no other tool holds the lock NAME of this cache.
# COMMAND runs in a subshell: it may leave files behind, not variables.
locked() {
	mkdir -p "$BULKHEAD_CACHE/locks"
	_lock=$BULKHEAD_CACHE/locks/$1
	shift
	(
		flock -n 9 || { say "waiting for another tool that uses $_lock"; flock 9; }
		"$@" 9>&-
	) 9>"$_lock"
}

# quietly LOG COMMAND...: output to LOG; shown only if the command fails.
quietly() {
	_log=$1
	shift
	if ! "$@" >"$_log" 2>&1; then
		tail -n 40 "$_log" >&2
		die "this command failed: $*" "the last lines are above, all of them in $_log"
	fi
}

mkdir -p "$BULKHEAD_CACHE" || die "the cache directory $BULKHEAD_CACHE cannot be made" "set BULKHEAD_CACHE to a directory that you can write"
