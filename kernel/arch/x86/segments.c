/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Building descriptors and loading them [SDM 3A 3.4.5 "Segment Descriptors",
 * 6.14.1 "64-Bit Mode IDT"]. NMI, machine check and double fault get stacks of
 * their own, since each may arrive where the current stack cannot be trusted.
 */
#include "arch/x86/trap.h"

#include "arch/x86/host_pt.h"
#include "arch/x86/insn.h"

#define DESCRIPTOR_CODE64 0x00af9b000000ffffull /* present, ring 0, long, accessed */
#define DESCRIPTOR_DATA   0x00cf93000000ffffull
#define TSS_AVAILABLE     0x89ull
#define GATE_INTERRUPT    0x8e00ull

struct segments segments[MAX_CPUS];
uint64_t segments_idt[TRAP_VECTOR_COUNT][2] __attribute__((aligned(64)));

void segments_init(void) {
	static const uint8_t ist[TRAP_VECTOR_COUNT] = {
	    [VECTOR_NMI] = IST_NMI,
	    [VECTOR_DOUBLE_FAULT] = IST_DOUBLE_FAULT,
	    [VECTOR_MACHINE_CHECK] = IST_MACHINE_CHECK,
	};

	for (unsigned vector = 0; vector < TRAP_VECTOR_COUNT; vector++) {
		uint64_t handler = (uint64_t)trap_stubs[vector];

		segments_idt[vector][0] = (handler & 0xffff) | SELECTOR_CODE << 16 |
		                          (GATE_INTERRUPT | ist[vector]) << 32 | (handler >> 16 & 0xffff) << 48;
		segments_idt[vector][1] = handler >> 32;
	}
}

static void load_segment_registers(void) {
	__asm__ volatile("pushq %[code]\n\t"
	                 "leaq 1f(%%rip), %%rax\n\t"
	                 "pushq %%rax\n\t"
	                 "lretq\n"
	                 "1:\tmovl %[data], %%ds\n\t"
	                 "movl %[data], %%es\n\t"
	                 "movl %[data], %%ss\n\t"
	                 "movl %[null], %%fs\n\t"
	                 "movl %[null], %%gs\n\t"
	                 :
	                 : [code] "i"(SELECTOR_CODE), [data] "r"(SELECTOR_DATA), [null] "r"(0)
	                 : "rax", "memory");
}

void segments_load(const struct cpu *cpu) {
	struct segments *t = &segments[cpu->index];
	uint64_t base = (uint64_t)&t->tss;
	struct descriptor_table gdt_pointer = {sizeof(t->gdt) - 1, (uint64_t)t->gdt};
	struct descriptor_table idt_pointer = {sizeof(segments_idt) - 1, (uint64_t)segments_idt};

	t->tss.io_map_base = sizeof(t->tss);
	for (unsigned ist = IST_NMI; ist <= IST_DOUBLE_FAULT; ist++)
		t->tss.ist[ist - 1] = host_pt_stack_top(cpu, ist);
	t->gdt[SELECTOR_CODE / 8] = DESCRIPTOR_CODE64;
	t->gdt[SELECTOR_DATA / 8] = DESCRIPTOR_DATA;
	t->gdt[SELECTOR_TSS / 8] =
	    (sizeof(t->tss) - 1) | (base & 0xffffff) << 16 | TSS_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
	t->gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
	lgdt(&gdt_pointer);
	load_segment_registers();
	ltr(SELECTOR_TSS);
	lidt(&idt_pointer);
}
