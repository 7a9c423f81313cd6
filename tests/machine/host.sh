#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What happens to the host itself: non-maskable interrupts and vectors that nobody asked for (by QEMU's monitor: on
# machines without one nothing is claimed of them), and the parent's death in both ways, which the kernel must survive,
# report and outlive.
set -eu
machine_name=host
. "$(dirname -- "$0")/lib/machine.sh"

HOST_CPUS=$MACHINE_CPUS
NIC_BASE=0xd000 # an unused stretch of I/O ports

# A second monitor that commands can be written to while the host runs, and a network controller that no one
# drives: the monitor programs its message-signalled interrupt by the ports of PCI configuration.
monitor_open() {
	rm -f "$run/mon.in" "$run/mon.out"
	mkfifo "$run/mon.in" "$run/mon.out"
	exec 4<>"$run/mon.in" # a writer that never blocks, whether QEMU lives or not
	HOST_QEMU_OPTIONS="-chardev pipe,id=mon,path=$run/mon -mon chardev=mon -device e1000e,addr=5,romfile="
}
monitor() { printf '%s\n' "$@" >&4; }
# monitor_done: returns once the monitor is through with what was written to it.
monitor_done() {
	_marks=$(grep -a -c '^[0-9][0-9]*\.[0-9][0-9]*\.[0-9]' "$run/mon.log" || :)
	monitor 'info version'
	_until=$(($(date +%s) + 60))
	while [ "$(grep -a -c '^[0-9][0-9]*\.[0-9][0-9]*\.[0-9]' "$run/mon.log" || :)" -le "$_marks" ]; do
		[ "$(date +%s)" -lt "$_until" ] || break
		sleep 0.2
	done
}
monitor_drain() {
	cat "$run/mon.out" >"$run/mon.log" 2>/dev/null 3>&- 4>&- &
	drain_pid=$!
}

# config OFFSET VALUE: a doubleword of the controller's configuration (bus 0, device 5).
config() { monitor "o/w 0xcf8 $((0x80002800 + $1))" "o/w 0xcfc $2"; }
# nic REGISTER VALUE: by its I/O window.
nic() { monitor "o/w $NIC_BASE $1" "o/w $((NIC_BASE + 4)) $2"; }

nic_set_up() {
	config 0x18 $((NIC_BASE + 1))
	config 0x04 0x407 # I/O, memory, bus master, no pin
	config 0xd4 0xfee00000
	config 0xd8 0
	nic 0xd0 0xffffffff # IMS: every cause
}
# raise VECTOR: the controller sends it as an MSI to processor 0.
raise() {
	config 0xdc "$1"
	monitor 'o/w 0xcf8 0x800028d0' 'o/h 0xcfe 1'
	nic 0xc0 0xffffffff # ICR: acknowledge the last
	nic 0xc8 4          # ICS: link status change
}

# number WORD: the number behind WORD in the last answer.
number() { printf '%s\n' "$machine_answer" | sed -n "s/.*$1 \([0-9]*\).*/\1/p"; }

# storms: by the monitor, while a VM runs.
storms() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		monitor nmi nmi nmi nmi nmi nmi nmi nmi nmi nmi
		sleep 0.1
	done
	claim "100 NMIs leave the prompt alive" machine_ask counters '^interrupts: ' 20
	claim "and are counted: $machine_answer" [ "$(number NMI)" -ge 10 ]

	nic_set_up
	vector=32
	while [ "$vector" -le 255 ]; do
		raise "$vector"
		vector=$((vector + 1))
	done
	monitor_done
	claim "every vector from 32 to 255, raised by a device, leaves the prompt alive" machine_ask counters '^interrupts: ' 20
	claim "the unknown ones are counted: $machine_answer" [ "$(number unknown)" -ge 100 ]
	vector=16
	while [ "$vector" -le 31 ]; do
		raise "$vector"
		vector=$((vector + 1))
	done
	monitor_done
	claim "the vectors of exceptions from 16 to 31, raised by a device, do so too" machine_ask counters '^interrupts: ' 20
}

machine_tree
machine_guest busy time 1 8M false
machine_guest victim flood 1 8M false cpuid
[ -z "$MACHINE_HAS_MONITOR" ] || monitor_open
machine_host_json='{"on_all_stopped":"stay","com2":"prompt"}'
machine_boot
[ -z "$MACHINE_HAS_MONITOR" ] || monitor_drain
if ! machine_wait console.log 'bulkhead> ' 60; then
	not_ok "the operator's prompt comes"
	machine_logs
	exit 1
fi
ok "the operator's prompt comes"
machine_check

host_type 'start busy'
machine_wait host.log 'vm busy started' 30 || not_ok "VM busy starts"
[ -z "$MACHINE_HAS_MONITOR" ] || storms
claim "a VM that ran meanwhile kept its time" machine_ended busy 60
if [ "$(host_reason busy)" = 'debug exit 1' ]; then
	ok "and passed all its tests"
else
	not_ok "and passed all its tests (it ended: $(host_reason busy))"
	machine_ask 'console busy' 'guest: [0-9]+ passed' 10 || :
	plain "$run/console.log" | grep -a '^FAIL: ' | sed 's/^/# busy| /'
	machine_prompt || :
fi
machine_check
machine_quiet

# The parent's death by a fault: the kernel says so, holds the children, and goes on.
host_type 'start victim'
machine_wait host.log 'vm victim started' 30 || not_ok "VM victim starts"
HOST_FAILURES='PANIC|^!!!! X64 Exception'
host_type crash
claim "a crash of the parent is reported by the kernel" machine_wait host.log 'kernel: the parent is dead: ' 20
claim "the kernel says what becomes of the children" machine_wait host.log 'kernel: 1 child partitions: their VPs stop' 5
claim "its heartbeat follows" machine_wait host.log 'kernel: alive; the parent has been dead for' 30
claim "and goes on" machine_wait host.log 'kernel: alive; the parent has been dead for (1[5-9]|2[0-9]) s' 30
plain "$run/host.log" | grep -E 'the parent is dead|alive' | sed 's/^/# /'
host_end
[ -z "${drain_pid:-}" ] || kill "$drain_pid" 2>/dev/null || :

# By silence: the watchdog.
HOST_CPUS=1
HOST_QEMU_OPTIONS=''
HOST_FAILURES='PANIC|^!!!! X64 Exception'
machine_tree
machine_host_json='{"on_all_stopped":"stay","com2":"prompt"}'
machine_boot
claim "a second host's prompt comes" machine_wait console.log 'bulkhead> ' 60
host_type 'crash loop'
claim "a parent that does not wait any more is dead after 5 s" \
	machine_wait host.log 'kernel: the parent is dead: an I/O VP has not called VpWait for 5 s' 30
claim "and the heartbeat follows" machine_wait host.log 'kernel: alive; the parent has been dead for' 30
claim "neither host panicked" sh -c "! grep -a -q PANIC '$run/host.log'"
host_end
rm -f "$run/mon.in" "$run/mon.out"
machine_result
