/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the SDK's files share with each other and not with guests. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "guest/fault.h"
#include "guest/smp.h"

/* Callee-saved registers and stack of a guest_try; layout known to trap_entry.S. */
struct guest_catch {
	uint64_t registers[7];
	struct guest_fault fault;
	struct guest_catch *outer;
};

/* Of each VP, written by that VP only. A VP is found by its stack, so that tests
 * may do to segments and APIC what they like. */
struct guest_vp {
	struct guest_catch *catch; /* innermost, NULL: none */
};
struct guest_vp *guest_vp_self(void);

/* trap_entry.S */
bool guest_catch(struct guest_catch *point, void (*function)(void *), void *argument);
_Noreturn void guest_catch_throw(struct guest_catch *point);
extern const char guest_trap_entries[];
void guest_trap(struct guest_frame *frame);

/* start.S */
void guest_start_c(unsigned index);
extern uint32_t guest_multiboot_info, guest_multiboot_magic;
extern char guest_stacks[];
extern const char guest_trampoline[], guest_trampoline_end[];
extern volatile uint32_t guest_cpu_next_index;

/* Builds the IDT (VP 0), or loads it (the others). */
void guest_trap_build(void);
void guest_trap_load(void);

/* Runs what guest_cpu_start asked of this VP. */
void guest_cpu_run(unsigned index);

/* The guest's own; else the SDK's, which runs the tests. Its value is the exit code. */
int guest_main(void);

/* An exception that nobody awaits: ends the test, or the VP. */
_Noreturn void guest_test_exception(const struct guest_fault *fault);

/* Memory functions that the compiler calls, and the kernel's formatter. */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);
void text_format(char *buffer, size_t size, const char *format, __builtin_va_list args);
