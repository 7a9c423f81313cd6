#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What the machine tests share: one host with several VMs, its operator's prompt, and verdicts. A script says
# 'ok - sentence' or 'not ok - sentence' for every claim and goes on after a bad one. Sourced by a script of
# tests/machine or tests/soak with machine_name set; tools/test has built everything and set the environment, or
# the caller has (BULKHEAD_BUILD).

BULKHEAD_ROOT=${BULKHEAD_ROOT:-$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}
: "${machine_name:?the script sets machine_name}"
for part in common packages apt sources build qemu guests debian image host; do . "$BULKHEAD_ROOT/tools/lib/$part.sh"; done
host_find
run=$BULKHEAD_BUILD/run/$HOST_MACHINE-$machine_name
mkdir -p "$run"

# What differs between the machines, all of it. Bochs is slow and has one thread: hosts there have one processor, but
# for smp.sh, every time limit is longer, and long things are shorter (MACHINE_SHARE); it has no monitor.
# MACHINE_KERNEL and MACHINE_OTHER_KERNEL: the kernel's name for this processor and the one for the other vendor.
case $HOST_MACHINE in
qemu-svm) MACHINE_CPUS=2 MACHINE_PATIENCE=1 MACHINE_SHARE=1 MACHINE_HAS_MONITOR=yes ;;
*) MACHINE_CPUS=1 MACHINE_PATIENCE=2 MACHINE_SHARE=4 MACHINE_HAS_MONITOR='' ;;
esac
case $HOST_MACHINE in
*-svm) MACHINE_KERNEL=kernel-svm MACHINE_OTHER_KERNEL=kernel-vmx ;;
*) MACHINE_KERNEL=kernel-vmx MACHINE_OTHER_KERNEL=kernel-svm ;;
esac

HOST_MEMORY=1024
HOST_TIMEOUT=840 # tools/test ends the script after 900
# What Linux says of processors whose remedy no guest is shown (docs/cpu-levels.md): no complaint about the machine.
LINUX_KNOWN='(RETBleed|Speculative Return Stack Overflow): WARNING:'
CARRIAGE_RETURN=$(printf '\r')
KEY_PROMPT=$(printf '\035') # Ctrl-]

machine_failures=0

ok() { printf 'ok - %s\n' "$1"; }

not_ok() {
	machine_failures=$((machine_failures + 1))
	printf 'not ok - %s\n' "$1"
}

# seconds N: a time limit of this machine, where qemu-svm has N seconds.
seconds() { printf '%s\n' $(($1 * MACHINE_PATIENCE)); }

# machine_wait LOG PATTERN N: host_wait_for, with such a limit.
machine_wait() { host_wait_for "$1" "$2" "$(seconds "$3")"; }

# claim SENTENCE COMMAND...: ok if the command is true.
claim() {
	_sentence=$1
	shift
	if "$@"; then ok "$_sentence"; else not_ok "$_sentence"; fi
}

machine_cleanup() {
	host_end
	rm -rf "$run/tree" "$run"/*.img "$run"/*.fd "$run/console.in" "$run"/monitor.*
}
trap machine_cleanup EXIT
trap 'exit 130' INT TERM

# plain FILE: a log without terminal controls and carriage returns.
plain() { sed -e 's/\x1b\[[0-9;=?]*[A-Za-z]//g' -e 's/\r//g' "$1"; }

# machine_tree: starts what the host's disk holds. machine_host_json is what host.json says.
machine_tree() {
	host_tree "$run/tree"
	machine_host_json='{"on_all_stopped":"stay","com2":"mux"}'
	machine_vms=''
}

# machine_guest NAME GUEST [CPUS [MEMORY [AUTOSTART [CMDLINE]]]]: a VM NAME that runs the tiny guest GUEST.
machine_guest() {
	[ -f "$run/tree/bulkhead/modules/$2.elf" ] || host_module "$run/tree" "$2.elf" "$BULKHEAD_BUILD/guests/$2.elf"
	machine_vms="$machine_vms $1"
	host_module_text "$run/tree" "vm/$1.json" \
		"$(vm_json "$1" "${3:-1}" "${4:-8M}" "$2.elf" '' "${6:-}" stop | sed "s/\"autostart\":true/\"autostart\":${5:-true}/")"
}

# machine_linux NAME CPUS MEMORY KERNEL CMDLINE [AUTOSTART [drivers]]: a VM NAME that runs the Linux kernel KERNEL
# (debian12 or debian13), without or with the drivers of VMBus.
machine_linux() {
	_initrd=initramfs.gz
	if [ -n "${7:-}" ]; then
		_initrd=$4-drivers.gz
		cat "$GUEST_INITRAMFS" "$GUESTS/$4/drivers.gz" >"$run/drivers.gz"
		[ -f "$run/tree/bulkhead/modules/$_initrd" ] || host_module "$run/tree" "$_initrd" "$run/drivers.gz"
		rm -f "$run/drivers.gz"
	fi
	if [ ! -f "$run/tree/bulkhead/modules/$4" ]; then
		case $4 in
		debian12) host_module "$run/tree" debian12 "$GUEST_DEBIAN12" ;;
		debian13) host_module "$run/tree" debian13 "$GUEST_DEBIAN13" ;;
		esac
	fi
	[ -n "${7:-}" ] || [ -f "$run/tree/bulkhead/modules/initramfs.gz" ] ||
		host_module "$run/tree" initramfs.gz "$GUEST_INITRAMFS"
	machine_vms="$machine_vms $1"
	host_module_text "$run/tree" "vm/$1.json" \
		"$(vm_json "$1" "$2" "$3" "$4" "$_initrd" "$5" | sed "s/\"autostart\":true/\"autostart\":${6:-true}/")"
}

# machine_module NAME FILE: a module, once.
machine_module() { [ -f "$run/tree/bulkhead/modules/$1" ] || host_module "$run/tree" "$1" "$2"; }

# machine_debian VM NAME CPUS MEMORY DISKS: a whole Debian (debian12 or debian13), whose root file system is on one of DISKS
# (vm_disk). Does not start by itself.
machine_debian() {
	machine_module "$2/vmlinuz" "$(debian_kernel "$2")"
	machine_module "$2/initrd.img" "$(debian_initrd "$2")"
	machine_vms="$machine_vms $1"
	host_module_text "$run/tree" "vm/$1.json" "$(vm_json "$1" "$3" "$4" "$2/vmlinuz" "$2/initrd.img" \
		"$(debian_cmdline "$2")" restart "$5" | sed 's/"autostart":true/"autostart":false/')"
}

# machine_disk_guest NAME CPUS MEMORY DISKS RUN: a VM with Debian 12's kernel, its drivers of VMBus and a busybox, that
# runs /bin/bh-RUN with DISKS. guest_initramfs may have put more into /bin.
machine_disk_guest() {
	cat "$GUEST_INITRAMFS" "$GUESTS/debian12/drivers.gz" >"$run/small.gz"
	machine_module small/vmlinuz "$GUEST_DEBIAN12"
	machine_module small/initrd.gz "$run/small.gz"
	rm -f "$run/small.gz"
	machine_vms="$machine_vms $1"
	host_module_text "$run/tree" "vm/$1.json" "$(vm_json "$1" "$2" "$3" small/vmlinuz small/initrd.gz \
		"console=ttyS0 bh.run=$5" stop "$4")"
}

# machine_boot: makes the disk and starts the host.
machine_boot() {
	host_module_text "$run/tree" host.json "$machine_host_json"
	"$BULKHEAD_ROOT/tools/image/make-disk" --out "$run/disk.img" --tree "$run/tree"
	host_start "$run" "$run/disk.img" >/dev/null
}

# machine_without QEMU-FEATURE BOCHS-FEATURES: the next host's processor lacks them.
machine_without() {
	HOST_QEMU_OPTIONS="-cpu max,-la57,-$1"
	HOST_BOCHS_CPU="model=$(bochs_cpu "$HOST_MACHINE"), exclude_features=\"${2:-}\""
}

# machine_logs: for the reader of a failure: the ends of both logs.
machine_logs() {
	plain "$run/host.log" | sed '/^$/d' | tail -n "${1:-15}" | sed 's/^/# host| /'
	plain "$run/console.log" | sed '/^$/d' | tail -n "${1:-15}" | sed 's/^/# com2| /'
	sed -e '/terminating on signal/d' -e 's/^/# qemu| /' "$run/qemu.log"
}

# machine_must_live: ends the script where the host failed or its emulator ended: every further claim would wait for
# nothing.
machine_must_live() {
	if host_is_running && ! host_has_failed; then return 0; fi
	sleep 1 # its last words
	machine_logs 25
	not_ok "$machine_name: the host lives"
	exit 1
}

# machine_monitor COMMAND: a command for QEMU's monitor; goes on like what was typed there before.
machine_monitor() { printf '%s\n' "$1" >>"$run/monitor.in"; }

# machine_ask COMMAND PATTERN [SECONDS]: types a command at the operator's prompt and waits for a line that
# matches (grep -E) after it; machine_answer is that line. False when none came.
machine_ask() {
	_from=$(($(wc -c <"$run/console.log") + 1))
	host_type "$1"
	_until=$(($(date +%s) + $(seconds "${3:-30}")))
	while :; do
		# A last line that is on its way does not count yet; a prompt is whole without its end.
		machine_answer=$(tail -c "+$_from" "$run/console.log" | sed '$!b; /> $/b; /\r$/!d' | tr -d '\r' |
			grep -a -E "$2" | tail -n 1)
		[ -z "$machine_answer" ] || return 0
		if ! host_is_running || [ "$(date +%s)" -ge "$_until" ]; then return 1; fi
		sleep 0.1
	done
}

# machine_prompt: leaves the consoles for the operator's prompt.
machine_prompt() { machine_ask "$KEY_PROMPT" 'bulkhead> '; }

# machine_ended NAME SECONDS: true once the parent reported the VM's end, to the end of the line: serial ports are slow.
machine_ended() { machine_wait host.log "parent: vm $1 ended: .*$CARRIAGE_RETURN" "$2"; }

# machine_console NAME: what VM NAME wrote, from the combined console.
machine_console() { plain "$run/console.log" | sed -n "s/^$1| //p"; }

# machine_verdict NAME SECONDS: waits for a tiny guest's end and passes its verdicts on. A guest that ended without
# its last line, or not by its debug exit, is one failure more.
machine_verdict() {
	machine_ended "$1" "$2" || :
	# The last line may still be on its way through the port.
	machine_wait console.log "^$1\| guest: [0-9]+ passed" 10 || :
	machine_console "$1" >"$run/$1.out"
	sed -n -e "s/^PASS: /ok - $1: /p" -e "s/^FAIL: /not ok - $1: /p" "$run/$1.out"
	_failed=$(grep -c '^FAIL: ' "$run/$1.out" || :)
	machine_failures=$((machine_failures + _failed))
	_passed=$(grep -c '^PASS: ' "$run/$1.out" || :)
	_reason=$(host_reason "$1")
	if ! grep -q "^guest: $_passed passed, $_failed failed" "$run/$1.out"; then
		not_ok "$1: the guest reported its $((_passed + _failed)) verdicts and its sum (it ended: ${_reason:-not at all})"
		machine_must_live
		tail -n 5 "$run/$1.out" | sed "s/^/# $1| /"
		machine_logs
	elif [ "$_failed" = 0 ]; then
		claim "$1: the guest ended by its debug exit" [ "$_reason" = 'debug exit 1' ]
	fi
}

# machine_end_reason NAME SECONDS PATTERN SENTENCE: ok if the VM ended within that time for a reason that matches.
machine_end_reason() {
	machine_ended "$1" "$2" || :
	if host_reason "$1" | grep -q -E "$3"; then
		ok "$4"
	else
		_reason=$(host_reason "$1")
		not_ok "$4 (it ended: ${_reason:-not at all})"
		machine_must_live
		machine_logs 5
	fi
}

# machine_check: the kernel's invariants, by the operator's prompt.
machine_check() {
	if machine_ask check '[0-9]+ frames checked' 60; then
		case $machine_answer in
		*'no violation'*) ok "$machine_name: the kernel's invariants hold: $machine_answer" ;;
		*) not_ok "$machine_name: the kernel's invariants hold (${machine_answer})" ;;
		esac
	else
		not_ok "$machine_name: the operator's 'check' answered"
		machine_logs
	fi
}

# machine_quiet: no failure of the kernel's own in its log.
machine_quiet() {
	if plain "$run/host.log" | grep -E 'PANIC|kernel: the parent is dead|invariants:|unexpected exit' | sed 's/^/# /' | grep .; then
		not_ok "$machine_name: the kernel's log has no complaint"
	else
		ok "$machine_name: the kernel's log has no complaint"
	fi
}

# machine_power_off: by the operator; the host must end by itself.
machine_power_off() {
	host_type poweroff
	if host_wait_end "$(seconds 60)" && [ "$host_status" = 0 ]; then
		ok "$machine_name: the host powered off"
	else
		not_ok "$machine_name: the host powered off"
		machine_logs
	fi
}

# machine_result: the script's exit status.
machine_result() { [ "$machine_failures" = 0 ]; }
