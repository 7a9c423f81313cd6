#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# tools/bench io: what a request to a disk costs (rows 10 and 11): a stock kernel in a VM, its disk behind the parent's
# NVMe driver, beside the same kernel and image in plain QEMU on virtio. tests/bench/io is what runs there. Needs what
# bench.sh needs, and that.

BENCH_IO_KERNEL=bench-io # in the cache: Debian 12's, with the drivers of both
BENCH_IO_DRIVERS='hv_vmbus hv_utils hv_storvsc sd_mod virtio_pci virtio_blk'

# bench_io: prints the tables. False: something could not be measured.
bench_io() {
	HOST_MACHINE=qemu-svm
	host_check_machine "$HOST_MACHINE"
	find_qemu
	ensure_guests
	GUEST_DRIVERS=$BENCH_IO_DRIVERS
	locked guests fetch_guest_kernel "$BENCH_IO_KERNEL" "$GUEST_DEBIAN12_SUITE"
	guest_initramfs "$BULKHEAD_BUILD/bench/io" "$BULKHEAD_ROOT/tests/bench/io/bh-io"
	cat "$GUEST_INITRAMFS" "$GUESTS/$BENCH_IO_KERNEL/drivers.gz" >"$run/io.gz"
	truncate -s 64M "$run/io.img"
	_good=yes
	bench_io_host || _good=''
	bench_io_plain || _good=''
	bench_io_table
	rm -f "$run/io.gz" "$run/io.img"
	[ -n "$_good" ]
}

# Idle time passes as it does outside: a host that waits for a disk would else skip to its next timer.
bench_io_host() {
	say "measuring requests of a VM"
	machine_tree
	machine_module io/vmlinuz "$GUESTS/$BENCH_IO_KERNEL/vmlinuz"
	machine_module io/initrd.gz "$run/io.gz"
	host_module_text "$run/tree" vm/io.json "$(vm_json io 1 256M io/vmlinuz io/initrd.gz 'console=ttyS0 quiet bh.run=io' stop "$(vm_disk disk:nvme1n1 rw)")"
	HOST_DISKS=''
	host_disk snapshot "$run/io.img"
	HOST_ICOUNT=idle
	HOST_QEMU_OPTIONS="-plugin $BULKHEAD_BUILD/bench/probe.so,out=$run/io-host.probe"
	machine_boot
	machine_ended io 150 || {
		machine_logs >&2
		warn "the guest did not come to its end; QEMU may have delivered an interrupt to it twice (docs/emulators.md, -icount)"
		host_end
		return 1
	}
	host_type poweroff
	host_wait_end 30 || :
	plain "$run/console.log" | sed -n 's/^io| \(bench: .*\)/\1/p' >"$run/io-host.lines"
	grep -q '^bench: end' "$run/io-host.lines"
}

bench_io_plain() {
	say "measuring the same in plain QEMU"
	timeout -k 3 800 "$QEMU" -nodefaults -machine q35 -accel tcg,thread=single -cpu max,-la57,-x2apic -m 256 -display none \
		-no-reboot -icount shift=0,sleep=on -kernel "$GUESTS/$BENCH_IO_KERNEL/vmlinuz" -initrd "$run/io.gz" \
		-append 'console=ttyS0 quiet bh.run=io' -serial "file:$run/io-plain.log" \
		-drive "if=none,id=disk,format=raw,snapshot=on,file=$(host_disk_file "$run/io.img")" -device virtio-blk-pci,drive=disk \
		-plugin "$BULKHEAD_BUILD/bench/probe.so,out=$run/io-plain.probe" </dev/null >"$run/io-plain.qemu" 2>&1 || :
	plain "$run/io-plain.log" | grep '^bench: ' >"$run/io-plain.lines"
	grep -q '^bench: end' "$run/io-plain.lines"
}

# bench_io_copiers PART ELF: the functions that copy, a line PART FIRST END each.
bench_io_copiers() {
	nm -S "$2" | while read -r _at _size _kind _name; do
		case $_name in
		memcpy | memmove | shared_read | shared_write | disk_copy) printf '%s %s ffffffff%08x\n' "$1" "$_at" $((0x${_at#ffffffff} + 0x$_size)) ;;
		esac
	done
}

# bench_io_figures LINES PROBE CALLS COPIERS: a line per kind of requests: NAME KERNEL PARENT OTHER WORLD CALLS COPYING
# TICKS, each per request: from the difference of N and 2 N, but TICKS. CALLS are the addresses of the parent's
# VMMCALLs, COPYING the instructions in what bench_io_copiers found.
bench_io_figures() {
	awk -v calls=" $3 " '
		FILENAME == ARGV[1] { part[++copiers] = $1; first[copiers] = $2; end[copiers] = $3; next }
		FILENAME == ARGV[2] { if (NF == 5) { said++; name[said] = $2; n[said] = $4; ticks[said] = $5 } next }
		$1 == "region" && $2 == "-" {
			seen++
			k[seen] = $4; p[seen] = $6; o[seen] = $8
			for (i = 9; i < NF; i++) if ($i == "world") w[seen] = $(i + 1)
		}
		$1 == "at" && $2 == "p" && index(calls, " " $3 " ") { c[seen] += $4 }
		$1 == "at" { for (i = 1; i <= copiers; i++) if ($2 == part[i] && $3 >= first[i] && $3 < end[i]) m[seen] += $4 }
		END {
			for (i = 1; i < seen; i += 2) {
				d = n[i + 1] - n[i]
				printf "%s %.1f %.1f %.1f %.3f %.3f %.1f %.0f\n", name[i], (k[i + 1] - k[i]) / d, (p[i + 1] - p[i]) / d,
					(o[i + 1] - o[i]) / d, (w[i + 1] - w[i]) / d, (c[i + 1] - c[i]) / d, (m[i + 1] - m[i]) / d,
					ticks[i + 1] / n[i + 1]
			}
		}' "$4" "$1" "$2"
}

# What a larger request copies more, at eight bytes an instruction, is what can be copied of its data.
bench_io_table() {
	_calls=$(objdump -d --no-show-raw-insn "$BULKHEAD_BUILD/parent/parent.elf" | sed -n 's/^ *\([0-9a-f]*\):\tvmmcall.*/\1/p' | tr '\n' ' ')
	{
		bench_io_copiers k "$BULKHEAD_BUILD/kernel/kernel-svm.elf"
		bench_io_copiers p "$BULKHEAD_BUILD/parent/parent.elf"
	} >"$run/io.copiers"
	bench_io_figures "$run/io-host.lines" "$run/io-host.probe" "$_calls" "$run/io.copiers" >"$run/io-host.figures"
	bench_io_figures "$run/io-plain.lines" "$run/io-plain.probe" '' "$run/io.copiers" >"$run/io-plain.figures"
	printf '\n%s\n' "qemu-svm: requests to a disk; instructions and exits per request, requests per second of emulated time"
	awk '
		BEGIN { printf "%-10s %8s %8s %8s %8s %7s %7s %9s | %8s %9s\n", "requests", "all", "kernel", "parent", "guest", "exits", "child", "per s", "virtio", "per s" }
		FNR == NR { plain[$1] = $4; speed[$1] = $8; next }
		{
			printf "%-10s %8.0f %8.0f %8.0f %8.0f %7.2f %7.2f %9.0f | %8.0f %9.0f\n", $1, $2 + $3 + $4, $2, $3, $4, $5, $5 - $6, 1e9 / $8, plain[$1], speed[$1] ? 1e9 / speed[$1] : 0
			copying[$1] = $7
		}
		END {
			for (how in copying) if (sub(/-64k$/, "", how)) printf "bytes copied per byte delivered, %s: at most %.3f\n", how, 8 * (copying[how "-64k"] - copying[how "-1"]) / 61440
		}' "$run/io-plain.figures" "$run/io-host.figures"
}
