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

#define N 1024u

BENCH_CODE(yield, "switch", "mov $0x10008, %ecx; xor %edx, %edx; xor %r8d, %r8d", "call *%rsi");

int guest_main(void);
int guest_main(void) {
	guest_interrupts_off();
	if (!guest_hypercall_setup())
		return 1;
	while (command_word()[0] == 'p')
		(void)guest_hypercall(0x10008, 0, 0);
	bench_code(&bench_yield, N, guest_rdmsr(HV_MSR_HYPERCALL) & ~0xfffull);
	bench_report();
	return 0;
}
