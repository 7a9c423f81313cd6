#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Disks whose controllers interrupt by their pins, through the host's I/O APIC: one NVMe, one SATA. A small guest each.
# machines: qemu-svm
set -eu
machine_name=disk_pins
. "$(dirname -- "$0")/lib/machine.sh"
ensure_guests

HOST_CPUS=$MACHINE_CPUS
HOST_MEMORY=1024

# The host looks at its disks twice a second even if no interrupt comes: so this is timed.
one_by_one() {
	cat >"$run/bh-pins" <<-'END'
		#!/bin/sh
		until [ -b /dev/sda ]; do sleep 0.1; done
		read -r begin rest </proc/uptime
		io /dev/sda pins read 1 4096 16
		read -r end rest </proc/uptime
		echo "bulkhead-guest: 112 requests one by one took $((${end%.*} - ${begin%.*})) s"
		exec bh-disk
	END
	guest_initramfs "$BULKHEAD_BUILD/bench/io" "$run/bh-pins"
	rm -f "$run/bh-pins"
}

judge() {
	machine_end_reason "$1" 300 '^power off$' "$1: it powers off"
	machine_console "$1" >"$run/$1.out"
	claim "$1: interrupts come: 112 requests one by one take less than 15 s" grep -q 'bulkhead-guest: 112 requests one by one took \(.\|1[0-4]\) s' "$run/$1.out"
	claim "$1: its disk keeps what it was given" grep -q 'bulkhead-guest: the disk keeps what it was given' "$run/$1.out"
	claim "$1: its kernel has nothing to complain of" grep -q 'bulkhead-guest: selftest passed' "$run/$1.out"
}

machine_tree
machine_host_json='{"on_all_stopped":"stay","com2":"mux","pci_interrupts":"pins"}'
for disk in nvme sata; do truncate -s 8M "$run/$disk.img"; done
host_disk rw "$run/nvme.img"
HOST_QEMU_OPTIONS="-drive if=none,id=sata,format=raw,file=$(host_disk_file "$run/sata.img") -device ich9-ahci,id=ahci,addr=6 -device ide-hd,bus=ahci.0,drive=sata"
one_by_one
machine_disk_guest nvme 1 256M "$(vm_disk disk:nvme1n1 rw)" pins
machine_disk_guest sata 1 256M "$(vm_disk disk:ahci0p0 rw)" pins
machine_boot
judge nvme
judge sata
claim "the NVMe disk's controller interrupts by its pin" grep -a -q 'nvme1n1: .*interrupts by a pin' "$run/host.log"
claim "the SATA disk's controller interrupts by its pin" grep -a -q 'ahci0p0: .*interrupts by a pin' "$run/host.log"
machine_prompt || not_ok "the operator's prompt comes"
machine_check
machine_quiet
machine_power_off
machine_result
