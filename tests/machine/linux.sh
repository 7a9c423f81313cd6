#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Unmodified Debian kernels to userspace as children: what their logs must show and must not, a command typed at a
# console, and as many processors as the VM has.
set -eu
machine_name=linux
. "$(dirname -- "$0")/lib/machine.sh"
ensure_guests

HOST_MEMORY=2048
HOST_CPUS=$MACHINE_CPUS
bad='WARNING:|BUG:|Oops|Call Trace|unchecked MSR|rcu.*stall|soft lockup|clocksource.*skew|Unable to read'

# shows NAME PATTERN SENTENCE: the VM's console has such a line.
shows() { claim "$1: $3" grep -q -E "$2" "$run/$1.out"; }

# judge NAME SECONDS PROCESSORS: of a VM that ran the selftest and powered off.
judge() {
	machine_end_reason "$1" "$2" '^power off$' "$1: Linux reached userspace and powered off"
	machine_wait console.log "^$1\| bulkhead-guest: selftest (passed|failed)" 20 || :
	machine_console "$1" >"$run/$1.out"
	shows "$1" 'Hypervisor detected: Microsoft Hyper-V' 'the hypervisor is detected'
	shows "$1" 'x2apic( enabled|: enabled)|Switched APIC routing to.*x2apic|x2apic_phys' 'the APIC is in x2APIC mode'
	shows "$1" 'bulkhead-guest: clocksource hyperv_clocksource_tsc_page' 'the clock source is the Hyper-V page'
	shows "$1" 'bulkhead-guest: clockevent Hyper-V clockevent' 'the clock event is a synthetic timer'
	shows "$1" "bulkhead-guest: processors $3\$" "nproc is $3"
	shows "$1" '^\[    0\.0[0-9]*\] random: crng init done' 'its random generator is seeded by the loader, at once'
	shows "$1" 'Hyper-V: Using IPI hypercalls' 'it sends IPIs by hypercall'
	shows "$1" 'Hyper-V: Using hypercall for remote TLB flush' 'it flushes by hypercall'
	shows "$1" 'bulkhead-guest: selftest passed' "the selftest passed"
	if grep -v -E "$LINUX_KNOWN" "$run/$1.out" | grep -E "$bad" | sed 's/^/# /' | grep .; then
		not_ok "$1: no line of its log complains about the machine"
	else
		ok "$1: no line of its log complains about the machine"
	fi
}

machine_tree
# Without trust in the processor's generator only the loader's seed makes Linux's ready so early.
selftest='console=ttyS0 random.trust_cpu=0 bh.run=selftest'
machine_linux debian12 1 256M debian12 "$selftest"
machine_linux debian13 1 256M debian13 "$selftest"
machine_linux debian12-2 2 256M debian12 "$selftest" false
machine_linux debian13-4 4 256M debian13 "$selftest" false
machine_linux shell 1 256M debian12 'console=ttyS0' false
machine_boot
judge debian12 240 1
judge debian13 240 1

claim "the operator's prompt comes" machine_prompt
host_type 'start debian12-2'
host_type 'start debian13-4'
host_type mux
judge debian12-2 240 2
judge debian13-4 240 4

claim "the operator's prompt comes again" machine_prompt
host_type 'start shell'
host_type 'console shell'
claim "shell: userspace reports at an attached console" machine_wait console.log 'bulkhead-guest: userspace ready' 200
machine_wait console.log '^/ # ' 60 || :
claim "shell: it answers a typed command" machine_ask "echo \$((6*7)) bulkhead" '^42 bulkhead' 60
host_type 'poweroff -f'
machine_end_reason shell 60 '^power off$' "shell: it powers off when told to"
machine_prompt || not_ok "the operator's prompt comes a third time"
machine_check
machine_quiet
machine_power_off
machine_result
