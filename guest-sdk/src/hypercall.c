/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Establishing the hypercall page and calling through it
 * [TLFS "Hypercall Interface", "Establishing the Hypercall Interface"]. */
#include "guest/hypercall.h"

#include <hv_abi/cpuid.h>
#include <hv_abi/msr.h>
#include "guest/cpu.h"
#include "guest.h"

#define PAGE              4096u
/* An open-source system of no known vendor [TLFS "Reporting the Guest OS Identity"]. */
#define GUEST_OS_ID       0x8000000000000000ull
#define FEATURE_HYPERCALL 0x20u /* 0x40000003 EAX: AccessHypercallMsrs */

static uint8_t call_page[PAGE] __attribute__((aligned(4096)));
static uint8_t in_page[PAGE] __attribute__((aligned(4096)));
static uint8_t out_page[PAGE] __attribute__((aligned(4096)));

bool guest_has_hyperv(void) {
	if (!(guest_cpuid(1, 0).ecx & 1u << 31))
		return false;
	if (guest_cpuid(HV_CPUID_BASE, 0).eax < HV_CPUID_LIMITS)
		return false;
	return guest_cpuid(HV_CPUID_INTERFACE, 0).eax == HV_CPUID_INTERFACE_ID;
}

bool guest_hypercall_setup(void) {
	if (!guest_has_hyperv() || !(guest_cpuid(HV_CPUID_FEATURES, 0).eax & FEATURE_HYPERCALL))
		return false;
	guest_wrmsr(HV_MSR_GUEST_OS_ID, GUEST_OS_ID);
	guest_wrmsr(HV_MSR_HYPERCALL, (uintptr_t)call_page | HV_PAGE_MSR_ENABLE);
	return (guest_rdmsr(HV_MSR_HYPERCALL) & HV_PAGE_MSR_ENABLE) != 0;
}

uint64_t guest_hypercall(uint64_t control, uint64_t rdx, uint64_t r8) {
	register uint64_t third __asm__("r8") = r8;
	uint64_t result;

	__asm__ volatile("call *%[page]"
	                 : "=a"(result), "+c"(control), "+d"(rdx), "+r"(third)
	                 : [page] "r"((uintptr_t)call_page)
	                 : "memory", "cc", "r9", "r10", "r11");
	return result;
}

uint64_t guest_call(const struct guest_call *call, const void *in, const void *list, unsigned count, void *out) {
	const uint64_t *registers = in;
	size_t list_size = (size_t)count * call->rep_in_size;
	size_t out_size = call->out_size + (size_t)count * call->rep_out_size;
	uint64_t control = call->code | (uint64_t)count << HV_CONTROL_REP_COUNT_SHIFT;
	uint64_t result;

	if (call->form == GUEST_CALL_REGISTER)
		return guest_hypercall(control, registers[0], registers[1]);
	if (call->in_size + list_size > PAGE || out_size > PAGE)
		return HV_STATUS_INVALID_PARAMETER;
	if (call->in_size > 0)
		memcpy(in_page, in, call->in_size);
	if (list_size > 0)
		memcpy(in_page + call->in_size, list, list_size);
	memset(out_page, 0, out_size);
	result = guest_hypercall(control, (uintptr_t)in_page, (uintptr_t)out_page);
	if (out != NULL && out_size > 0)
		memcpy(out, out_page, out_size);
	return result;
}
