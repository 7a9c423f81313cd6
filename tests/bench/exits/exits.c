/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* One exit and back: CPUID, hypercalls, MSRs, an IPI, a port, a device's page. */
#include <hv_abi/call_args.h>
#include <hv_abi/hypercall.h>
#include <hv_abi/msr.h>
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/hypercall.h>
#include "bench.h"

#define N           64u
#define IOAPIC_PAGE 0xfec00000u

BENCH_CODE(cpuid, "cpuid", "xor %eax, %eax", "cpuid");
/* NotifyLongSpinWait: its parameter in RDX, or in memory at RDX. */
BENCH_CODE(hypercall, "hypercall", "mov $0x10008, %ecx; xor %edx, %edx; xor %r8d, %r8d", "call *%rsi");
BENCH_CODE(hypercall_memory, "hypercall-memory", "mov $8, %ecx; lea bench_argument, %edx", "call *%rsi");
BENCH_CODE(rdmsr, "rdmsr", "mov $0x40000002, %ecx", "rdmsr");
BENCH_CODE(wrmsr, "wrmsr", "mov $0x808, %ecx; xor %eax, %eax; xor %edx, %edx", "wrmsr");
BENCH_CODE(ipi, "ipi", "mov $0x83f, %ecx; mov $0x41, %eax; xor %edx, %edx", "wrmsr");
BENCH_CODE(out, "out", "xor %eax, %eax", "out %al, $0x80");
BENCH_CODE(mmio, "mmio", "xor %eax, %eax", "mov %eax, (%rsi)");

extern uint64_t bench_argument[8];
uint64_t bench_argument[8] __attribute__((aligned(64)));

static uint64_t hypercall_page(void) { return guest_rdmsr(HV_MSR_HYPERCALL) & ~0xfffull; }

int guest_main(void);
int guest_main(void) {
	guest_interrupts_off();
	if (!guest_hypercall_setup() || !guest_apic_enable(true))
		return 1;
	bench_code(&bench_cpuid, N, 0);
	bench_code(&bench_hypercall, N, hypercall_page());
	bench_code(&bench_hypercall_memory, N, hypercall_page());
	bench_code(&bench_rdmsr, N, 0);
	bench_code(&bench_wrmsr, N, 0);
	bench_code(&bench_out, N, 0);
	bench_code(&bench_mmio, N, IOAPIC_PAGE);
	bench_code(&bench_ipi, N, 0); /* stays pending: the last */
	bench_report();
	return 0;
}
