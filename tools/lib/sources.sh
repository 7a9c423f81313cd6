#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Third-party sources: fetched as tools/third_party.lock pins them, judged by their sum alone, unpacked
# into the cache; picolibc is built there too. A folder named by BULKHEAD_THIRD_PARTY is looked into first.
# Needs common.sh and apt.sh.

SOURCES_LOCK=$BULKHEAD_ROOT/tools/third_party.lock
SOURCES_SUITE=trixie

# The kernel's and parent's own code model: no red zone, high addresses, no vector code behind their back.
PICOLIBC_CFLAGS="-O2 -g -ffreestanding -mno-red-zone -mcmodel=kernel -fno-pic -fno-pie -fno-stack-protector -fno-tree-vectorize -mno-avx"
PICOLIBC_OPTIONS="-Dmultilib=false -Dpicocrt=false -Dsemihost=false -Dtests=false -Dthread-local-storage=false -Dspecsdir=none"

# source_row NAME: sets source_package, source_file, source_sum.
source_row() {
	_row=$(awk -v name="$1" '$1 == name { print $2, $3, $4 }' "$SOURCES_LOCK")
	[ -n "$_row" ] || die "'$1' has no row in $SOURCES_LOCK" "the names are the first column of that file"
	source_package=${_row%% *}
	source_sum=${_row##* }
	_row=${_row#* }
	source_file=${_row%% *}
}

# source_dir NAME: prints where its sources are, or will be.
source_dir() {
	(
		source_row "$1"
		printf '%s/src/%s-%.12s\n' "$BULKHEAD_CACHE" "$1" "$source_sum"
	)
}

# fetch_sources NAME...: returns once every one is unpacked in its source_dir.
fetch_sources() {
	for _name in "$@"; do
		[ -e "$(source_dir "$_name")/.complete" ] || locked sources fetch_source "$_name"
	done
}

fetch_source() {
	source_row "$1"
	_target=$(source_dir "$1")
	[ ! -e "$_target/.complete" ] || return 0
	_tarball=$BULKHEAD_CACHE/downloads/$source_file
	mkdir -p "$BULKHEAD_CACHE/downloads" "$BULKHEAD_CACHE/src"
	if ! has_sha256 "$_tarball" "$source_sum"; then
		rm -f "$_tarball"
		fetch_tarball_from_folder || fetch_tarball_from_archive
	fi
	rm -rf "$_target" "$_target.partial"
	mkdir "$_target.partial"
	tar -x -f "$_tarball" -C "$_target.partial" --strip-components=1 ||
		die "$_tarball cannot be unpacked" "is the disk full? remove the file and start again"
	: >"$_target.partial/.complete"
	mv "$_target.partial" "$_target"
}

fetch_tarball_from_folder() {
	[ -n "${BULKHEAD_THIRD_PARTY:-}" ] || return 1
	_given=$BULKHEAD_THIRD_PARTY/$source_file
	[ -f "$_given" ] || return 1
	has_sha256 "$_given" "$source_sum" ||
		die "$_given has sha256 $(sha256_of "$_given"), wanted $source_sum" "put the pinned file there, or unset BULKHEAD_THIRD_PARTY"
	cp "$_given" "$_tarball"
}

fetch_tarball_from_archive() {
	say "fetching $source_file (Debian source package $source_package)"
	_files=$BULKHEAD_CACHE/apt/sources/files
	[ -e "$BULKHEAD_CACHE/apt/sources/sources.list" ] || private_apt_make sources "deb-src $SOURCES_SUITE"
	_log=$BULKHEAD_CACHE/apt/sources/source.log
	# apt's own verdict does not count: a mirror may lack the .dsc and still deliver the tarball.
	private_apt sources /dev/null apt-get source --download-only "$source_package" >"$_log" 2>&1 || :
	if [ ! -f "$_files/$source_file" ]; then
		private_apt_make sources "deb-src $SOURCES_SUITE"
		private_apt sources /dev/null apt-get source --download-only "$source_package" >"$_log" 2>&1 || :
	fi
	if [ ! -f "$_files/$source_file" ]; then
		tail -n 5 "$_log" >&2
		die "Debian's archive does not deliver $source_file (sha256 $source_sum)" \
			"a security update may have replaced it: put the file into a folder and set BULKHEAD_THIRD_PARTY to it"
	fi
	has_sha256 "$_files/$source_file" "$source_sum" ||
		die "$_files/$source_file has sha256 $(sha256_of "$_files/$source_file"), wanted $source_sum" \
			"remove it and start again; if it stays so, put the pinned file into a folder and set BULKHEAD_THIRD_PARTY to it"
	mv "$_files/$source_file" "$_tarball"
}

# ensure_sources: fetches and builds what the build needs, sets the four directories.
ensure_sources() {
	fetch_sources picolibc zydis zycore mbedtls
	BULKHEAD_ZYDIS_DIR=$(source_dir zydis)
	BULKHEAD_ZYCORE_DIR=$(source_dir zycore)
	BULKHEAD_MBEDTLS_DIR=$(source_dir mbedtls)
	picolibc_dir
	[ -e "$BULKHEAD_PICOLIBC_DIR/.complete" ] || locked picolibc build_picolibc
	export BULKHEAD_ZYDIS_DIR BULKHEAD_ZYCORE_DIR BULKHEAD_MBEDTLS_DIR BULKHEAD_PICOLIBC_DIR
}

# picolibc_dir: sets BULKHEAD_PICOLIBC_DIR; another source, flag or compiler is another directory.
picolibc_dir() {
	source_row picolibc
	_key=$(printf '%s\n' "$source_sum" "$PICOLIBC_CFLAGS" "$PICOLIBC_OPTIONS" "$(gcc -dumpfullversion)" | sha256sum | cut -c1-12)
	BULKHEAD_PICOLIBC_DIR=$BULKHEAD_CACHE/picolibc-$_key
}

build_picolibc() {
	[ ! -e "$BULKHEAD_PICOLIBC_DIR/.complete" ] || return 0
	say "building picolibc (about a minute)"
	_work=$BULKHEAD_CACHE/work/picolibc
	rm -rf "$_work" "$BULKHEAD_PICOLIBC_DIR"
	mkdir -p "$_work"
	# shellcheck disable=SC2086 # a list of words
	_flags=$(printf "'%s', " $PICOLIBC_CFLAGS)
	cat >"$_work/cross.txt" <<-END
		[binaries]
		c = ['gcc', '-nostdlib']
		ar = 'gcc-ar'
		strip = 'strip'
		[host_machine]
		system = 'none'
		cpu_family = 'x86_64'
		cpu = 'x86_64'
		endian = 'little'
		[properties]
		skip_sanity_check = true
		c_args = [$_flags]
	END
	# shellcheck disable=SC2086 # lists of words
	quietly "$_work/setup.log" meson setup --cross-file "$_work/cross.txt" --prefix "$BULKHEAD_PICOLIBC_DIR" \
		--libdir lib --includedir include --buildtype plain $PICOLIBC_OPTIONS "$_work/build" "$(source_dir picolibc)"
	quietly "$_work/build.log" ninja -C "$_work/build"
	quietly "$_work/install.log" meson install -C "$_work/build" --no-rebuild
	[ -f "$BULKHEAD_PICOLIBC_DIR/lib/libc.a" ] || die "picolibc was built, but $BULKHEAD_PICOLIBC_DIR/lib/libc.a is missing" "see $_work"
	: >"$BULKHEAD_PICOLIBC_DIR/.complete"
	rm -rf "$_work/build"
}
