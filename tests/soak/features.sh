#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Optional features of the processor, switched off one by one: a host starts, and Linux as its child reaches userspace
# with its clock source. What is optional: what kernel/arch/x86/processor.c and vmx/vmx_controls.c do not require, the
# rest of what a child's CPU level may show, and (by older and newer models) what SVM and VMX came to have.
set -eu
machine_name=features
. "$(dirname -- "$0")/../machine/lib/machine.sh"
ensure_guests

HOST_TIMEOUT=$(seconds 200)

# judge SENTENCE: boots a host of the processor that is set.
judge() {
	machine_tree
	machine_linux debian12 1 256M debian12 'console=ttyS0 bh.run=selftest'
	machine_host_json='{"on_all_stopped":"poweroff","com2":"mux"}'
	machine_boot
	machine_ended debian12 150 || :
	machine_wait console.log '^debian12\| bulkhead-guest: selftest (passed|failed)' 5 || :
	machine_console debian12 >"$run/debian12.out"
	if [ "$(host_reason debian12)" = 'power off' ] && grep -q 'bulkhead-guest: selftest passed' "$run/debian12.out" &&
		grep -q 'bulkhead-guest: clocksource hyperv_clocksource_tsc_page' "$run/debian12.out"; then
		ok "$1"
	else
		not_ok "$1"
		machine_logs
	fi
	host_end
}

# without QEMU-FEATURE BOCHS-FEATURES: '-' for a machine that cannot switch it off, or never has it.
without() {
	case $HOST_MACHINE in
	qemu-svm) _feature=$1 ;;
	*) _feature=$2 ;;
	esac
	[ "$_feature" != - ] || return 0
	machine_without "$1" "$2"
	judge "without $_feature"
}

# model NAME [BOCHS-FEATURES]: another processor of Bochs, without them.
model() {
	HOST_BOCHS_CPU="model=$1, exclude_features=\"${2:-}\""
	judge "as $1${2:+ without $2}"
}

avx512='avx512 avx512dq avx512bw avx512cd avx512vbmi avx512vbmi2 avx512ifma52 avx512vpopcnt avx512vnni avx512bitalg'
without x2apic x2apic
without - tsc_deadline
without pdpe1gb 1g_pages
without smep smep
without smap smap
without umip umip
without - pcid,invpcid
without - invpcid
without rdtscp rdtscp
without fsgsbase fsgsbase
without rdrand rdrand
without rdseed rdseed
without pku pku
without avx -
without xsaveopt -
without vgif -
without svme-addr-chk -
case $HOST_MACHINE in
qemu-svm)
	HOST_QEMU_OPTIONS='-machine hpet=off'
	judge "without an HPET"
	HOST_QEMU_OPTIONS='-cpu EPYC,+svm,+npt,+x2apic'
	judge "as EPYC"
	;;
bochs-vmx)
	without - "$avx512"
	for cpu in corei7_sandy_bridge_2600k corei7_ivy_bridge_3770k broadwell_ult corei3_cnl \
		corei7_icelake_u; do model "$cpu"; done
	# With shadow stacks Bochs stops when the firmware, with CR0.WP clear, writes to a page that is read-only.
	for cpu in tigerlake sapphire_rapids arrow_lake; do model "$cpu" cet; done
	;;
bochs-svm) for cpu in zambezi trinity_apu; do model "$cpu"; done ;;
esac
machine_result
