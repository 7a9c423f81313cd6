#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Two hours, or BULKHEAD_SOAK_SECONDS, of two stock Debians that write to two disks and read back what they wrote, on one
# host: rounds of random and ordered, direct and buffered requests of many sizes. Beside them the drivers of the
# integration services go and come back, 100 times (BULKHEAD_SOAK_RELOADS) in all.
# machines: qemu-svm
# images: debian12 debian13
set -eu
machine_name=disk_soak
. "$(dirname -- "$0")/../machine/lib/machine.sh"
. "$(dirname -- "$0")/../machine/lib/debian_guest.sh"

HOST_TIMEOUT=0
HOST_CPUS=$MACHINE_CPUS
HOST_MEMORY=2560
soak=${BULKHEAD_SOAK_SECONDS:-7200}
reloads=${BULKHEAD_SOAK_RELOADS:-100}

# fio_function: a function w of its shell, which writes, reads back and says so if that failed.
fio_function() {
	in_guest "it knows how to write and read back" 30 "w() { fio --name=t --filename=\$1 --rw=\$2 --bs=\$3 --size=\$4 --direct=\$5 --iodepth=\$6 \
		--ioengine=libaio --verify=crc32c --do_verify=1 --verify_fatal=1 >/tmp/fio 2>&1 || { echo \"failed: \$*\"; tail -n 5 /tmp/fio; }; }"
}

ensure_debian debian12 debian13
truncate -s 96M "$run/scratch.img"
for system in debian12 debian13; do
	"$BULKHEAD_ROOT/tools/image/make-volumes" --out "$run/$system.img" "scratch-$system=$run/scratch.img" "root-$system=$(debian_disk "$system")"
	host_disk snapshot "$run/$system.img"
done
machine_tree
machine_debian one debian12 1 512M "$(vm_disk label:scratch-debian12 rw "$(vm_disk label:root-debian12 rw)")"
machine_debian four debian13 4 512M "$(vm_disk label:scratch-debian13 rw "$(vm_disk label:root-debian13 rw)")"
machine_boot
claim "the host finds its disks" machine_wait host.log 'parent: disk nvme2n1' 120
machine_prompt || not_ok "the operator's prompt comes"
host_type 'start one'
host_type 'start four'
for vm in one four; do
	case $vm in one) system=debian12 ;; four) system=debian13 ;; esac
	visit "$vm"
	log_in "$vm" "$system" "$system comes to its login"
	# They hold their driver, and come back with it.
	in_guest "the daemons of the integration services stay away" 60 \
		"systemctl mask --now \$(systemctl list-unit-files --no-legend 'hyperv-daemons*' 'hv-*-daemon*' | cut -d ' ' -f 1)"
	fio_function
done

# round_of VM: one round there, behind its console; what failed goes to /tmp/round when all is done.
round_of() {
	visit "$1"
	in_guest "round $round begins" 60 "rm -f /tmp/round; s=$second; (w \$s randwrite 4k 8M 1 16; w \$s write 128k 32M 1 4; w \$s randrw 16k 16M 1 8; \
		w \$s randwrite 512 1M 1 4; w /root/data write 64k 32M 0 1; w /root/data randwrite 8k 8M 0 1; mv /tmp/new /tmp/round) >/tmp/new 2>&1 & true"
}

# reload VM: its drivers of the integration services go and come back, while it writes.
reload() {
	visit "$1"
	in_guest "its drivers go and come back, number $done" 120 \
		"modprobe -r hv_utils && modprobe hv_utils && for n in \$(seq 50); do [ \"\$(ls /sys/bus/vmbus/drivers/hv_utils | grep -c -)\" -lt 4 ] || break; sleep 0.2; done"
}

round=0 done=0
until=$(($(date +%s) + soak))
while [ "$round" = 0 ] || [ "$done" -lt "$reloads" ] || [ "$(date +%s)" -lt "$until" ]; do
	round=$((round + 1))
	failures=$machine_failures
	for vm in one four; do round_of "$vm"; done
	for n in 1 2 3; do
		for vm in one four; do
			[ "$done" -lt "$reloads" ] || break 2
			done=$((done + 1))
			reload "$vm"
		done
	done
	for vm in one four; do
		visit "$vm"
		in_guest "all of round $round is read back" 600 "while [ ! -f /tmp/round ]; do sleep 1; done; ! grep . /tmp/round"
	done
	[ "$machine_failures" = "$failures" ] || break
done
claim "$round rounds in $soak s, and the drivers came back $done times" [ "$machine_failures" = 0 ]
for vm in one four; do
	visit "$vm"
	in_guest "its kernel has nothing to complain of, nor hangs a task" 30 "! dmesg | grep -v -E '$LINUX_KNOWN' | grep -E '$bad|blocked for more than'"
	down "$vm"
done
machine_check
machine_quiet
machine_power_off
rm -f "$run"/debian1?.img "$run/scratch.img"
machine_result
