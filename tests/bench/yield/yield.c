/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Two VMs give each other the processor: each NotifyLongSpinWait is a switch. The
 * one named "partner" does nothing else, for ever.
 */
#include <hv_abi/msr.h>
#include <guest/cpu.h>
#include <guest/hypercall.h>
#include "bench.h"
#include "word.h"

#define N               64u

/* Who has used less of the processor runs on when it yields. So many yields, and what the two
 * have used is equal: from then on each yield is a switch. */
#define YIELDS_TO_EQUAL 40000u

BENCH_CODE(yield, "switch", "mov $0x10008, %ecx; xor %edx, %edx; xor %r8d, %r8d", "call *%rsi");

static void yield_often(uint64_t n) {
	while (n-- > 0)
		(void)guest_hypercall(0x10008, 0, 0);
}

int guest_main(void);
int guest_main(void) {
	guest_interrupts_off();
	if (!guest_hypercall_setup())
		return 1;
	while (command_word()[0] == 'p')
		(void)guest_hypercall(0x10008, 0, 0);
	bench_once("equal", yield_often, YIELDS_TO_EQUAL);
	bench_code(&bench_yield, N, guest_rdmsr(HV_MSR_HYPERCALL) & ~0xfffull);
	bench_report();
	return 0;
}
