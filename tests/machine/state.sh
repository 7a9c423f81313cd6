#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# VPs whose parent gives them a state that no processor may have: each ends its VM alone, and its parent is told why.
# What the kernel checks is the same everywhere; the rest is refused by Intel's processors and allowed by AMD's. The
# host's parent is the product's with one function before it (tests/isolation/state).
set -eu
machine_name=state
. "$(dirname -- "$0")/lib/machine.sh"

# Name and rule of docs/vp-state-rules.md.
by_rule='cr0-reserved:1 cr0-nw-without-cd:2 cr0-pg-without-pe:3 cr3-high:4 cr3-low:4 cr4-reserved:5 cr4-vmxe:5
	efer-reserved:6 efer-svme:6 cr4-no-pae:7 cs-l-and-d:9 efer-no-lma:10 efer-no-lme:10 dr7-high:12 rip:13
	rflags-fixed:14 rflags-reserved:14 rflags-vm:15 es-base:16 fs-base:16 event-type:21 event-exception-2:22
	event-interrupt-15:22 cr8:26'
by_hardware='cs-data cs-system cs-absent cs-dpl ss-code ss-system ds-execute-only gs-system event-without-if'

machine_tree
cp "$BULKHEAD_BUILD/tests/isolation/state/parent_state.elf" "$run/tree/bulkhead/parent.elf"
for row in $by_rule; do machine_guest "${row%:*}" state 1 8M false "${row%:*}"; done
for row in $by_hardware; do machine_guest "$row" state 1 8M false "hardware-$row"; done
machine_guest witness canary 1 8M false omega
machine_host_json='{"on_all_stopped":"stay","com2":"prompt"}'
machine_boot
claim "the operator's prompt comes" machine_wait console.log 'bulkhead> ' 60

for row in $by_rule; do
	host_type "start ${row%:*}"
	machine_end_reason "${row%:*}" 30 "^crash: illegal state of processor 0: rule ${row#*:}," \
		"${row%:*}: the kernel tells the parent rule ${row#*:}"
done
for row in $by_hardware; do
	host_type "start $row"
	case $HOST_MACHINE in
	*-vmx*)
		machine_end_reason "$row" 30 '^crash: illegal state of processor 0: rule 99,' \
			"$row: the processor refuses, and the parent is told"
		;;
	*)
		machine_ended "$row" 10 || host_type "stop $row"
		machine_end_reason "$row" 10 '^(crash: |debug exit [13]$|stopped$)' "$row: the VM ends by itself, or at the operator's word"
		;;
	esac
	printf '# %s: %s\n' "$row" "$(host_reason "$row")"
done
host_type 'start witness'
machine_end_reason witness 60 '^debug exit 1$' "a VM after all of these runs as ever"
machine_check
machine_quiet
machine_power_off
machine_result
