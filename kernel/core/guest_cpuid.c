/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* CPUID by leaf: the partition's row, then what the VP's state changes. Pure. */
#include "core/guest_cpu.h"

#include <stddef.h>

#include "lib/bits.h"

#define CR4_OSXSAVE     BIT(18)
#define CR4_PKE         BIT(22)

/* What the hypervisor says of itself in leaf 0x40000002: 0.1, build 1. */
#define VERSION_BUILD   1u
#define VERSION_MINOR   1u

/* Of the leaves below 32, those that `complete` changes. */
#define LEAVES_OF_STATE (BIT(1) | BIT(7) | BIT(0xd))

enum hv_status guest_cpuid_check_child(uint64_t privileges, uint64_t hints) {
	if (((uint32_t)hints & ~CPUID_CHILD_HINTS) ||
	    ((hints & HV_HINT_APIC_MSRS) && !(privileges & HV_PRIVILEGE_ACCESS_INTR_CTRL)))
		return HV_STATUS_INVALID_PARAMETER;
	return privileges & ~CPUID_CHILD_PRIVILEGES ? HV_STATUS_ACCESS_DENIED : HV_STATUS_SUCCESS;
}

/* Bytes of the XSAVE area for what XCR0 enables, from the components' rows
 * [SDM 1 13.4 "XSAVE Area"]. */
static uint32_t xsave_size(const struct guest_cpu *cpu, uint64_t xcr0, bool is_compact) {
	uint32_t size = 512 + 64;

	for (unsigned i = 2; i < 63; i++) {
		const struct hv_cpuid_result *r = NULL;
		uint32_t start;

		if (xcr0 & cpu->limits.xcr0_allowed & BIT(i))
			r = cpuid_rows_find(&cpu->rows, 0xd, i);
		if (r == NULL)
			continue;
		start = is_compact ? size : r->ebx;
		if (is_compact && (r->ecx & 2))
			start = (size + 63) & ~63u;
		size = (uint32_t)larger(size, start + r->eax);
	}
	return size;
}

static __attribute__((noinline)) void hypervisor_leaf(const struct guest_cpu *cpu, uint32_t leaf,
                                                      uint32_t out[CPUID_OUTPUTS]) {
	bool has_frequencies = cpu->privileges & HV_PRIVILEGE_ACCESS_FREQUENCY;
	bool has_timers = cpu->privileges & HV_PRIVILEGE_ACCESS_SYNTHETIC_TIMERS;
	bool has_synic = cpu->privileges & HV_PRIVILEGE_ACCESS_SYNIC;
	const uint32_t leaves[HV_CPUID_MAX - HV_CPUID_BASE + 1][CPUID_OUTPUTS] = {
	    {HV_CPUID_MAX, HV_CPUID_VENDOR_EBX, HV_CPUID_VENDOR_ECX, HV_CPUID_VENDOR_EDX},
	    {HV_CPUID_INTERFACE_ID},
	    {VERSION_BUILD, VERSION_MINOR},
	    {(uint32_t)cpu->privileges, (uint32_t)(cpu->privileges >> 32), 0,
	     (has_frequencies ? HV_FEATURE_FREQUENCY_MSRS : 0) | (has_timers ? HV_FEATURE_DIRECT_TIMERS : 0) |
	         (has_synic ? HV_FEATURE_SINT_POLLING : 0)},
	    {(uint32_t)cpu->hints, (uint32_t)(cpu->hints >> 32), cpu->limits.physical_bits},
	    {cpu->vp_count, cpu->vp_count},
	    {0}, /* nothing of the hardware is promised */
	};

	for (unsigned i = 0; leaf <= HV_CPUID_MAX && i < CPUID_OUTPUTS; i++)
		out[i] = leaves[leaf - HV_CPUID_BASE][i];
}

/* What a VP's state changes in the partition's row. */
static __attribute__((noinline)) void complete(const struct guest_cpu *cpu, const struct guest_cpuid_vp *vp,
                                               uint32_t leaf, uint32_t subleaf, uint32_t out[CPUID_OUTPUTS]) {
	bool has_osxsave = (out[CPUID_ECX] & 1u << 26) && (vp->cr4 & CR4_OSXSAVE);
	bool has_ospke = (out[CPUID_ECX] & 1u << 3) && (vp->cr4 & CR4_PKE);

	if (leaf == 1) {
		out[CPUID_EBX] = (out[CPUID_EBX] & 0xffffff) | vp->vp_index << 24;
		bit_assign(&out[CPUID_ECX], 27, has_osxsave);
	} else if (leaf == 7 && subleaf == 0) {
		bit_assign(&out[CPUID_ECX], 4, has_ospke);
	} else if (leaf == 0xd && subleaf == 0) {
		out[CPUID_EBX] = xsave_size(cpu, vp->xcr0, false);
	} else if (leaf == 0xd && subleaf == 1) { /* EBX counts only where XSAVEC is shown */
		out[CPUID_EBX] = out[CPUID_EAX] & 2 ? xsave_size(cpu, vp->xcr0, true) : 0;
	} else if (leaf == 0x8000001e) {
		out[CPUID_EAX] = vp->vp_index;
	}
	if (vp->is_apic_disabled && (leaf == 1 || leaf == 0x80000001))
		bit_assign(&out[CPUID_EDX], 9, false);
}

void guest_cpuid(const struct guest_cpu *cpu, const struct guest_cpuid_vp *vp, uint32_t leaf, uint32_t subleaf,
                 uint32_t out[CPUID_OUTPUTS]) {
	static const struct hv_cpuid_result none;
	const struct hv_cpuid_result *r = cpuid_rows_find(&cpu->rows, leaf, subleaf);
	const struct hv_cpuid_result *row = r != NULL ? r : &none;

	out[CPUID_EAX] = row->eax;
	out[CPUID_EBX] = row->ebx;
	out[CPUID_ECX] = row->ecx;
	out[CPUID_EDX] = row->edx;
	if (guest_cpuid_is_hypervisors(leaf))
		hypervisor_leaf(cpu, leaf, out);
	else if (r != NULL && (leaf >= 32 || (LEAVES_OF_STATE >> leaf & 1)))
		complete(cpu, vp, leaf, subleaf, out);
	/* Topology: each subleaf, also one without levels, says who asks. */
	if ((leaf == 0xb || leaf == 0x1f) && cpuid_rows_find(&cpu->rows, leaf, 0) != NULL) {
		out[CPUID_ECX] = (out[CPUID_ECX] & ~0xffu) | (subleaf & 0xff);
		out[CPUID_EDX] = vp->vp_index;
	}
}
