#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# A private apt directory: files of any Debian suite reach the cache without root and without
# touching the system's apt settings. The mirror is the one that the machine's own apt uses.
# Needs common.sh.

# debian_mirror: prints the address of the Debian archive; apt itself reads its .list and .sources files.
debian_mirror() {
	# shellcheck disable=SC2016 # names for apt, not for the shell
	_targets=$(apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 2>/dev/null | sort -u)
	_mirror=$(printf '%s\n' "$_targets" |
		awk '$3 == "main" && $2 ~ /^(bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)$/ { print $1; exit }')
	[ -n "$_mirror" ] || die "apt has no source of Debian's main archive; it knows: $_targets" \
		"add one line like 'deb MIRROR trixie main' to /etc/apt/sources.list"
	printf '%s\n' "${_mirror%/}"
}

# private_apt_make NAME LINE...: makes directory $BULKHEAD_CACHE/apt/NAME and loads its index.
# A LINE is 'deb SUITE' or 'deb-src SUITE'.
private_apt_make() {
	_dir=$BULKHEAD_CACHE/apt/$1
	shift
	_mirror=$(debian_mirror) || exit 1
	_key=
	for _ring in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
		if [ -z "$_key" ] && [ -e "$_ring" ]; then _key="[signed-by=$_ring]"; fi
	done
	mkdir -p "$_dir/state/lists/partial" "$_dir/cache/archives/partial" "$_dir/files"
	: >"$_dir/empty"
	for _line in "$@"; do
		printf '%s %s %s %s main\n' "${_line%% *}" "$_key" "$_mirror" "${_line#* }"
	done >"$_dir/sources.list"
	say "reading the index of $*"
	if ! private_apt "${_dir##*/}" /dev/null apt-get -o APT::Update::Error-Mode=any update >"$_dir/update.log" 2>&1; then
		tail -n 10 "$_dir/update.log" >&2
		die "the index of '$*' cannot be read from $_mirror" \
			"check the network; once everything is in $BULKHEAD_CACHE no network is needed"
	fi
}

# private_apt NAME STATUS TOOL ARGUMENT...: runs apt-get or apt-cache in directory NAME.
# STATUS is the dpkg status file it believes: /var/lib/dpkg/status or /dev/null for none.
private_apt() {
	_papt=$BULKHEAD_CACHE/apt/$1
	_status=$2
	_tool=$3
	shift 3
	[ "$_status" != /dev/null ] || _status=$_papt/empty
	(
		cd "$_papt/files" || exit 1
		DEBIAN_FRONTEND=noninteractive LC_ALL=C "$_tool" -q \
			-o Dir::Etc::SourceList="$_papt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
			-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
			-o Dir::State="$_papt/state" -o Dir::State::status="$_status" \
			-o Dir::Cache="$_papt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User=root \
			-o APT::Architecture=amd64 -o APT::Architectures=amd64 -o Acquire::Languages=none -o Acquire::Retries=2 \
			-o Acquire::GzipIndexes=true -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
			-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
			"$@"
	)
}
