#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Making, starting, ending and deleting VMs again and again, each by another end: every page, slot and timer comes back,
# to the page. BULKHEAD_CYCLES (200; fewer on a slow machine) is how often in all.
set -eu
machine_name=cycles
. "$(dirname -- "$0")/lib/machine.sh"

HOST_CPUS=$MACHINE_CPUS
cycles=${BULKHEAD_CYCLES:-$((200 / MACHINE_SHARE))}
[ "$cycles" -le 200 ] || HOST_TIMEOUT=0

# ended NAME: how often it has ended.
ended() { grep -a -c "parent: vm $1 ended: " "$run/host.log" || :; }

# cycle KIND: makes a VM like KIND, starts it, waits for its end and deletes it.
cycle() {
	_ends=$(ended cycled)
	host_type "create cycled $1"
	host_type 'start cycled'
	case $1 in
	hung)
		sleep 0.1
		host_type 'stop cycled'
		;;
	held)
		host_type 'pause cycled'
		host_type 'stop cycled'
		;;
	esac
	_until=$(($(date +%s) + $(seconds 60)))
	while [ "$(ended cycled)" -le "$_ends" ]; do
		if host_has_failed || [ "$(date +%s)" -ge "$_until" ]; then return 1; fi
		sleep 0.05
	done
	host_type 'delete cycled'
}

machine_tree
machine_guest one ends 1 8M false exit-42
machine_guest four ends 4 8M false triple-fault
machine_guest hung ends 4 8M false spin
machine_guest held ends 2 8M false halt
machine_host_json='{"on_all_stopped":"stay","com2":"prompt"}'
machine_boot
claim "the operator's prompt comes" machine_wait console.log 'bulkhead> ' 60
# The first of each sets aside what stays.
{ cycle one && cycle four && cycle hung && cycle held; } || not_ok "each VM ends once"
machine_ask counters '^pages: ' || not_ok "the operator's 'counters' answers"
pages=$machine_answer
n=0
while [ "$n" -lt "$cycles" ]; do
	for kind in one four hung held; do
		if ! cycle $kind; then
			not_ok "cycle $n ($kind) ends"
			machine_logs
			break 2
		fi
		n=$((n + 1))
	done
done
claim "$cycles VMs were made, ended and deleted" [ "$n" -ge "$cycles" ]
claim "the kernel's pages are as after the first: $pages" machine_ask counters "^$pages\$"
machine_check
machine_quiet
machine_power_off
machine_result
