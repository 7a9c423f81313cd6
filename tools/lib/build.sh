#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Configures and builds the whole tree into $BULKHEAD_BUILD: installs packages, fetches sources, tells
# CMake where they are. Needs common.sh, packages.sh, apt.sh and sources.sh.

# ensure_build [NINJA ARGUMENT...]: returns once everything is built; ninja's lines are the progress.
ensure_build() {
	# shellcheck disable=SC2086 # lists of words
	ensure_packages "the build" $PACKAGES_BUILD $PACKAGES_TEST
	ensure_sources
	locked "build-$(printf '%s' "$BULKHEAD_BUILD" | sha256sum | cut -c1-12)" _build_all "$@"
}

_build_all() {
	mkdir -p "$BULKHEAD_BUILD"
	set_configuration="-DCMAKE_BUILD_TYPE=RelWithDebInfo -DBULKHEAD_CHECKED=${BULKHEAD_CHECKED:-OFF}"
	_wanted="$set_configuration $BULKHEAD_ZYDIS_DIR $BULKHEAD_ZYCORE_DIR $BULKHEAD_MBEDTLS_DIR $BULKHEAD_PICOLIBC_DIR"
	if [ ! -f "$BULKHEAD_BUILD/build.ninja" ] || [ "$(cat "$BULKHEAD_BUILD/configured" 2>/dev/null)" != "$_wanted" ]; then
		say "configuring in $BULKHEAD_BUILD"
		# shellcheck disable=SC2086 # a list of words
		quietly "$BULKHEAD_BUILD/configure.log" cmake -S "$BULKHEAD_ROOT" -B "$BULKHEAD_BUILD" -G Ninja $set_configuration \
			-DBULKHEAD_ZYDIS_DIR="$BULKHEAD_ZYDIS_DIR" -DBULKHEAD_ZYCORE_DIR="$BULKHEAD_ZYCORE_DIR" \
			-DBULKHEAD_MBEDTLS_DIR="$BULKHEAD_MBEDTLS_DIR" \
			-DBULKHEAD_PICOLIBC_DIR="$BULKHEAD_PICOLIBC_DIR"
		printf '%s\n' "$_wanted" >"$BULKHEAD_BUILD/configured"
	fi
	say "building in $BULKHEAD_BUILD"
	if [ -n "${BULKHEAD_QUIET:-}" ]; then
		quietly "$BULKHEAD_BUILD/build.log" ninja -C "$BULKHEAD_BUILD" "$@"
	else
		ninja -C "$BULKHEAD_BUILD" "$@" >&2 || die "the build failed" "the compiler's messages are above"
	fi
}
