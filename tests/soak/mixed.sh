#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# An hour, or BULKHEAD_SOAK_SECONDS, of all of it on one host of four processors, or BULKHEAD_SOAK_CPUS, each a thread of
# its own: Linux, tests with many VPs, canaries and floods start beside each other in rounds, end by themselves or are
# stopped, and every page comes back after each round.
set -eu
machine_name=mixed
. "$(dirname -- "$0")/../machine/lib/machine.sh"
ensure_guests

HOST_TIMEOUT=0
HOST_CPUS=${BULKHEAD_SOAK_CPUS:-4}
HOST_MEMORY=2048
soak=${BULKHEAD_SOAK_SECONDS:-3600}

# ended NAME: how often it has ended; last_reason NAME: why, the last time.
ended() { grep -a -c "parent: vm $1 ended: .*$CARRIAGE_RETURN" "$run/host.log" || :; }
last_reason() { tr -d '\r' <"$run/host.log" | sed -n "s/.*parent: vm $1 ended: //p" | tail -n 1; }

# ends NAME REASON: it ends the round-th time within ten minutes, and so.
ends() {
	_until=$(($(date +%s) + $(seconds 600)))
	while [ "$(ended "$1")" -lt "$round" ]; do
		if host_has_failed || [ "$(date +%s)" -ge "$_until" ]; then
			not_ok "round $round: $1 ends"
			return 1
		fi
		sleep 0.2
	done
	[ "$(last_reason "$1")" = "$2" ] && return 0
	not_ok "round $round: $1 ends by '$2' (it ended: $(last_reason "$1"))"
	return 1
}

machine_tree
machine_linux linux-1 1 128M debian12 'console=ttyS0 bh.run=selftest' false
machine_linux linux-4 4 256M debian13 'console=ttyS0 bh.run=selftest' false
for n in 4 8; do machine_guest "smp-$n" smp "$n" 8M false; done
machine_guest broadcast broadcast 4 8M false
for n in a b; do machine_guest "canary-$n" canary 1 8M false "$n"; done
floods='cpuid port mmio hypercall ipi timer wrmsr'
for flood in $floods; do machine_guest "flood-$flood" flood 2 8M false "$flood"; done
machine_guest spin ends 4 8M false spin
machine_host_json='{"on_all_stopped":"stay","com2":"prompt"}'
machine_boot
claim "the operator's prompt comes" machine_wait console.log 'bulkhead> ' 60

judged='linux-1 linux-4 smp-4 smp-8 broadcast canary-a canary-b'
noisy="spin $(printf 'flood-%s ' $floods)"
pages=''
round=0
until=$(($(date +%s) + soak))
while [ "$round" = 0 ] || [ "$(date +%s)" -lt "$until" ]; do
	round=$((round + 1))
	for vm in $judged; do host_type "start $vm"; done
	# One neighbor after the other makes noise, a few seconds each.
	for vm in $noisy; do
		host_type "start $vm"
		sleep 2
		host_type "stop $vm"
	done
	good=yes
	for vm in $judged; do
		case $vm in
		linux-*) ends "$vm" 'power off' || good='' ;;
		*) ends "$vm" 'debug exit 1' || good='' ;;
		esac
	done
	for vm in $noisy; do ends "$vm" stopped || good=''; done
	[ -n "$good" ] || break
	machine_ask counters '^pages: ' || not_ok "round $round: the operator's 'counters' answers"
	if [ -n "$pages" ] && [ "$pages" != "$machine_answer" ]; then
		not_ok "round $round: the kernel's pages are as after the first: $pages ($machine_answer)"
		break
	fi
	pages=$machine_answer
done
claim "$round rounds in $soak s, every page back after each" [ -n "$good" ]
machine_check
machine_quiet
machine_power_off
machine_result
