#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The life of VMs by the operator's hand: made, held for a minute, let go on, reset, made again under another name, and
# a host that starts again. Meanwhile another VM takes its processor off and on.
# machines: qemu-svm bochs-vmx bochs-svm
set -eu
machine_name=life
. "$(dirname -- "$0")/lib/machine.sh"
ensure_guests

HOST_CPUS=$MACHINE_CPUS
PAUSE=$((60 / MACHINE_SHARE))
complaint='WARNING:|BUG:|Oops|Call Trace|rcu.*stall|soft lockup|clocksource.*skew|went back|jumped'

# clock NAME: the last time that it told, in hundredths of a second; 0 before the first.
clock() {
	_told=$(machine_console "$1" | sed -n 's/^bulkhead-guest: clock //p' | tail -n 1)
	printf '%s\n' "${_told:-0}"
}
# tells NAME TIME SECONDS: true once its clock is past TIME.
tells() {
	_end=$(($(date +%s) + $(seconds "$3")))
	while [ "$(clock "$1")" -le "$2" ]; do
		if host_has_failed || [ "$(date +%s)" -ge "$_end" ]; then return 1; fi
		sleep 0.2
	done
}
# command TEXT: at the prompt, then back to all consoles.
command() {
	machine_prompt || return 1
	host_type "$1"
	host_type mux
}

# started_again NAME: true once it was started a second time.
started_again() {
	_end=$(($(date +%s) + $(seconds 30)))
	while [ "$(grep -a -c "parent: vm $1 started" "$run/host.log")" -lt 2 ]; do
		if host_has_failed || [ "$(date +%s)" -ge "$_end" ]; then return 1; fi
		sleep 0.2
	done
}

machine_tree
machine_linux clock 1 128M debian12 'console=ttyS0 bh.run=clock'
machine_linux offline 2 256M debian13 'console=ttyS0 bh.run=offline'
machine_boot
claim "clock: its clock runs" tells clock 0 200

command 'pause clock'
machine_ask "$KEY_PROMPT" 'bulkhead> ' || :
claim "clock: it is paused" machine_ask list '^clock +paused' 10
host_type mux
sleep 1
held=$(clock clock)
sleep $PAUSE
claim "clock: it stands still for $PAUSE s" [ "$(clock clock)" = "$held" ]
command 'resume clock'
claim "clock: it goes on" tells clock "$held" 30
# The time that it told next, however fast the emulator's is.
told=$(machine_console clock | sed -n 's/^bulkhead-guest: clock //p' | awk -v held="$held" '$1 > held { print $1; exit }')
claim "clock: it finds no gap: $held, then $told" [ "$told" -lt $((held + 1000)) ]
if machine_console clock | grep -v -E "$LINUX_KNOWN" | grep -E "$complaint" | sed 's/^/# /' | grep .; then
	not_ok "clock: it has nothing to complain of"
else
	ok "clock: it has nothing to complain of"
fi

machine_end_reason offline 300 '^power off$' "offline: it powers off"
machine_console offline >"$run/offline.out"
claim "offline: its second processor went off and on 50 times" grep -q 'processor 1 went off and on 50 times' "$run/offline.out"
claim "offline: its kernel has nothing to complain of" grep -q 'bulkhead-guest: selftest passed' "$run/offline.out"

command 'reset clock'
claim "a reset VM ends" machine_ended clock 30
claim "and starts again" started_again clock
machine_prompt || not_ok "the operator's prompt comes"
claim "a VM that is there is not made twice" machine_ask 'create clock' "there is a VM named 'clock' already" 10
claim "a description that is not there is named" machine_ask 'create other nobody' "no module 'vm/nobody.json'" 10
host_type 'create twin clock'
claim "a VM is made like another" machine_ask list '^twin +created +1 cpus' 10
host_type 'start twin'
host_type mux
claim "twin: its clock runs, beside the first" tells twin 0 200
machine_prompt || not_ok "the operator's prompt comes again"
claim "a VM that runs is not deleted" machine_ask 'delete twin' 'cannot be deleted; stop it first' 10
host_type 'stop twin'
machine_ended twin 30 || not_ok "twin: it stops"
host_type 'delete twin'
claim "a stopped one is" machine_ask 'start twin' "there is no VM 'twin'" 10
machine_check
machine_quiet
# Bochs does not come back from the firmware's reset (docs/emulators.md): there nothing is claimed of it.
case $HOST_MACHINE in
qemu-svm)
	host_type restart
	claim "the host is told to start again" machine_wait host.log 'host: restarting' 30
	if host_wait_end 60 && [ "$host_status" = 0 ]; then
		ok "and does what an emulator without reboot does: it ends"
	else
		not_ok "and does what an emulator without reboot does: it ends"
	fi
	;;
*) machine_power_off ;;
esac
machine_result
