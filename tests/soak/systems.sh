#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Whole Debian systems side by side: from partitions of NVMe and AHCI disks, on one processor and on four; what they
# write is verified; one starts another kernel, one has a disk taken away, and all go down when they are asked to.
# machines: qemu-svm
# images: debian12 debian13
set -eu
machine_name=systems
. "$(dirname -- "$0")/../machine/lib/machine.sh"
. "$(dirname -- "$0")/../machine/lib/debian_guest.sh"

HOST_TIMEOUT=0
HOST_CPUS=$MACHINE_CPUS
HOST_MEMORY=3072

whole_systems() {
	ensure_debian debian12 debian13
	truncate -s 96M "$run/scratch.img"
	for disk in nvme ahci; do
		"$BULKHEAD_ROOT/tools/image/make-volumes" --out "$run/$disk.img" "scratch-$disk=$run/scratch.img" "root-$disk=$(debian_disk debian12)"
	done
	host_disk snapshot "$run/nvme.img"
	host_disk snapshot "$(debian_disk debian13)"
	HOST_QEMU_OPTIONS="-drive if=none,id=ahci,format=raw,snapshot=on,file=$run/ahci.img -device ich9-ahci,id=ahci,addr=6 -device ide-hd,bus=ahci.0,drive=ahci"
	machine_debian one debian12 1 512M "$(vm_disk label:scratch-nvme rw "$(vm_disk label:root-nvme rw)")"
	machine_debian four debian13 4 512M "$(vm_disk disk:nvme2n1 rw)"
	machine_debian ahci debian12 1 512M "$(vm_disk label:scratch-ahci rw "$(vm_disk label:root-ahci rw)")"
}

judge_whole_systems() {
	ensure_debian debian12 debian13
	# Nothing starts by itself, so nothing else says that the host is up.
	claim "the host finds its disks" machine_wait host.log 'parent: disk nvme2n1' 120
	machine_prompt || not_ok "the operator's prompt comes"
	host_type 'start one'
	host_type 'start four'
	visit one
	log_in one debian12 "Debian 12 comes to its login from a partition of an NVMe disk"
	judge_system
	in_guest "direct writes in random order are read back" 120 "$(fio_on "$second" '--rw=randwrite --bs=4k --size=16M --direct=1 --ioengine=libaio --iodepth=16')"
	in_guest "direct writes in order are read back" 120 "$(fio_on "$second" '--rw=write --bs=128k --size=32M --direct=1 --ioengine=libaio --iodepth=4')"
	in_guest "buffered writes in order are read back" 120 "$(fio_on /root/data '--rw=write --bs=64k --size=32M --end_fsync=1')"
	in_guest "buffered writes in random order are read back" 120 "$(fio_on /root/data '--rw=randwrite --bs=8k --size=16M --fsync=64')"

	host_type "{ $(fio_on "$second" '--rw=randwrite --bs=16k --size=32M --direct=1 --ioengine=libaio --iodepth=8'); echo \$? >/tmp/both; } >/dev/null 2>&1 &"
	visit four
	log_in four debian13 "Debian 13 comes to its login from an NVMe disk"
	judge_system
	in_guest "it has four processors" 30 '[ "$(nproc)" = 4 ]'
	in_guest "writes of four processors are read back, while another VM writes" 180 \
		"fio --name=t --directory=/root --numjobs=4 --verify=crc32c --do_verify=1 --rw=randwrite --bs=16k --size=8M --direct=1 --ioengine=libaio --iodepth=4"
	visit one
	in_guest "so are those of the other VM" 180 'wait; [ "$(cat /tmp/both)" = 0 ]'

	in_guest "hv_utils goes and comes back" 60 \
		"systemctl stop 'hyperv-daemons*' 'hv-*-daemon*'; modprobe -r hv_utils && modprobe hv_utils && ls -d /sys/bus/vmbus/drivers/hv_utils"
	mark
	host_type 'kexec -l /vmlinuz --initrd=/initrd.img --reuse-cmdline && systemctl kexec'
	log_in one debian12 "another kernel, by kexec, comes to its login"
	judge_system
	in_guest "and its disk too keeps what it was given" 120 "$(fio_on "$second" '--rw=randwrite --bs=4k --size=8M --direct=1 --ioengine=libaio --iodepth=16')"
	down four

	machine_prompt || not_ok "the operator's prompt comes for ahci"
	host_type 'start ahci'
	visit ahci
	log_in ahci debian12 "Debian 12 comes to its login from a partition of an AHCI disk"
	judge_system
	in_guest "direct writes in random order are read back" 120 "$(fio_on "$second" '--rw=randwrite --bs=4k --size=16M --direct=1 --ioengine=libaio --iodepth=16')"
	take_disk_away
	down ahci
	down one
}

# take_disk_away: from VM ahci, which is busy with it.
take_disk_away() {
	visit ahci
	host_type "fio --name=t --filename=$second --rw=randwrite --bs=4k --size=64M --time_based --runtime=60 --direct=1 >/dev/null 2>&1 &"
	sleep 3
	machine_prompt || :
	claim "ahci: the operator takes the busy disk away" machine_ask 'detach ahci 1' '^LUN 1 of ahci is (being )?detached' 30
	visit ahci
	in_guest "a disk that is taken away while it is busy is gone" 90 "for n in \$(seq 60); do [ $second != /dev/ ] || break; sleep 1; done; [ $second = /dev/ ]"
	in_guest "and its kernel has nothing to complain of" 30 "! dmesg | grep -v -E '$LINUX_KNOWN' | grep -E '$bad'"
}

machine_tree
whole_systems
machine_boot
judge_whole_systems
machine_check
machine_quiet
machine_power_off
rm -f "$run/nvme.img" "$run/ahci.img" "$run/scratch.img"
machine_result
