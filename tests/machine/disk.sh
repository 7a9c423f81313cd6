#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Disks over VMBus. Everywhere: a small guest on an image that is copied on write. On QEMU also a whole Debian 12, to
# whose console this logs in, from a partition of an NVMe disk: what it writes is verified, and it goes down when it is
# asked to. More of them, and for longer: tests/soak/systems.sh.
# machines: qemu-svm bochs-vmx bochs-svm
# images: debian12
set -eu
machine_name=disk
. "$(dirname -- "$0")/lib/machine.sh"
. "$(dirname -- "$0")/lib/debian_guest.sh"
ensure_guests

HOST_CPUS=$MACHINE_CPUS
HOST_MEMORY=2048

small_guest() {
	truncate -s 8M "$run/scratch.img"
	machine_module scratch.img "$run/scratch.img"
	machine_disk_guest small 1 256M "$(vm_disk image:scratch.img cow)" disk
	rm -f "$run/scratch.img"
}

judge_small_guest() {
	machine_end_reason small 300 '^power off$' "small: it powers off"
	machine_console small >"$run/small.out"
	claim "small: a storage controller is on VMBus, with its driver" grep -q "bulkhead-guest: vmbus {$STORAGE} hv_storvsc" "$run/small.out"
	claim "small: VMBus has version 5.3" grep -q 'Vmbus version:5\.3' "$run/small.out"
	claim "small: its disk keeps what it was given" grep -q 'bulkhead-guest: the disk keeps what it was given' "$run/small.out"
	claim "small: its kernel has nothing to complain of" grep -q 'bulkhead-guest: selftest passed' "$run/small.out"
}

whole_system() {
	ensure_debian debian12
	truncate -s 96M "$run/scratch.img"
	"$BULKHEAD_ROOT/tools/image/make-volumes" --out "$run/nvme.img" "scratch-nvme=$run/scratch.img" "root-nvme=$(debian_disk debian12)"
	host_disk snapshot "$run/nvme.img"
	machine_debian one debian12 1 512M "$(vm_disk label:scratch-nvme rw "$(vm_disk label:root-nvme rw)")"
}

judge_whole_system() {
	machine_prompt || not_ok "the operator's prompt comes"
	host_type 'start one'
	visit one
	log_in one debian12 "Debian 12 comes to its login from a partition of an NVMe disk"
	judge_system
	in_guest "direct writes in random order are read back" 240 "$(fio_on "$second" '--rw=randwrite --bs=4k --size=4M --direct=1 --ioengine=libaio --iodepth=16')"
	in_guest "buffered writes in order are read back" 240 "$(fio_on /root/data '--rw=write --bs=64k --size=16M --end_fsync=1')"
	down one
}

machine_tree
small_guest
case $HOST_MACHINE in qemu-svm) whole_system ;; esac
machine_boot
judge_small_guest
case $HOST_MACHINE in qemu-svm) judge_whole_system ;; *) machine_prompt || not_ok "the operator's prompt comes" ;; esac
machine_check
machine_quiet
machine_power_off
rm -f "$run/nvme.img" "$run/scratch.img"
machine_result
