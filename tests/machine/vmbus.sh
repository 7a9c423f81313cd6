#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# VMBus as stock drivers of two Linux kernels use it: what they find, their clock by the host's, what the host knows of
# them, and their end when it asks.
# processors: 2
set -eu
machine_name=vmbus
. "$(dirname -- "$0")/lib/machine.sh"
ensure_guests

HOST_MEMORY=2048
HOST_CPUS=$MACHINE_CPUS

# shows NAME PATTERN SENTENCE: the VM's console has such a line.
shows() { claim "$1: $3" grep -q -E "$2" "$run/$1.out"; }

# judge NAME: of a VM that has said all.
judge() {
	machine_wait console.log "^$1\\| bulkhead-guest: waits for its end" 240 || machine_must_live
	machine_console "$1" >"$run/$1.out"
	shows "$1" 'hv_vmbus: Vmbus version:5\.3' 'the driver speaks VMBus 5.3'
	shows "$1" 'bulkhead-guest: devices 4, without a driver 0$' 'all that is offered has its driver'
	for _round in 1 2; do
		shows "$1" "bulkhead-guest: the services came back, round $_round\$" "its drivers go and come back, round $_round"
		shows "$1" "bulkhead-guest: the date is -?[0-2] s off, round $_round\$" "a clock that was wrong is right, round $_round"
	done
	shows "$1" 'bulkhead-guest: selftest passed' 'its kernel has nothing to complain of'
}

# started_again NAME: true once it was started a second time.
started_again() {
	_end=$(($(date +%s) + $(seconds 60)))
	while [ "$(grep -a -c "parent: vm $1 started" "$run/host.log")" -lt 2 ]; do
		if host_has_failed || [ "$(date +%s)" -ge "$_end" ]; then return 1; fi
		sleep 0.2
	done
}

machine_tree
machine_linux debian12 1 256M debian12 'console=ttyS0 bh.run=vmbus' true drivers
machine_linux debian13 2 256M debian13 'console=ttyS0 bh.run=vmbus' true drivers
machine_guest none first
machine_boot
judge debian12
judge debian13

claim "the operator's prompt comes" machine_prompt
claim "the list shows a heart that beats" machine_ask list '^debian12 .*VMBus 5\.3, heartbeat$' 30
claim "each service of debian13 is open" machine_ask 'info debian13' '^  channel 1 +shutdown +open' 30
claim "a guest that is off is not asked" machine_ask 'shutdown none' 'a VM that is stopped cannot be asked' 30
claim "debian12 is asked to reboot" machine_ask 'reboot debian12' 'the guest is asked to reboot' 30
claim "debian12 starts again" started_again debian12
claim "debian13 is asked to shut down" machine_ask 'shutdown debian13' 'the guest is asked to shut down' 30
machine_end_reason debian13 60 '^power off$' "debian13 powers off"
machine_check
machine_quiet
machine_power_off
machine_result
