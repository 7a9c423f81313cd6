#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# A power cut while a guest writes and syncs. QEMU's blklogwrites keeps everything that the host's disk was told, in
# order; powercut-check knows from it what any cut would have left, and that every block which the guest was told is
# synced is there, byte for byte, at any moment. The host ends by SIGKILL, in the middle.
# machines: qemu-svm
set -eu
machine_name=disk_power_cut
. "$(dirname -- "$0")/lib/machine.sh"
ensure_guests
guest_initramfs "$BULKHEAD_BUILD/tests/powercut/bh-powercut"

HOST_TIMEOUT=0 # so that the emulator itself, not its guard, is what is killed; tools/test has a limit of its own
SIZE=16777216
ROUNDS=${BULKHEAD_POWER_CUT_SYNCS:-400}

: >"$run/writes.log"
rm -f "$run/volume.img"
truncate -s "$SIZE" "$run/volume.img"
HOST_QEMU_OPTIONS="-blockdev driver=blklogwrites,node-name=cut,log-sector-size=512,file.driver=file,file.filename=$run/volume.img,log.driver=file,log.filename=$run/writes.log
	-device nvme,addr=8,serial=cut,drive=cut"
machine_tree
machine_disk_guest writer 1 256M "$(vm_disk disk:nvme1n1 rw)" powercut
machine_boot

# told: how often the guest said that something is synced, in whole lines.
told() { plain "$run/console.log" | sed '$d' | grep -c 'bulkhead-guest: synced [0-9]' || :; }

claim "the writer finds its disk" machine_wait console.log 'bulkhead-guest: power-cut writer, [0-9]+ slots' 240
_end=$(($(date +%s) + ROUNDS / 2))
while [ "$(told)" -lt $ROUNDS ] && host_is_running && ! host_has_failed && [ "$(date +%s)" -lt "$_end" ]; do sleep 0.5; done
claim "it synced $ROUNDS times" [ "$(told)" -ge $ROUNDS ]
machine_must_live
kill -9 "$host_pid"
wait "$host_pid" 2>/dev/null || :
host_pid=''
synced=$(plain "$run/console.log" | sed '$d' | sed -n 's/.*bulkhead-guest: synced \([0-9]*\)$/\1/p' | tail -n 1)
claim "no block up to number ${synced:-none}, which was synced, would be lost by a power cut at any moment" \
	"$BULKHEAD_BUILD/tests/powercut/powercut-check" "$run/writes.log" "$SIZE" 0 "${synced:-18446744073709551615}"
machine_quiet
rm -f "$run/writes.log" "$run/volume.img"
machine_result
