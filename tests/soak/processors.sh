#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# VMs of sixteen processors, and many VMs, on hosts of one, two and four. More emulated processors than the build machine
# has make every wait long: hence here, and not in tests/machine. BULKHEAD_SOAK_CPUS (1 2 4): the hosts.
set -eu
machine_name=processors
. "$(dirname -- "$0")/../machine/lib/machine.sh"
ensure_guests

HOST_TIMEOUT=0
HOST_MEMORY=2048
for HOST_CPUS in ${BULKHEAD_SOAK_CPUS:-1 2 4}; do
	machine_tree
	machine_guest "on$HOST_CPUS-vps16" smp 16
	machine_guest "on$HOST_CPUS-broadcast" broadcast 8
	machine_guest "on$HOST_CPUS-time" time 1
	judged=$machine_vms
	machine_linux "on$HOST_CPUS-linux" 16 512M debian13 'console=ttyS0 bh.run=selftest' false
	machine_boot
	for vm in $judged; do machine_verdict "$vm" 600; done
	claim "the prompt of a host of $HOST_CPUS comes" machine_prompt
	host_type "start on$HOST_CPUS-linux"
	host_type mux
	machine_end_reason "on$HOST_CPUS-linux" 1200 '^power off$' "Linux of sixteen processors on $HOST_CPUS ends by itself"
	machine_console "on$HOST_CPUS-linux" >"$run/linux.out"
	claim "Linux of sixteen processors on $HOST_CPUS passes its selftest" \
		grep -q 'bulkhead-guest: selftest passed' "$run/linux.out"
	claim "it has sixteen" grep -q 'bulkhead-guest: processors 16$' "$run/linux.out"
	machine_prompt || not_ok "the prompt comes again"
	machine_check
	machine_quiet
	machine_power_off
done
machine_result
