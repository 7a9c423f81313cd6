#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What a child can do to itself, to the host and to its neighbours: tiny guests, all of them VMs of one host. The
# first lot judges itself (tests/isolation/*); the second ends, floods or hangs, and the parent's word and the
# operator's prompt are judged here.
set -eu
machine_name=isolation
. "$(dirname -- "$0")/lib/machine.sh"

# mib PATTERN: a line of the operator's 'memory', in MiB.
mib() { machine_ask memory "$1" && printf '%s\n' "$machine_answer" | grep -o '[0-9]* MiB' | head -n 1 | cut -d' ' -f1; }
free_and_to_scrub() { echo $(($(mib '^free .*piece') + $(mib '^to scrub .*MiB'))); }

machine_tree
for guest in cpuid msr instructions ports mmio devices overlay time apic; do machine_guest "$guest" "$guest"; done
machine_guest hypercall hypercall 2
machine_guest broadcast broadcast 4
machine_guest canary-a canary 1 8M true alpha
machine_guest canary-b canary 1 8M true beta
judged=$machine_vms
for end in triple-fault no-page-tables bad-cr0 bad-stack bad-idt halt spin reset-msr reset-port power-off exit-42; do
	machine_guest "$end" ends 1 8M false "$end"
done
for flood in cpuid port mmio hypercall ipi timer wrmsr; do machine_guest "flood-$flood" flood 1 8M false "$flood"; done
machine_guest canary-c canary 1 8M false gamma
machine_guest witness time 1 8M false
machine_boot

for guest in $judged; do machine_verdict "$guest" 240; done
claim "the operator's prompt comes at Ctrl-]" machine_prompt
machine_ask counters '^pages: ' || not_ok "the operator's 'counters' answers"
pages=$machine_answer
free=$(free_and_to_scrub)

# start NAME: by the operator.
start() {
	host_type "start $1"
	machine_wait host.log "parent: vm $1 started" 30 || not_ok "VM $1 starts"
}
# stop NAME: it must be the operator's word that ended it.
stop() {
	host_type "stop $1"
	machine_end_reason "$1" 30 '^stopped$' "$2"
}

start triple-fault
machine_end_reason triple-fault 30 '^crash: triple fault of processor 0' "a triple fault ends the VM as a crash that names it"
start no-page-tables
machine_end_reason no-page-tables 30 '^crash: ' "page tables without memory end the VM as a crash"
start bad-cr0
machine_end_reason bad-cr0 30 '^(crash: illegal state of processor 0|debug exit 3)' "paging without protection never runs: the VM ends, or gets #GP"
start bad-stack
machine_end_reason bad-stack 30 '^crash: ' "a stack without memory ends the VM as a crash"
start bad-idt
machine_end_reason bad-idt 30 '^crash: ' "an IDT without memory ends the VM as a crash"
start reset-msr
machine_end_reason reset-msr 30 '^reset$' "the reset MSR ends the VM as a reset"
start reset-port
machine_end_reason reset-port 30 '^reset$' "the reset register ends the VM as a reset"
start power-off
machine_end_reason power-off 30 '^power off$' "S5 ends the VM as a power off"
start exit-42
machine_end_reason exit-42 30 '^debug exit 85$' "the debug exit tells its status"

start halt
start spin
sleep 1
claim "a halt and a loop with interrupts off leave the operator his prompt" machine_ask list '^spin +running' 10
claim "both run on" sh -c "! grep -q -E 'vm (halt|spin) ended' '$run/host.log'"
stop halt "a VM halted with interrupts off is stopped"
stop spin "a VM that spins with interrupts off is stopped"

for flood in cpuid port mmio hypercall ipi timer wrmsr; do start "flood-$flood"; done
sleep 1
claim "seven floods leave the operator his prompt" machine_ask list '^flood-wrmsr +running' 20
start witness
claim "a VM beside seven floods keeps its time" machine_ended witness 200
if [ "$(host_reason witness)" = 'debug exit 1' ]; then
	ok "and it passed all its tests"
else
	not_ok "and it passed all its tests"
	machine_ask 'console witness' 'guest: [0-9]+ passed' || :
	plain "$run/console.log" | grep -a '^FAIL: ' | sed 's/^/# /'
	machine_prompt || :
fi
for flood in cpuid port mmio hypercall ipi timer wrmsr; do stop "flood-$flood" "a flood of ${flood}s is stopped"; done

start canary-c
machine_ended canary-c 60 || :
claim "memory given to a VM after so many others is zero, and stays its own" [ "$(host_reason canary-c)" = 'debug exit 1' ]

# What VMs are made of comes back whole.
for vm in $machine_vms; do machine_ask "delete $vm" 'bulkhead> ' || :; done
claim "every VM is deleted" machine_ask list 'there is no VM'
claim "the kernel's pages are as before: $pages" machine_ask counters "^$pages\$"
# Freed memory is scrubbed before it is free again.
# Memory that was lent is free for the next VM once it is scrubbed; both lines together are all there is.
claim "the parent's memory is as before: $free MiB" [ "$(free_and_to_scrub)" = "$free" ]
machine_check
machine_quiet
machine_power_off
machine_result
