#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Whole Debian systems for the disks of VMs: stock packages of one suite, installed by mmdebstrap into a tree, the tree
# into an ext4 file system, that into a GPT. Kernel and initrd lie beside the image, since VMs boot by them. Made once
# per recipe; a directory is named after the recipe and the packages that went in. Needs common.sh, packages.sh, apt.sh.

# mmdebstrap: the system from packages, a third of debootstrap's time; e2fsprogs: the file system from the tree without
# a loop device; fdisk: the partition table; debian-archive-keyring: the archive's signature.
PACKAGES_DEBIAN="mmdebstrap e2fsprogs fdisk debian-archive-keyring"
DEBIAN=$BULKHEAD_CACHE/debian
DEBIAN_MIB=1536 # the whole disk; the file is sparse

# What is in, beside the packages that Debian calls essential or required for apt.
DEBIAN_PACKAGES="systemd systemd-sysv udev kmod initramfs-tools zstd linux-image-cloud-amd64 login passwd e2fsprogs
	util-linux procps iproute2 fio kexec-tools hyperv-daemons"

# Left out when packages are unpacked: what nobody reads on a serial console.
DEBIAN_EXCLUDE="/usr/share/doc/* /usr/share/man/* /usr/share/locale/* /usr/share/info/*"

# debian_suite NAME: prints the suite that NAME (debian12 or debian13) stands for.
debian_suite() {
	case $1 in
	debian12) printf 'bookworm\n' ;;
	debian13) printf 'trixie\n' ;;
	*) die "there is no system '$1'" "the systems are debian12 and debian13" ;;
	esac
}

# debian_disk NAME, debian_kernel NAME, debian_initrd NAME: where they are, once ensure_debian NAME was called.
debian_disk() { printf '%s/%s/disk.img\n' "$(debian_link "$1")" "$1"; }
debian_kernel() { printf '%s/%s/vmlinuz\n' "$(debian_link "$1")" "$1"; }
debian_initrd() { printf '%s/%s/initrd.img\n' "$(debian_link "$1")" "$1"; }

# debian_cmdline NAME: what its kernel is told; the file system is found by its label, wherever the disk is.
debian_cmdline() { printf 'root=LABEL=%s rw console=ttyS0\n' "$1"; }

# debian_link NAME: the directory of this recipe.
debian_link() {
	_key=$({
		printf '%s\n' "$DEBIAN_PACKAGES" "$DEBIAN_EXCLUDE" "$DEBIAN_MIB"
		cat "$BULKHEAD_ROOT/tools/image/make-debian"
	} | sha256sum | cut -c1-12)
	printf '%s/recipe-%s\n' "$DEBIAN" "$_key"
}

# ensure_debian NAME...: returns once each is in the cache.
ensure_debian() {
	for _name in "$@"; do
		[ -f "$(debian_disk "$_name")" ] || locked "$_name" build_debian "$_name"
	done
}

build_debian() {
	_recipe=$(debian_link "$1")
	[ ! -f "$_recipe/$1/disk.img" ] || return 0
	_suite=$(debian_suite "$1") || exit 1
	# shellcheck disable=SC2086 # a list of words
	ensure_packages "whole Debian systems" $PACKAGES_DEBIAN
	mkdir -p "$_recipe"
	_work=$BULKHEAD_CACHE/work/$1
	as_root rm -rf "$_work" # a build that was cut off
	mkdir -p "$_work"
	say "making $1: installing some 200 packages of $_suite (two to four minutes)"
	_begin=$(date +%s)
	as_root env BULKHEAD_CACHE="$BULKHEAD_CACHE" "$BULKHEAD_ROOT/tools/image/make-debian" --name "$1" --suite "$_suite" \
		--mirror "$(debian_mirror)" --out "$_work" --size "$DEBIAN_MIB" --packages "$DEBIAN_PACKAGES" --exclude "$DEBIAN_EXCLUDE"
	as_root chown -R "$(id -u):$(id -g)" "$_work/disk.img" "$_work/vmlinuz" "$_work/initrd.img" "$_work/packages"
	_kept=$1-$({ printf '%s\n' "$_recipe" && cat "$_work/packages"; } | sha256sum | cut -c1-12)
	rm -rf "${DEBIAN:?}/$_kept"
	mkdir "$DEBIAN/$_kept"
	mv "$_work/disk.img" "$_work/vmlinuz" "$_work/initrd.img" "$_work/packages" "$DEBIAN/$_kept/"
	ln -sfn "../$_kept" "$_recipe/$1"
	as_root rm -rf "$_work"
	say "making $1: done after $(($(date +%s) - _begin)) s"
}
