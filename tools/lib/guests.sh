#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The guests of the demo and the tests: Debian's own cloud kernels, taken from their packages and never
# installed, and a small initramfs around busybox. The newest of a suite when first fetched; what was
# used stands in $BULKHEAD_CACHE/guests/manifest with its sums. Needs common.sh and apt.sh.

GUESTS=$BULKHEAD_CACHE/guests
GUEST_DEBIAN12_SUITE=bookworm
GUEST_DEBIAN13_SUITE=trixie

# The drivers of Hyper-V's devices, in a kernel's package; what they depend on comes with them.
GUEST_DRIVERS='hv_vmbus hv_utils hv_storvsc sd_mod'

# ensure_guests: sets GUEST_DEBIAN12, GUEST_DEBIAN13 (kernels), GUEST_BUSYBOX and GUEST_INITRAMFS. Beside a kernel
# lies drivers.gz, a second archive to put behind the first (cat): /init then loads the drivers in it.
ensure_guests() {
	GUEST_DEBIAN12=$GUESTS/debian12/vmlinuz
	GUEST_DEBIAN13=$GUESTS/debian13/vmlinuz
	GUEST_BUSYBOX=$GUESTS/busybox/busybox
	[ -f "${GUEST_DEBIAN12%/*}/drivers.gz" ] || locked guests fetch_guest_kernel debian12 "$GUEST_DEBIAN12_SUITE"
	[ -f "${GUEST_DEBIAN13%/*}/drivers.gz" ] || locked guests fetch_guest_kernel debian13 "$GUEST_DEBIAN13_SUITE"
	[ -f "$GUEST_BUSYBOX" ] || locked guests fetch_busybox "$GUEST_DEBIAN12_SUITE"
	# shellcheck disable=SC2119
	guest_initramfs
	export GUEST_DEBIAN12 GUEST_DEBIAN13 GUEST_BUSYBOX GUEST_INITRAMFS
}

# shellcheck disable=SC2120 # the arguments are optional
# guest_initramfs [FILE...]: sets GUEST_INITRAMFS; each FILE is an executable that goes to /bin beside bh-selftest.
guest_initramfs() {
	_key=$({
		sha256sum <"$GUEST_BUSYBOX"
		for _file in "$BULKHEAD_ROOT/tools/guests/init" "$BULKHEAD_ROOT"/tools/guests/bh-* "$@"; do
			basename "$_file"
			sha256sum <"$_file"
		done
	} | sha256sum | cut -c1-12)
	GUEST_INITRAMFS=$GUESTS/initramfs-$_key.gz
	[ -f "$GUEST_INITRAMFS" ] || locked guests build_initramfs "$GUEST_INITRAMFS" "$@"
}

build_initramfs() {
	_out=$1
	shift
	[ ! -f "$_out" ] || return 0
	_tree=$(mktemp -d "$BULKHEAD_CACHE/initramfs.XXXXXX")
	mkdir -p "$_tree/bin" "$_tree/dev" "$_tree/proc" "$_tree/sys"
	cp "$GUEST_BUSYBOX" "$_tree/bin/busybox"
	ln -s busybox "$_tree/bin/sh"
	cp "$BULKHEAD_ROOT/tools/guests/init" "$_tree/init"
	for _file in "$BULKHEAD_ROOT"/tools/guests/bh-* "$@"; do cp "$_file" "$_tree/bin/"; done
	chmod 755 "$_tree" "$_tree/init" "$_tree"/bin/*
	pack_tree "$_tree" "$_out"
}

# pack_tree DIR FILE: the tree as an archive, the same to the bit for the same files; DIR is gone then.
pack_tree() {
	find "$1" -exec touch -h -d @0 {} +
	if ! (cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) >"$1.cpio"; then
		die "cpio cannot write $1.cpio" "is the package cpio installed, and is there space?"
	fi
	gzip -9 -n -c "$1.cpio" >"$2.partial"
	mv "$2.partial" "$2"
	rm -rf "$1" "$1.cpio"
}

# driver_add MODULE: appends what MODULE needs, then MODULE, to $_drivers; built-in ones have no file. Needs $_modules.
driver_add() {
	case " $_drivers " in *" $1 "*) return 0 ;; esac
	_file=$(find "$_modules" -name "$1.ko" -o -name "$(printf '%s' "$1" | tr _ -).ko" | head -n 1)
	[ -n "$_file" ] || return 0
	for _needed in $(tr '\0' '\n' <"$_file" | sed -n 's/^depends=//p' | tr , ' '); do driver_add "$_needed"; done
	_drivers="$_drivers $1"
}

# build_drivers FILE: the archive with the drivers out of the kernel's package $deb, named in the order to load them.
build_drivers() {
	_modules=$(mktemp -d "$GUESTS/modules.XXXXXX")
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$_modules" --wildcards './lib/modules/*/kernel/*' './usr/lib/modules/*/kernel/*' 2>/dev/null || :
	find "$_modules" -name '*.ko.xz' -exec xz -d {} +
	_drivers='' _n=10
	for _name in $GUEST_DRIVERS; do driver_add "$_name"; done
	[ -n "$_drivers" ] || die "${deb##*/} holds none of $GUEST_DRIVERS" "Debian changed the package: adapt tools/lib/guests.sh"
	_tree=$(mktemp -d "$GUESTS/drivers.XXXXXX")
	chmod 755 "$_tree"
	mkdir "$_tree/drivers"
	for _name in $_drivers; do
		_file=$(find "$_modules" -name "$_name.ko" -o -name "$(printf '%s' "$_name" | tr _ -).ko" | head -n 1)
		cp "$_file" "$_tree/drivers/$_n-$_name.ko"
		_n=$((_n + 1))
	done
	chmod 644 "$_tree/drivers"/*
	pack_tree "$_tree" "$1"
	rm -rf "$_modules"
}

# fetch_guest_kernel NAME SUITE: the kernel that linux-image-cloud-amd64 of the suite stands for.
fetch_guest_kernel() {
	[ ! -f "$GUESTS/$1/drivers.gz" ] || return 0
	say "fetching the $1 cloud kernel (about 30 MB)"
	private_apt_make "$2" "deb $2"
	_package=$(private_apt "$2" /dev/null apt-cache depends --important linux-image-cloud-amd64 |
		sed -n 's/^ *Depends: \(linux-image-.*\)$/\1/p' | head -n 1)
	[ -n "$_package" ] || die "linux-image-cloud-amd64 of $2 names no kernel package" "remove $BULKHEAD_CACHE/apt/$2 and start again"
	download_deb "$2" "$_package"
	mkdir -p "$GUESTS"
	_built=$GUESTS/$1-drivers.gz
	build_drivers "$_built"
	keep_file "$1" vmlinuz './boot/vmlinuz-*' "$_built" drivers.gz
}

fetch_busybox() {
	[ ! -f "$GUEST_BUSYBOX" ] || return 0
	say "fetching busybox-static"
	[ -e "$BULKHEAD_CACHE/apt/$1/sources.list" ] || private_apt_make "$1" "deb $1"
	download_deb "$1" busybox-static
	keep_file busybox busybox '*bin/busybox'
}

# download_deb SUITE PACKAGE: sets deb.
download_deb() {
	rm -f "$BULKHEAD_CACHE/apt/$1/files/$2"_*.deb
	private_apt "$1" /dev/null apt-get download "$2" >"$BULKHEAD_CACHE/apt/$1/download.log" 2>&1 || {
		tail -n 5 "$BULKHEAD_CACHE/apt/$1/download.log" >&2
		die "$2 of $1 cannot be downloaded" "check the network, remove $BULKHEAD_CACHE/apt/$1 and start again"
	}
	for deb in "$BULKHEAD_CACHE/apt/$1/files/$2"_*.deb; do :; done
	[ -f "$deb" ] || die "apt-get download $2 left no file $deb" "remove $BULKHEAD_CACHE/apt/$1 and start again"
}

# keep_file NAME FILE PATTERN [MADE AS]: takes the one file PATTERN out of $deb; NAME becomes a link to a
# directory named after its content. The file MADE from the package goes there too.
keep_file() {
	mkdir -p "$GUESTS"
	_tree=$(mktemp -d "$GUESTS/unpack.XXXXXX")
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$_tree" --wildcards "$3" 2>/dev/null || :
	_found=$(find "$_tree" -type f | head -n 1)
	[ -n "$_found" ] || die "${deb##*/} holds no file like $3" "Debian changed the package: adapt tools/lib/guests.sh"
	_sum=$(sha256_of "$_found")
	_kept=$1-$(printf '%.12s' "$_sum")
	mkdir -p "$GUESTS/$_kept"
	mv "$_found" "$GUESTS/$_kept/$2"
	[ $# -lt 5 ] || mv "$4" "$GUESTS/$_kept/$5"
	printf '%s: %s sha256 %s, %s sha256 %s\n' "$1" "${deb##*/}" "$(sha256_of "$deb")" "$2" "$_sum" >>"$GUESTS/manifest"
	ln -sfn "$_kept" "$GUESTS/$1"
	rm -rf "$_tree" "$deb"
}
