#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Disks over VMBus. Everywhere: a small guest on an image that is copied on write; the image is taken away while it is
# busy, another one comes, the controller goes and comes back. On QEMU also a whole Debian 12, to whose console this logs
# in, from a partition of an NVMe disk: what it writes is verified, a disk is taken away under it, the host knows what it
# says of itself, and it goes down when it is asked to. More of them, and for longer: tests/soak/systems.sh.
# machines: qemu-svm bochs-vmx bochs-svm
# images: debian12
set -eu
machine_name=disk
. "$(dirname -- "$0")/lib/machine.sh"
. "$(dirname -- "$0")/lib/debian_guest.sh"
# By its size, as $second.
spare='/dev/$(lsblk -d -n -b -o NAME,SIZE | sed -n "s/ *67108864 *\$//p")'
ensure_guests

HOST_CPUS=$MACHINE_CPUS
HOST_MEMORY=2048

small_guest() {
	truncate -s 8M "$run/scratch.img"
	truncate -s 4M "$run/late.img"
	machine_module scratch.img "$run/scratch.img"
	machine_module late.img "$run/late.img"
	machine_disk_guest small "$MACHINE_CPUS" 256M "$(vm_disk image:scratch.img cow)" plug
	rm -f "$run/scratch.img" "$run/late.img"
}

# operator COMMAND ANSWER SENTENCE: typed at the prompt; then all consoles are there again.
operator() {
	machine_prompt || not_ok "the operator's prompt comes before '$1'"
	claim "$3" machine_ask "$1" "$2" 30
	host_type mux
}

# small_says WORD SECONDS SENTENCE: the guest says where it is, again and again.
small_says() { claim "$3" since "^small\\| bulkhead-guest: plug: $1$CARRIAGE_RETURN?\$" "$(seconds "$2")"; }

change_small_guest() {
	machine_wait console.log '^small\| bulkhead-guest: plug: busy' 300 || machine_must_live
	mark
	[ "$MACHINE_CPUS" = 1 ] ||
		operator 'info small' '^  channel .* disks +open, subchannel 1' "small: its controller has a channel for another processor"
	operator 'detach small 0' '^LUN 0 of small is (being )?detached' "small: the operator takes the busy disk away"
	small_says gone 60 "small: its driver lets go of the busy disk"
	operator 'attach small 0 image:scratch.img rw' 'is an image: it is opened ro or cow' "small: an image is not written"
	operator 'attach small 1 image:late.img cow' '^LUN 1 of small is image:late\.img, cow' "small: another disk is attached"
	small_says 'another disk' 60 "small: its driver finds the other disk"
	operator 'detach small controller' "^LUN 1 of 'small' is image:late\\.img; detach" "small: a controller with a disk stays"
	operator 'detach small 1' '^LUN 1 of small is (being )?detached' "small: the other disk is taken away, too"
	small_says 'no disk' 60 "small: its driver lets go of the other disk"
	operator 'detach small controller' '^the guest of small is told' "small: the controller is taken away"
	small_says 'no controller' 60 "small: its driver lets go of the controller"
	operator 'attach small 0 image:late.img cow' '^LUN 0 of small is image:late\.img, cow' "small: a disk is attached without a controller"
}

judge_small_guest() {
	change_small_guest
	machine_end_reason small 300 '^power off$' "small: it powers off"
	machine_console small >"$run/small.out"
	claim "small: a storage controller is on VMBus, with its driver" grep -q "bulkhead-guest: vmbus {$STORAGE} hv_storvsc" "$run/small.out"
	claim "small: VMBus has version 5.3" grep -q 'Vmbus version:5\.3' "$run/small.out"
	claim "small: its disk keeps what it was given" grep -q 'bulkhead-guest: the disk keeps what it was given' "$run/small.out"
	claim "small: the other disk keeps what it was given" grep -q 'bulkhead-guest: another disk keeps' "$run/small.out"
	claim "small: its kernel has nothing to complain of" grep -q 'bulkhead-guest: selftest passed' "$run/small.out"
}

whole_system() {
	ensure_debian debian12
	truncate -s 96M "$run/scratch.img"
	truncate -s 64M "$run/spare.img"
	"$BULKHEAD_ROOT/tools/image/make-volumes" --out "$run/nvme.img" "scratch-nvme=$run/scratch.img" \
		"spare-nvme=$run/spare.img" "root-nvme=$(debian_disk debian12)"
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
	broken='/dev/$(lsblk -d -n -b -o NAME,SIZE | sed -n "s/ *16777216 *\$//p")'
	claim "a SATA disk has a queue" grep -a -q 'ahci0p0: .* 1 queue of 32, interrupts by MSI' "$run/host.log"
	in_guest "what is written there in random order is read back" 120 "$(fio_on "$broken" '--rw=randwrite --bs=4k --size=2M --direct=1 --ioengine=libaio --iodepth=32')"
	in_guest "a block that cannot be read is an error, and its neighbors are not" 60 \
		"! dd if=$broken of=/dev/null bs=4k skip=1251 count=1 iflag=direct && dd if=$broken of=/dev/null bs=4k skip=1252 count=64 iflag=direct"
	in_guest "a block that cannot be written is an error, and its neighbors are not" 60 \
		"! dd if=/dev/zero of=$broken bs=4k seek=1751 count=1 oflag=direct && dd if=/dev/zero of=$broken bs=4k seek=1752 count=64 oflag=direct"
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

# soon COMMAND PATTERN: asks again while what is in flight holds the volume.
soon() {
	for _round in $(seq 10); do
		if machine_ask "$1" "$2" 3; then return 0; fi
	done
	return 1
}

# The disk is busy with direct writes, some of which are with the device when it goes.
change_whole_system() {
	host_type "fio --name=busy --filename=$second --rw=randwrite --bs=4k --iodepth=16 --ioengine=libaio --direct=1 --time_based --runtime=600 >/tmp/busy 2>&1 &"
	in_guest "the second disk is busy" 60 "sleep 2; pgrep fio"
	machine_prompt || not_ok "the operator's prompt comes"
	claim "one: the operator takes the busy disk away" machine_ask 'detach one 1' '^LUN 1 of one is (being )?detached' 30
	claim "one: its volume is free for another writer" soon 'attach one 4 label:scratch-nvme rw' '^LUN 4 of one is label:scratch-nvme, rw'
	claim "one: and that can be taken away again" machine_ask 'detach one 4' '^LUN 4 of one is (being )?detached' 30
	visit one
	in_guest "a disk that is taken away while it is busy is gone" 60 "for n in \$(seq 50); do [ $second != /dev/ ] || break; sleep 1; done; [ $second = /dev/ ]"
	in_guest "who used it ends with an error" 60 "wait; grep -E 'error|err=' /tmp/busy"
	machine_prompt || not_ok "the operator's prompt comes"
	claim "one: another disk is attached" machine_ask 'attach one 1 label:spare-nvme rw' '^LUN 1 of one is label:spare-nvme, rw' 30
	visit one
	in_guest "its driver finds the other disk" 60 "for n in \$(seq 50); do [ $spare = /dev/ ] || break; sleep 1; done; [ $spare != /dev/ ]"
	in_guest "the other disk is read back" 120 "$(fio_on "$spare" '--rw=randwrite --bs=4k --size=2M --direct=1 --ioengine=libaio --iodepth=16')"
	in_guest "its root file system is still written" 60 "dd if=/dev/zero of=/var/tmp/after bs=64k count=16 conv=fsync && mount | grep 'on / .*rw'"
	in_guest "its kernel has nothing to complain of, nor hangs a task" 30 "! dmesg | grep -v -E '$LINUX_KNOWN' | grep -E '$bad|blocked for more than'"
}

# facts: what the guest's own daemon says of it, by key-value exchange, as `info` shows it.
facts() {
	in_guest "the daemon of key-value exchange runs" 60 "for n in \$(seq 50); do pgrep -f hv_kvp_daemon && break; sleep 1; done"
	machine_prompt || not_ok "the operator's prompt comes"
	claim "one: the host knows a name of it" knows 'FullyQualifiedDomainName: [a-z0-9]+'
	claim "one: the host knows its system" knows 'OSName: Debian GNU/Linux'
	claim "one: the host knows its version" knows 'OSMajorVersion: 12'
	claim "one: the host knows its kernel" knows 'OSVersion: 6\.1'
	claim "one: the host knows its processor" knows 'ProcessorArchitecture: x86_64'
	claim "one: the host knows its address" knows 'NetworkAddressIPv4: .*192\.0\.2\.7'
}

# knows LINE: within a round of questions and a bit; one begins every minute.
knows() {
	for _round in $(seq 14); do
		if machine_ask 'info one' "^  $1" 5; then return 0; fi
	done
	return 1
}

judge_whole_system() {
	machine_prompt || not_ok "the operator's prompt comes"
	host_type 'start one'
	visit one
	log_in one debian12 "Debian 12 comes to its login from a partition of an NVMe disk"
	judge_system
	in_guest "it has an address" 30 "ip link add guest0 type dummy && ip addr add 192.0.2.7/24 dev guest0 && ip link set guest0 up"
	in_guest "direct writes in random order are read back" 240 "$(fio_on "$second" '--rw=randwrite --bs=4k --size=4M --direct=1 --ioengine=libaio --iodepth=16')"
	in_guest "buffered writes in order are read back" 240 "$(fio_on /root/data '--rw=write --bs=64k --size=16M --end_fsync=1')"
	judge_bad_disk
	judge_cdrom
	change_whole_system
	facts
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
rm -f "$run/nvme.img" "$run/scratch.img" "$run/spare.img" "$run/bad.img"
machine_result
