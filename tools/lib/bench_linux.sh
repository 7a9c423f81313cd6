#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Row 16 of tools/bench: a stock Linux from its kernel's entry to its first program, in a VM and on the bare emulator, by
# the same kernel, initrd and command line. Needs what bench.sh needs, and that.

BENCH_LINUX_MEMORY=256 # MiB, of both
# Where a kernel sees itself that is not moved about, whoever unpacked it to wherever: the first instruction counts.
BENCH_LINUX_ENTRY=ffffffff81000000
BENCH_LINUX_CMDLINE='console=ttyS0 quiet nokaslr rdinit=/bin/bench-init'

bench_linux_span() { printf 'span=linux-vm/f:%s/o:%s' "$BENCH_LINUX_ENTRY" "$(bench_symbol "$BULKHEAD_BUILD/bench/bench-init" _start)"; }

# bench_linux: prints the row. False: Linux did not get there in the VM or on the bare emulator.
bench_linux() {
	ensure_guests
	guest_initramfs "$BULKHEAD_BUILD/bench/bench-init"
	_bare=$run/$HOST_MACHINE.bare
	rm -f "$_bare"
	bench_linux_vm || return 1
	case $HOST_MACHINE in
	bochs-*) bench_linux_bochs ;;
	*) bench_linux_qemu ;;
	esac
	awk '$1 != "region" || $2 != "linux-vm" { next }
		FILENAME == ARGV[1] { k = $4; p = $6; o = $8; next }
		{ bare = $4 + $6 + $8 }
		END { if (o && bare) printf "linux %.1f %d %d 0.00 0\n", 100 * (k + p + o) / bare, k, p; exit !(o && bare) }' \
		"$bench_out" "$_bare"
}

# A host of its own: no other VM is there.
bench_linux_vm() {
	bench_tree
	machine_linux linux 1 "${BENCH_LINUX_MEMORY}M" debian12 "$BENCH_LINUX_CMDLINE" false
	_ended=''
	if bench_host .linux; then
		host_type 'start linux'
		machine_ended linux 300 && _ended=yes
	fi
	host_type poweroff
	host_wait_end 30 || :
	[ -n "$_ended" ]
}

bench_linux_qemu() {
	timeout -k 3 300 "$QEMU" -nodefaults -machine q35 -accel tcg,thread=single -cpu max,-la57,-x2apic \
		-m "$BENCH_LINUX_MEMORY" -display none -no-reboot -icount shift=0,sleep=off -kernel "$GUEST_DEBIAN12" \
		-initrd "$GUEST_INITRAMFS" -append "$BENCH_LINUX_CMDLINE" -serial "file:$run/bare.log" \
		-plugin "$BULKHEAD_BUILD/bench/probe.so,out=$_bare,$(bench_linux_span)" </dev/null >"$run/bare.out" 2>&1 || :
}

# Bochs loads no kernel: the firmware does, as one file with its initrd and command line.
bench_linux_bochs() {
	ensure_packages "a kernel that firmware starts" systemd-boot-efi
	mkdir -p "$run/bare/EFI/BOOT"
	bench_linux_image "$run/bare/EFI/BOOT/BOOTX64.EFI"
	"$BULKHEAD_ROOT/tools/image/make-disk" --out "$run/bare.img" --tree "$run/bare"
	rm -rf "$run/bare"
	(
		HOST_MEMORY=$BENCH_LINUX_MEMORY HOST_CPUS=1 HOST_TIMEOUT=600 BENCH_PROBE="out=$_bare,$(bench_linux_span)"
		export BENCH_PROBE
		host_start "$run" "$run/bare.img" >/dev/null
		_until=$(($(date +%s) + 600))
		while host_is_running && [ "$(date +%s)" -lt "$_until" ] && ! grep -q '^region linux' "$_bare" 2>/dev/null; do sleep 0.5; done
		host_end
	)
}

# bench_linux_image FILE: systemd's stub, and behind its sections those that it looks for.
bench_linux_image() {
	_stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
	printf '%s' "$BENCH_LINUX_CMDLINE" >"$run/bare.cmdline"
	_at=$(objdump -h "$_stub" | awk 'NF == 7 && $1 ~ /^[0-9]+$/ { print $4, $3 }' | while read -r _first _size; do
		printf '%s\n' $((0x$_first + 0x$_size))
	done | sort -n | tail -n 1)
	set -- "$1" "$_stub"
	for _section in .cmdline="$run/bare.cmdline" .linux="$GUEST_DEBIAN12" .initrd="$GUEST_INITRAMFS"; do
		_at=$(((_at + 0xffff) / 0x10000 * 0x10000))
		set -- "$@" --add-section "$_section" --change-section-vma "${_section%%=*}=$_at"
		_at=$((_at + $(stat -L -c %s "${_section#*=}")))
	done
	_out=$1
	shift
	objcopy "$@" "$_out"
}
