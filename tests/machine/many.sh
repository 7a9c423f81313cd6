#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Many at once: eight Linux VMs on two processors, one Linux of sixteen processors, and one that must keep its clock
# while its neighbors spin in every processor, flood, and are killed while they run. On a slow machine: two Linux VMs,
# and one of four processors.
# machines: qemu-svm bochs-vmx bochs-svm
set -eu
machine_name=many
. "$(dirname -- "$0")/lib/machine.sh"
ensure_guests

HOST_CPUS=$MACHINE_CPUS
linuxes=$(seq $((8 / MACHINE_SHARE)))
width=$((16 / MACHINE_SHARE))
HOST_MEMORY=$((1024 + 2048 / MACHINE_SHARE))
complaint='WARNING:|BUG:|Oops|Call Trace|unchecked MSR|rcu.*stall|soft lockup|clocksource.*skew|Unable to read|went back|jumped'

# judge NAME SECONDS PROCESSORS: of a VM that ran the selftest and powered off.
judge() {
	machine_end_reason "$1" "$2" '^power off$' "$1: Linux reached userspace and powered off"
	host_wait_for console.log "^$1\| bulkhead-guest: selftest (passed|failed)" 20 || :
	machine_console "$1" >"$run/$1.out"
	claim "$1: nproc is $3" grep -q "bulkhead-guest: processors $3\$" "$run/$1.out"
	claim "$1: the selftest passed" grep -q 'bulkhead-guest: selftest passed' "$run/$1.out"
	if grep -v -E "$LINUX_KNOWN" "$run/$1.out" | grep -E "$complaint" | sed 's/^/# /' | grep .; then
		not_ok "$1: no line of its log complains about the machine"
	else
		ok "$1: no line of its log complains about the machine"
	fi
}
start() {
	host_type "start $1"
	machine_wait host.log "parent: vm $1 started" 30 || not_ok "VM $1 starts"
}

# times_told: how often the clock told its time; tells_more COUNT: true once that is twice more.
times_told() { machine_console clock | grep -c '^bulkhead-guest: clock ' || :; }
tells_more() {
	_end=$(($(date +%s) + $(seconds 60)))
	while [ "$(times_told)" -lt $(($1 + 2)) ]; do
		if host_has_failed || [ "$(date +%s)" -ge "$_end" ]; then return 1; fi
		sleep 0.2
	done
}

machine_tree
for n in $linuxes; do machine_linux "linux-$n" 1 128M "debian1$((2 + n % 2))" 'console=ttyS0 bh.run=selftest'; done
machine_linux wide $width 512M debian13 'console=ttyS0 bh.run=selftest' false
machine_linux clock 1 128M debian12 'console=ttyS0 bh.run=clock' false
machine_guest spin ends 4 8M false spin
for flood in cpuid port hypercall ipi timer; do machine_guest "flood-$flood" flood 2 8M false "$flood"; done
machine_boot
for n in $linuxes; do judge "linux-$n" 300 1; done

claim "the operator's prompt comes" machine_prompt
start wide
host_type mux
judge wide 300 $width

claim "the operator's prompt comes again" machine_prompt
start clock
host_type mux
claim "clock: its clock runs" machine_wait console.log '^clock\| bulkhead-guest: clock ' 200
told=$(times_told)
machine_prompt || not_ok "the operator's prompt comes a third time"
for neighbor in spin flood-cpuid flood-port flood-hypercall flood-ipi flood-timer; do start $neighbor; done
sleep 10
claim "six noisy VMs leave the operator his prompt" machine_ask list '^flood-timer +running' 20
for neighbor in spin flood-cpuid flood-port flood-hypercall flood-ipi flood-timer; do
	host_type "stop $neighbor"
	machine_end_reason $neighbor 30 '^stopped$' "$neighbor is killed while it runs"
done
host_type mux
claim "clock: it goes on to tell its time" tells_more "$told"
machine_prompt || not_ok "the operator's prompt comes a fourth time"
machine_console clock >"$run/clock.out"
if grep -v -E "$LINUX_KNOWN" "$run/clock.out" | grep -E "$complaint" | sed 's/^/# /' | grep .; then
	not_ok "clock: it has nothing to complain of"
else
	ok "clock: it has nothing to complain of"
fi
machine_check
machine_quiet
machine_power_off
machine_result
