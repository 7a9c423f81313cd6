#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Which Debian packages the tools need, and how they are installed: only those that are missing,
# after saying which and why. Needs common.sh.

# What the build needs on the system itself; everything else lives in the cache.
PACKAGES_BUILD="gcc libc6-dev cmake ninja-build gnu-efi meson libjsmn-dev acpica-tools xz-utils bzip2"
PACKAGES_TEST="libcmocka-dev clang libclang-rt-dev spin mandoc"
PACKAGES_IMAGE="mtools dosfstools fdisk cpio"
PACKAGES_RUN="ovmf"

package_is_installed() {
	case $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) in
	installed) return 0 ;;
	esac
	return 1
}

missing_packages() {
	for _package in "$@"; do
		package_is_installed "$_package" || printf '%s ' "$_package"
	done
}

package_is_known() {
	case $(apt-cache policy "$1" 2>/dev/null) in
	*'Candidate: (none)'*) return 1 ;;
	*'Candidate: '*) return 0 ;;
	esac
	return 1
}

# ensure_packages WHY PACKAGE...: returns once all are installed, else dies.
ensure_packages() {
	_why=$1
	shift
	_missing=$(missing_packages "$@")
	[ -n "$_missing" ] || return 0
	have apt-get || die "these packages are missing: $_missing" "this machine has no apt-get; the tools support Debian 12 and 13"
	say "installing for $_why: $_missing"
	locked packages install_packages "$_missing"
	_missing=$(missing_packages "$@")
	[ -z "$_missing" ] || die "still missing after the installation: $_missing" "install them by hand with apt-get, then start again"
}

install_packages() {
	_log=$BULKHEAD_CACHE/apt.log
	for _package in $1; do
		package_is_known "$_package" && continue
		say "apt-get update"
		as_root apt-get -qq update >"$_log" 2>&1 || {
			tail -n 20 "$_log" >&2
			die "apt-get update failed" "check the network and /etc/apt/sources.list*, then start again"
		}
		break
	done
	# shellcheck disable=SC2086 # a list of words
	set -- $1
	if ! apt_install "$@" >"$_log" 2>&1; then
		# The index may be older than the archive: once more with a fresh one.
		say "apt-get update, then once more"
		as_root apt-get -qq update >>"$_log" 2>&1 || :
		if ! apt_install "$@" >>"$_log" 2>&1; then
			tail -n 30 "$_log" >&2
			die "apt-get install failed for: $*" "the last lines are above, all of them in $_log"
		fi
	fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
		-o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
}
