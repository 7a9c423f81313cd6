/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: single steps, breakpoints and debug registers are the guest's own
 * [SDM 3B 18.3 "Debug Exceptions"]: an instruction that the host carries out
 * ends a single step like any other, and reserved bits are refused.
 */
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/test.h>
#include "vendor.h"

#define STEPS        11u
#define STEP_VMMCALL 3u
#define STEP_VMCALL  10u
#define DR6_BS       0x4000ull
#define DR6_CLEAR    0xffff0ff0ull
#define RFLAGS_TF    0x100ull
#define WAKE_VECTOR  0x41

extern void code_step(unsigned number);
extern void code_step_bad_wrmsr(void);
extern const uint8_t code_step_bad_wrmsr_at[];
extern const uint64_t code_step_after[];

static uint64_t read_dr6(void) {
	uint64_t value;

	__asm__ volatile("mov %%db6, %0" : "=r"(value));
	return value;
}

static void write_dr6(uint64_t value) { __asm__ volatile("mov %0, %%db6" : : "r"(value)); }

static void write_dr7(uint64_t value) { __asm__ volatile("mov %0, %%db7" : : "r"(value)); }

static uint64_t read_dr7(void) {
	uint64_t value;

	__asm__ volatile("mov %%db7, %0" : "=r"(value));
	return value;
}

static struct {
	unsigned count;
	uint64_t rip, dr6;
} traps;

/* Notes the first #DB, and goes on without single steps and breakpoints. */
static void on_debug(struct guest_frame *frame) {
	if (traps.count++ == 0) {
		traps.rip = frame->rip;
		traps.dr6 = read_dr6();
	}
	write_dr7(0);
	frame->rflags &= ~RFLAGS_TF;
}

static void expect_traps(void) {
	traps.count = 0;
	traps.rip = 0;
	write_dr6(DR6_CLEAR);
	guest_set_handler(GUEST_DB, on_debug);
}

static void on_wake(struct guest_frame *frame) {
	(void)frame;
	guest_apic_eoi();
}

GUEST_TEST("a single step ends after each instruction that the host carries out") {
	static const char *const names[STEPS] = {"CPUID",  "RDMSR",           "WRMSR", "VMMCALL", "IN",    "OUT",
	                                         "WBINVD", "synthetic RDMSR", "MMIO",  "HLT",     "VMCALL"};

	guest_apic_enable(false);
	guest_set_handler(WAKE_VECTOR, on_wake);
	for (unsigned i = 0; i < STEPS; i++) {
		if (i == (is_intel() ? STEP_VMMCALL : STEP_VMCALL))
			continue;
		expect_traps();
		guest_interrupts_on();
		guest_apic_timer_start(WAKE_VECTOR, 500000000); /* ends a halt that goes on */
		code_step(i);
		guest_apic_timer_start(WAKE_VECTOR, 0);
		guest_interrupts_off();
		if (traps.count != 1 || traps.rip != code_step_after[i])
			guest_test_fail("%s: %u traps, at 0x%llx, not one at 0x%llx", names[i], traps.count,
			                (unsigned long long)traps.rip, (unsigned long long)code_step_after[i]);
		expect_equal(traps.dr6 & DR6_BS, DR6_BS);
	}
}

static void step_bad_wrmsr(void *argument) {
	(void)argument;
	code_step_bad_wrmsr();
}

GUEST_TEST("an MSR write that faults under a single step raises #GP and not #DB") {
	struct guest_fault fault;

	expect_traps();
	expect(!guest_try(step_bad_wrmsr, NULL, &fault));
	expect_equal(fault.vector, GUEST_GP);
	expect_equal(fault.rip, (uintptr_t)code_step_bad_wrmsr_at);
	expect(traps.rip != (uintptr_t)code_step_bad_wrmsr_at);
}

GUEST_TEST("debug registers keep what was written, across exits and halts") {
	uint64_t dr[4];

	__asm__ volatile("mov %0, %%db0; mov %1, %%db1; mov %2, %%db2; mov %3, %%db3"
	                 :
	                 : "r"(0x1111111111ull), "r"(0x2222222222ull), "r"(0x3333333333ull), "r"(0x4444444444ull));
	for (unsigned i = 0; i < 200; i++) {
		(void)guest_cpuid(0x40000000, 0);
		(void)guest_in8(0x80);
		guest_apic_timer_start(WAKE_VECTOR, 100000);
		guest_wait_for_interrupt();
	}
	__asm__ volatile("mov %%db0, %0; mov %%db1, %1; mov %%db2, %2; mov %%db3, %3"
	                 : "=r"(dr[0]), "=r"(dr[1]), "=r"(dr[2]), "=r"(dr[3]));
	for (unsigned i = 0; i < 4; i++)
		expect_equal(dr[i], 0x1111111111ull * (i + 1));
}

static void set_dr6(void *value) { write_dr6((uintptr_t)value); }

static void set_dr7(void *value) { write_dr7((uintptr_t)value); }

GUEST_TEST("reserved upper halves of DR6 and DR7 raise #GP") {
	struct guest_fault fault;

	expect(!guest_try(set_dr6, (void *)(1ull << 32), &fault));
	expect_equal(fault.vector, GUEST_GP);
	expect(!guest_try(set_dr7, (void *)(1ull << 32), &fault));
	expect_equal(fault.vector, GUEST_GP);
	expect_equal(read_dr7() & 0xff, 0);
}

static void nothing(void *argument) { *(volatile unsigned *)argument += 1; }

GUEST_TEST("an instruction breakpoint fires") {
	unsigned runs = 0;

	expect_traps();
	__asm__ volatile("mov %0, %%db0" : : "r"((uintptr_t)nothing));
	write_dr7(0x2); /* G0: execution */
	expect(guest_try(nothing, &runs, NULL));
	expect_equal(traps.count, 1);
	expect_equal(traps.rip, (uintptr_t)nothing);
	expect_equal(traps.dr6 & 0xf, 1);
	expect_equal(runs, 1);
}
