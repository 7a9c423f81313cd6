/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What happens when the kernel is interrupted. Exceptions are the kernel's own
 * bugs and panic; an NMI touches counters and flags of its own processor only;
 * external vectors are acknowledged here and go to core (core/machine.h). And the
 * tables by which a processor finds its segments, handlers and their stacks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TRAP_VECTOR_COUNT    256u
#define TRAP_EXCEPTION_LAST  31u
#define VECTOR_NMI           2
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_MACHINE_CHECK 18

/* What trap.S pushes; the last five fields are the processor's. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "trap.S pushes 22 words");

#define SELECTOR_CODE     0x08u
#define SELECTOR_DATA     0x10u
#define SELECTOR_TSS      0x18u

/* Entries of the interrupt stack table, also the slots of these stacks (host_pt.h). */
#define IST_NMI           1u
#define IST_MACHINE_CHECK 2u
#define IST_DOUBLE_FAULT  3u

struct cpu;

/* The TSS exists for the interrupt stack table only [SDM 3A 7.7 "Task Management in
 * 64-bit Mode"]. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map_base;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "[SDM 3A 7.7] 64-bit TSS");

/* Each processor's GDT, with one flat code and one flat data segment, and TSS; and the IDT
 * that all share. What VMX loads at an exit, too. */
extern struct segments {
	uint64_t gdt[5];
	struct tss tss;
} __attribute__((aligned(64))) segments[];
extern uint64_t segments_idt[][2];

/* Fills the IDT. Once, on the boot processor. */
void segments_init(void);

/* Loads GDT, segment registers, TR and IDT on this processor, which is `cpu`. */
void segments_load(const struct cpu *cpu);

/* Entry points by vector, made by trap.S. */
extern const char trap_stubs[TRAP_VECTOR_COUNT][16];

/* Called by trap.S with interrupts off. */
void trap_dispatch(struct trap_frame *frame);

/* An exception in the kernel: panics with its registers. */
_Noreturn void panic_exception(const struct trap_frame *frame);

/* A processor panics; the others stop at the NMI that it sends. */
bool panic_is_active(void);

/* Interrupts off for good. */
_Noreturn void panic_halt(void);

/* Build id of this image as lower-case hexadecimal text; never NULL. */
const char *panic_build_id(void);

/* A machine check at `rip`: reads, logs and clears every bank, then core decides
 * whose frame it hit, or the kernel panics. */
void machine_check_handle(uint64_t rip);
