#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Which QEMU boots the host: the system's if it is 9 or newer (7.2 gets x2APIC and virtual interrupts
# wrong), else Debian's packages unpacked into the cache, the system untouched. Also where OVMF is.
# Needs common.sh, packages.sh and apt.sh.

QEMU_OLDEST=9

# qemu_major COMMAND: prints its major version, or nothing if it does not run.
qemu_major() {
	"$1" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9][0-9]*\)\..*/\1/p'
}

qemu_is_usable() {
	_major=$(qemu_major "$1")
	[ -n "$_major" ] && [ "$_major" -ge "$QEMU_OLDEST" ]
}

# find_qemu: sets QEMU (a command) and QEMU_VERSION.
find_qemu() {
	if [ -n "${QEMU:-}" ]; then
		qemu_is_usable "$QEMU" || die "QEMU=$QEMU has version '$(qemu_major "$QEMU")', at least $QEMU_OLDEST is needed" "unset QEMU and start again"
	elif qemu_is_usable qemu-system-x86_64; then
		QEMU=qemu-system-x86_64
	else
		QEMU=$BULKHEAD_CACHE/qemu/qemu-system-x86_64
		qemu_is_usable "$QEMU" || locked qemu fetch_qemu
		qemu_is_usable "$QEMU" || die "the QEMU unpacked into $BULKHEAD_CACHE/qemu does not run: $("$QEMU" --version 2>&1 | head -n 1)" \
			"remove that directory and start again, or install qemu-system-x86 $QEMU_OLDEST or newer"
	fi
	QEMU_VERSION=$("$QEMU" --version | head -n 1)
	export QEMU QEMU_VERSION
}

fetch_qemu() {
	! qemu_is_usable "$QEMU" || return 0
	_release=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
	case $_release in
	bookworm) set -- -t bookworm-backports && private_apt_make qemu 'deb bookworm' 'deb bookworm-backports' ;;
	?*) set -- && private_apt_make qemu "deb $_release" ;;
	*) die "/etc/os-release names no VERSION_CODENAME" "install qemu-system-x86 $QEMU_OLDEST or newer by hand" ;;
	esac
	say "fetching QEMU and its libraries (about 16 MB)"
	_dir=$BULKHEAD_CACHE/apt/qemu
	rm -f "$_dir"/cache/archives/*.deb
	if ! private_apt qemu /var/lib/dpkg/status apt-get -y --download-only --no-install-recommends \
		-o Dpkg::Use-Pty=0 "$@" install qemu-system-x86 >"$_dir/install.log" 2>&1; then
		tail -n 15 "$_dir/install.log" >&2
		die "the QEMU packages cannot be fetched" "all of apt's output is in $_dir/install.log"
	fi
	say "unpacking QEMU"
	rm -rf "$BULKHEAD_CACHE/qemu" "$BULKHEAD_CACHE/qemu.partial"
	mkdir -p "$BULKHEAD_CACHE/qemu.partial"
	for _deb in "$_dir"/cache/archives/*.deb; do
		case ${_deb##*/} in
		libc6_* | libc-bin_*) continue ;; # the system's loader works with the system's libc only
		esac
		dpkg -x "$_deb" "$BULKHEAD_CACHE/qemu.partial"
		basename "$_deb" >>"$BULKHEAD_CACHE/qemu.partial/packages"
	done
	write_qemu_wrapper "$BULKHEAD_CACHE/qemu.partial/qemu-system-x86_64"
	mv "$BULKHEAD_CACHE/qemu.partial" "$BULKHEAD_CACHE/qemu"
	rm -f "$_dir"/cache/archives/*.deb
}

write_qemu_wrapper() {
	cat >"$1" <<-'END'
		#!/bin/sh
		# Runs the QEMU unpacked beside this file with its own libraries, modules and firmware.
		top=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
		libraries=$top/usr/lib/x86_64-linux-gnu
		for folder in "$libraries"/*/; do
			case $folder in */qemu/) ;; *) libraries=$libraries:${folder%/} ;; esac
		done
		libraries=$libraries:$top/lib/x86_64-linux-gnu
		LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
		QEMU_MODULE_DIR=$top/usr/lib/x86_64-linux-gnu/qemu
		export LD_LIBRARY_PATH QEMU_MODULE_DIR
		exec "$top/usr/bin/qemu-system-x86_64" -L "$top/usr/share/qemu" -L "$top/usr/share/seabios" "$@"
	END
	chmod +x "$1"
}

# find_ovmf: sets OVMF_CODE (read-only) and OVMF_VARS (the template of a run's own copy).
find_ovmf() {
	OVMF_CODE=/usr/share/OVMF/OVMF_CODE_4M.fd
	OVMF_VARS=/usr/share/OVMF/OVMF_VARS_4M.fd
	if [ ! -r "$OVMF_CODE" ] || [ ! -r "$OVMF_VARS" ]; then ensure_packages "UEFI firmware" ovmf; fi
	if [ ! -r "$OVMF_CODE" ] || [ ! -r "$OVMF_VARS" ]; then
		die "$OVMF_CODE or $OVMF_VARS cannot be read" "install the package ovmf of Debian 12 or 13"
	fi
	export OVMF_CODE OVMF_VARS
}
