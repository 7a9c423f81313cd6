#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Boots a host in an emulator and talks to it. COM1 (kernel and parent) goes to DIR/host.log, COM2 (the
# consoles of the VMs) to standard output and DIR/console.log, the emulator's own complaints to DIR/qemu.log.
# Needs common.sh, packages.sh, apt.sh, sources.sh and qemu.sh; sets HOST_* defaults that a caller may change
# before host_start.

. "$BULKHEAD_ROOT/tools/lib/bochs.sh"

HOST_MACHINE=${HOST_MACHINE:-qemu-svm}

HOST_MEMORY=${HOST_MEMORY:-2048}   # MiB
HOST_CPUS=${HOST_CPUS:-1}
HOST_ICOUNT=${HOST_ICOUNT:-}       # not empty: count instructions, repeatable to the bit
HOST_TIMEOUT=${HOST_TIMEOUT:-300}  # seconds until QEMU is ended; 0 is never
HOST_CORE=${HOST_CORE:-0}          # which of this machine's processors carries a host of several

# What in host.log ends every wait (grep -E). The loader's errors end in the firmware, which then says so. A test
# of the parent's death sets another pattern.
HOST_FAILURES=${HOST_FAILURES:-'PANIC|kernel: the parent is dead|BdsDxe: failed to|BdsDxe: No bootable|^!!!! X64 Exception'}

# host_check_machine NAME: sets HOST_MACHINE; only machines that can be booted today.
host_check_machine() {
	case $1 in
	qemu-svm | bochs-vmx | bochs-vmx-old | bochs-svm) HOST_MACHINE=$1 ;;
	*) usage_error "machine '$1' is not available; the machines are: qemu-svm bochs-vmx bochs-vmx-old bochs-svm" ;;
	esac
}

# host_find: finds or makes the emulator of HOST_MACHINE; sets HOST_EMULATOR, its name.
host_find() {
	find_ovmf
	case $HOST_MACHINE in
	bochs-*)
		find_bochs
		HOST_EMULATOR="Bochs 3.0 as $(bochs_cpu "$HOST_MACHINE")"
		;;
	*)
		find_qemu
		HOST_EMULATOR=$QEMU_VERSION
		;;
	esac
}

# host_memory_size TEXT: prints a size like 256M or 2G in MiB, or nothing if it is none.
host_memory_size() {
	case $1 in
	*[!0-9KMG]* | '' | [KMG]*) ;;
	*G) printf '%s\n' $((${1%G} * 1024)) ;;
	*M) printf '%s\n' "${1%M}" ;;
	*K) printf '%s\n' $((${1%K} / 1024)) ;;
	*[0-9]) printf '%s\n' $(($1 / 1048576)) ;;
	esac 2>/dev/null
}

# host_core N: prints the number of the Nth processor (from 0, modulo) that this process may run on.
host_core() {
	taskset -cp $$ | sed 's/.*: //' | tr , '\n' | while IFS=- read -r _first _last; do seq "$_first" "${_last:-$_first}"; done |
		awk -v n="$1" '{ core[NR - 1] = $1 } END { print core[n % NR] }'
}

# HOST_DISKS: the host's further disks, a line MODE FILE each, in order. On QEMU the first is nvme1n1. host_disk adds one.
HOST_DISKS=${HOST_DISKS:-}

# host_disk MODE FILE: MODE is rw (writes reach the file) or snapshot (they are forgotten with the run).
host_disk() {
	HOST_DISKS="$HOST_DISKS$1 $2
"
}

# host_disk_file FILE: FILE as a value of QEMU's, where a comma ends an option.
host_disk_file() { printf '%s\n' "$1" | sed 's/,/,,/g'; }

# host_exec DIR DISK CHARDEV: becomes the emulator; CHARDEV is what COM2 is in QEMU.
host_exec() {
	case $HOST_MACHINE in
	bochs-*)
		bochs_prepare "$1" "$2" "$HOST_MACHINE"
		bochs_exec "$1"
		;;
	esac
	# With several processors in one thread QEMU delivers an injected interrupt twice; with a thread each, on several
	# processors, one of them changes another's flags (docs/emulators.md). Counting instructions needs one thread, and
	# aborts with x2APIC.
	_accel='tcg,thread=single' _cpu='max,-la57'
	[ "$HOST_CPUS" = 1 ] || _accel='tcg,thread=multi'
	[ -z "$HOST_ICOUNT" ] || _accel='tcg,thread=single' _cpu='max,-la57,-x2apic'
	_dir=$1
	_disk=$2
	_com2=$3
	set -- -nodefaults -name bulkhead -machine q35 -accel "$_accel" -cpu "$_cpu" \
		-smp "$HOST_CPUS" -m "$HOST_MEMORY" -display none -no-reboot -boot menu=off \
		-drive "if=pflash,format=raw,unit=0,readonly=on,file=$OVMF_CODE" \
		-drive "if=pflash,format=raw,unit=1,file=$_dir/vars.fd" \
		-drive "if=none,id=esp,format=raw,snapshot=on,file=$_disk" \
		-device nvme,addr=4,serial=bulkhead,drive=esp,bootindex=0 \
		-S -chardev "file,id=monitor,path=$_dir/monitor.log,input-path=$_dir/monitor.in" -mon chardev=monitor \
		-chardev "file,id=com1,path=$_dir/host.log" -serial chardev:com1 \
		-chardev "$_com2,id=com2,logfile=$_dir/console.log" -serial chardev:com2
	if [ -n "$HOST_ICOUNT" ]; then
		_sleep=off
		[ "$HOST_ICOUNT" != idle ] || _sleep=on # idle time passes as outside
		set -- "$@" -icount "shift=0,sleep=$_sleep" -seed 1 -rtc base=2026-01-01T00:00:00,clock=vm
	fi
	_n=0
	while read -r _mode _file; do
		[ -n "$_mode" ] || continue
		_n=$((_n + 1))
		_snapshot=off
		[ "$_mode" = rw ] || _snapshot=on
		set -- "$@" -drive "if=none,id=disk$_n,format=raw,snapshot=$_snapshot,file=$(host_disk_file "$_file")" \
			-device "nvme,addr=$(printf '%x' $((7 + _n))),serial=disk$_n,drive=disk$_n"
	done <<-END
		$HOST_DISKS
	END
	# shellcheck disable=SC2086 # a list of words, for experiments
	set -- "$QEMU" "$@" ${HOST_QEMU_OPTIONS:-}
	[ "$HOST_CPUS" = 1 ] || set -- taskset -c "$(host_core "${HOST_CORE:-0}")" "$@"
	[ "$HOST_TIMEOUT" = 0 ] || set -- timeout -k 3 "$HOST_TIMEOUT" "$@"
	exec "$@"
}

# host_skip_tpm: monitor commands that start the machine. The firmware waits 1.5 s for a TPM unless address
# 0xfed40000 reads 0xff; nothing answers 0 in QEMU, unlike in hardware. So until the firmware assigns addresses
# itself, the NVMe controller (0:4.0) is decoded there: its first byte is 0xff. Halves the boot, and counting
# instructions makes it six times as fast.
host_skip_tpm() {
	printf 'o/w 0xcf8 0x80002010\no/w 0xcfc 0xfed40000\no/w 0xcf8 0x80002004\no/h 0xcfc 2\ncont\n'
}

# host_prepare DIR: what a run writes to.
host_prepare() {
	mkdir -p "$1"
	rm -f "$1/vars.fd"
	cp "$OVMF_VARS" "$1/vars.fd"
	chmod u+w "$1/vars.fd"
	host_skip_tpm >"$1/monitor.in"
	: >"$1/host.log"
	: >"$1/console.log"
	: >"$1/qemu.log"
}

# host_start DIR DISK: boots it in the background; sets host_dir and host_pid. Uses descriptor 3.
host_start() {
	host_dir=$1
	host_prepare "$1"
	rm -f "$1/console.in"
	mkfifo "$1/console.in"
	exec 3<>"$1/console.in"
	host_exec "$1" "$2" stdio,signal=off <"$1/console.in" 2>"$1/qemu.log" 3>&- &
	host_pid=$!
}

# host_type TEXT: types a line at COM2.
host_type() { printf '%s\n' "$1" >&3; }

host_is_running() { kill -0 "$host_pid" 2>/dev/null; }

host_has_failed() { grep -a -q -E "$HOST_FAILURES" "$host_dir/host.log"; }

# host_wait_for LOG PATTERN SECONDS: true once a line of host.log or console.log matches (grep -E);
# false when time is up, the host failed, or QEMU ended without it.
host_wait_for() {
	_until=$(($(date +%s) + $3))
	while ! grep -a -q -E "$2" "$host_dir/$1"; do
		if host_has_failed; then sleep 1; fi # its last words
		if ! host_is_running || host_has_failed || [ "$(date +%s)" -ge "$_until" ]; then
			grep -a -q -E "$2" "$host_dir/$1" # what came in the meantime still counts
			return
		fi
		sleep 0.1
	done
}

# host_wait_end SECONDS: true once QEMU has ended by itself; sets host_status. False when time is up.
# A host that failed gets a second or two for its last words and is then ended.
host_wait_end() {
	_until=$(($(date +%s) + $1))
	_failed=''
	while host_is_running; do
		_now=$(date +%s)
		if [ -z "$_failed" ] && host_has_failed; then
			_failed=yes
			_until=$((_now + 2))
		fi
		if [ "$_now" -ge "$_until" ]; then
			host_end
			return 1
		fi
		sleep 0.1
	done
	host_status=0
	wait "$host_pid" || host_status=$?
	host_pid=''
}

# host_end: ends QEMU if it still runs.
host_end() {
	[ -n "${host_pid:-}" ] || return 0
	kill "$host_pid" 2>/dev/null || :
	wait "$host_pid" 2>/dev/null || :
	host_pid=''
}

# host_reason NAME: prints why VM NAME ended, as the parent reported it, or nothing.
host_reason() {
	tr -d '\r' <"$host_dir/host.log" | sed -n "s/.*parent: vm $1 ended: //p" | head -n 1
}

# console_filter: the firmware writes to COM2 too, before the parent owns it: drops its lines (and the
# loader's) up to the first line of a VM, and every carriage return at a line's end.
console_filter() {
	sed -u -e 's/\x1b\[[0-9;=?]*[A-Za-z]//g' -e 's/\r*$//' -e '/^\(BdsDxe: .*\|bulkhead loader: .*\|\)$/d' -e ':rest' -e 'n' \
		-e 's/\r*$//' -e 'b rest'
}

# console_from_first_line: for a terminal: the same start (but the loader's lines count), then every byte as it is.
console_from_first_line() {
	sed -u -e 's/\x1b\[[0-9;=?]*[A-Za-z]//g' -e 's/\r*$//' -e '/^\(BdsDxe: .*\|\)$/d' -e 'q'
	cat
}

# host_last_words: why the host ended: the end of its log and what QEMU complained about.
host_last_words() {
	tail -n 20 "$host_dir/host.log" | sed -e 's/\x1b\[[0-9;=?]*[A-Za-z]//g' -e 's/\r*$//' -e '/^$/d' -e 's/^/host| /' >&2
	sed -e '/terminating on signal/d' -e 's/^/qemu| /' "$host_dir/qemu.log" >&2
}

# host_follow FILE PREFIX: prints the log's lines as they come, until QEMU ends; terminal controls left out.
# Adds to host_followers, which host_follow_end waits for.
host_follow() {
	tail -q -n +1 -s 0.2 -f --pid="$host_pid" "$1" 2>/dev/null |
		sed -u -e 's/\x1b\[[0-9;=?]*[A-Za-z]//g' -e 's/\r*$//' -e '/^BdsDxe: loading/d; /^BdsDxe: starting/d' -e "s/^/$2| /" &
	host_followers="${host_followers:-} $!"
}

host_follow_end() {
	for _pid in ${host_followers:-}; do wait "$_pid" || :; done
	host_followers=''
}
