/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The raw hypercalls on the machine [TLFS "Hypercall Interface"]: VMMCALL on
 * AMD and Hygon, VMCALL on Intel, chosen by the processor's vendor because one
 * binary runs on both.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include "runtime/hypercall.h"
#include "runtime/insn.h"
#include "runtime/vp_local.h"

/* 0: not asked yet. Every VP finds the same answer, so a race is harmless. */
static enum { VENDOR_UNKNOWN, VENDOR_AMD, VENDOR_INTEL } vendor;

static bool is_intel(void) {
	if (vendor == VENDOR_UNKNOWN) {
		uint32_t out[4];

		insn_cpuid(0, out);
		vendor = out[2] == 0x6c65746e /* "ntel" */ ? VENDOR_INTEL : VENDOR_AMD;
	}
	return vendor == VENDOR_INTEL;
}

static uint64_t call(uint64_t control, uint64_t rdx, uint64_t r8_value) {
	register uint64_t r8 __asm__("r8") = r8_value;
	uint64_t result;

	if (is_intel())
		__asm__ volatile("vmcall"
		                 : "=a"(result), "+c"(control), "+d"(rdx), "+r"(r8)
		                 :
		                 : "r9", "r10", "r11", "memory", "cc");
	else
		__asm__ volatile("vmmcall"
		                 : "=a"(result), "+c"(control), "+d"(rdx), "+r"(r8)
		                 :
		                 : "r9", "r10", "r11", "memory", "cc");
	return result;
}

uint64_t hypercall_memory(uint64_t control, const void *in, size_t in_size, void *out, size_t out_size) {
	struct vp_local *local = vp_local();
	uint64_t result;

	if (in_size > 0)
		memcpy(local->input, in, in_size);
	result = call(control, in_size > 0 ? local->input_gpa : 0, out_size > 0 ? local->output_gpa : 0);
	if (out_size > 0 && out != NULL)
		memcpy(out, local->output, out_size);
	return result;
}

uint64_t hypercall_register(enum hv_call_code code, uint64_t rdx, uint64_t r8) {
	return call(HV_CONTROL_FAST | code, rdx, r8);
}
