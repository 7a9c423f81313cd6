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
	bad_disk
	cdrom
	machine_debian one debian12 1 512M \
		"$(vm_disk disk:ahci0p0 rw "$(vm_disk label:scratch-nvme rw "$(vm_disk label:root-nvme rw)")"),$cdrom"
}

# A SATA disk that cannot read sector 10008 nor write sector 14008.
bad_disk() {
	truncate -s 16M "$run/bad.img"
	_bad="if=none,id=bad,driver=blkdebug,image.driver=raw,image.file.driver=file,image.file.filename=$(host_disk_file "$run/bad.img")"
	for _error in 0,read,10008 1,write,14008; do
		_bad="$_bad,$(printf '%s' "$_error" | sed 's/\(.*\),\(.*\),\(.*\)/inject-error.\1.event=none,inject-error.\1.iotype=\2,inject-error.\1.sector=\3/')"
	done
	HOST_QEMU_OPTIONS="-drive $_bad -device ich9-ahci,id=ahci,addr=6 -device ide-hd,bus=ahci.0,drive=bad"
}

judge_bad_disk() {
	# By its size, as \$second.
	bad='/dev/$(lsblk -d -n -b -o NAME,SIZE | sed -n "s/ *16777216 *\$//p")'
	claim "a SATA disk has a queue" grep -a -q 'ahci0p0: .* 1 queue of 32, interrupts by MSI' "$run/host.log"
	in_guest "what is written there in random order is read back" 120 "$(fio_on "$bad" '--rw=randwrite --bs=4k --size=2M --direct=1 --ioengine=libaio --iodepth=32')"
	in_guest "a block that cannot be read is an error, and its neighbors are not" 60 \
		"! dd if=$bad of=/dev/null bs=4k skip=1251 count=1 iflag=direct && dd if=$bad of=/dev/null bs=4k skip=1252 count=64 iflag=direct"
	in_guest "a block that cannot be written is an error, and its neighbors are not" 60 \
		"! dd if=/dev/zero of=$bad bs=4k seek=1751 count=1 oflag=direct && dd if=/dev/zero of=$bad bs=4k seek=1752 count=64 oflag=direct"
	claim "the host's log tells of the block that cannot be read" grep -a -q 'ahci0p0: a read of 8 blocks at block 10008 failed' "$run/host.log"
	claim "the host's log tells of the block that cannot be written" grep -a -q 'ahci0p0: a write of 8 blocks at block 14008 failed' "$run/host.log"
}

cdrom() {
	ensure_packages "a CD-ROM" genisoimage
	mkdir -p "$run/cd"
	echo 'from a CD-ROM' >"$run/cd/hello"
	genisoimage -quiet -R -V BULKHEAD -o "$run/cd.img" "$run/cd"
	machine_module cd.iso "$run/cd.img"
	rm -rf "$run/cd" "$run/cd.img"
	cdrom='{"volume":"image:cd.iso","access":"ro","cdrom":true}'
}

judge_cdrom() {
	in_guest "a CD-ROM is mounted, read-only, and its file is read" 60 \
		"mount -o ro /dev/sr0 /mnt && grep -q 'from a CD-ROM' /mnt/hello && ! touch /mnt/hello && ! mount -o remount,rw /mnt && umount /mnt"
	in_guest "its drive says what it is" 30 \
		"[ \"\$(cat /sys/block/sr0/queue/logical_block_size)\" = 2048 ] && dmesg | grep -F '[sr0] scsi3-mmc drive'"
}

judge_whole_system() {
	machine_prompt || not_ok "the operator's prompt comes"
	host_type 'start one'
	visit one
	log_in one debian12 "Debian 12 comes to its login from a partition of an NVMe disk"
	judge_system
	in_guest "direct writes in random order are read back" 240 "$(fio_on "$second" '--rw=randwrite --bs=4k --size=4M --direct=1 --ioengine=libaio --iodepth=16')"
	in_guest "buffered writes in order are read back" 240 "$(fio_on /root/data '--rw=write --bs=64k --size=16M --end_fsync=1')"
	judge_bad_disk
	judge_cdrom
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
rm -f "$run/nvme.img" "$run/scratch.img" "$run/bad.img"
machine_result
