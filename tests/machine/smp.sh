#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# VMs of one, two and four processors on hosts of one and two: start, IPIs, shoot-downs, also by hypercall, one
# time.
set -eu
machine_name=smp
. "$(dirname -- "$0")/lib/machine.sh"

for HOST_CPUS in 1 2; do
	machine_tree
	for vps in 1 2 4; do machine_guest "on$HOST_CPUS-vps$vps" smp "$vps"; done
	machine_guest "on$HOST_CPUS-broadcast" broadcast 4
	machine_boot
	for vm in $machine_vms; do machine_verdict "$vm" 120; done
	claim "the prompt of a host of $HOST_CPUS comes" machine_prompt
	machine_check
	machine_quiet
	machine_power_off
done
machine_result
