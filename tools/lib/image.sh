#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What lies on a host's EFI system partition and under which names: the loader, its configuration,
# kernel, parent, and the modules that the parent gets (host.json, vm/NAME.json and what they name).
# docs/ describes the files; tools/image/make-disk makes the disk. Needs common.sh.

# host_tree DIR: starts a tree with the host itself, from the build.
host_tree() {
	rm -rf "$1"
	mkdir -p "$1/EFI/BOOT" "$1/bulkhead/modules"
	_from_build "kernel/loader/loader.efi" "$1/EFI/BOOT/BOOTX64.EFI"
	_from_build "parent/parent.elf" "$1/bulkhead/parent.elf"
	_from_build "kernel/kernel-svm.elf" "$1/bulkhead/kernel-svm.elf"
	{
		printf '# What the loader starts, and the modules it hands to the parent.\n'
		printf 'log=%s\nkernel-svm=/bulkhead/kernel-svm.elf\n' "${BULKHEAD_LOG:-info}"
		if [ -f "$BULKHEAD_BUILD/kernel/kernel-vmx.elf" ]; then
			cp "$BULKHEAD_BUILD/kernel/kernel-vmx.elf" "$1/bulkhead/kernel-vmx.elf"
			printf 'kernel-vmx=/bulkhead/kernel-vmx.elf\n'
		fi
		printf 'parent=/bulkhead/parent.elf\n'
	} >"$1/bulkhead/loader.conf"
}

_from_build() {
	[ -f "$BULKHEAD_BUILD/$1" ] || die "$BULKHEAD_BUILD/$1 is missing" "run tools/build"
	cp "$BULKHEAD_BUILD/$1" "$2"
}

# host_module DIR NAME FILE: adds FILE as the module that the parent knows as NAME.
host_module() {
	[ -f "$3" ] || die "'$3', wanted as module $2, is no file" "give the path of an existing file"
	[ -r "$3" ] || die "'$3', wanted as module $2, cannot be read" "change its permissions"
	mkdir -p "$(dirname "$1/bulkhead/modules/$2")"
	cp "$3" "$1/bulkhead/modules/$2"
	printf 'module=%s=/bulkhead/modules/%s\n' "$2" "$2" >>"$1/bulkhead/loader.conf"
}

# host_module_text DIR NAME TEXT: the same for a text.
host_module_text() {
	mkdir -p "$(dirname "$1/bulkhead/modules/$2")"
	printf '%s\n' "$3" >"$1/bulkhead/modules/$2"
	printf 'module=%s=/bulkhead/modules/%s\n' "$2" "$2" >>"$1/bulkhead/loader.conf"
}

# json_string TEXT: prints it as a JSON string, quotes included.
json_string() {
	printf '"'
	printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g'
	printf '"'
}

# vm_json NAME CPUS MEMORY KERNEL INITRD CMDLINE [ON_RESET [DISKS]]: prints a VM's description; INITRD may be empty,
# DISKS is a list as vm_disk prints it.
vm_json() {
	printf '{"name":%s,"cpus":%s,"memory":%s,"cpu_level":"host","boot":{"kernel":%s' \
		"$(json_string "$1")" "$2" "$(json_string "$3")" "$(json_string "$4")"
	if [ -n "$5" ]; then printf ',"initrd":%s' "$(json_string "$5")"; fi
	printf ',"cmdline":%s}' "$(json_string "$6")"
	if [ -n "${8:-}" ]; then printf ',"disks":[%s]' "$8"; fi
	printf ',"devices":{"debug_exit":true,"fw_cfg":true},"autostart":true,"on_reset":"%s"}' "${7:-restart}"
}

# vm_disk VOLUME ACCESS [DISKS]: prints DISKS with one disk more: its unit number is its place.
vm_disk() {
	[ -z "${3:-}" ] || printf '%s,' "$3"
	printf '{"volume":%s,"access":"%s"}' "$(json_string "$1")" "$2"
}
