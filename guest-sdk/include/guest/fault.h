/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Exceptions that a test provokes and survives, and handlers of interrupts. An
 * exception that nobody awaits fails the test that runs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum guest_vector {
	GUEST_DE = 0,
	GUEST_DB = 1,
	GUEST_NMI = 2,
	GUEST_BP = 3,
	GUEST_UD = 6,
	GUEST_NM = 7,
	GUEST_DF = 8,
	GUEST_SS = 12,
	GUEST_GP = 13,
	GUEST_PF = 14,
};

struct guest_fault {
	uint64_t vector;
	uint64_t error_code; /* 0 where the exception has none */
	uint64_t rip;
	uint64_t cr2; /* of a page fault */
};

/* What an exception or interrupt has saved, in the order of the stack. */
struct guest_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Runs `function(argument)`. False if it raised an exception: it was left where
 * that happened, and *fault (may be NULL) says what it was. May be nested. */
bool guest_try(void (*function)(void *argument), void *argument, struct guest_fault *fault);

/* False if the access faulted; *value is then unchanged. `fault` may be NULL. */
bool guest_try_rdmsr(uint32_t msr, uint64_t *value, struct guest_fault *fault);
bool guest_try_wrmsr(uint32_t msr, uint64_t value, struct guest_fault *fault);
bool guest_try_read8(const volatile void *address, uint8_t *value, struct guest_fault *fault);
bool guest_try_write8(volatile void *address, uint8_t value, struct guest_fault *fault);

/* The handler of a vector from 32 on, on every VP, called with interrupts off; it
 * ends the interrupt itself (guest_apic_eoi). NULL takes it away. */
void guest_set_handler(uint8_t vector, void (*handler)(struct guest_frame *frame));
