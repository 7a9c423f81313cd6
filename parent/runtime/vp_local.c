/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Per-VP set-up: GDT, IDT and TSS of the parent's own, GS base, and the two
 * hypercall pages, whose guest physical addresses come from the VP's own page
 * tables [APM2 4.8 "Long-Mode Segment Descriptors", 5.3 "Long-Mode Page
 * Translation"].
 */
#include "runtime/event_page.h"
#include "runtime/exception.h"
#include "runtime/insn.h"
#include "runtime/memory.h"
#include "runtime/vp_local.h"

#define MSR_GS_BASE      0xc0000101u
#define SELECTOR_CODE    0x08
#define SELECTOR_DATA    0x10
#define SELECTOR_TSS     0x18
#define DESCRIPTOR_CODE  0x00209b0000000000ull /* 64-bit, DPL 0, present */
#define DESCRIPTOR_DATA  0x0000930000000000ull
#define DESCRIPTOR_TSS   0x0000890000000000ull
#define PAGE_TABLE_FRAME 0x000ffffffffff000ull
#define PAGE_LARGE       0x80ull

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};
struct __attribute__((packed)) table_register {
	uint16_t limit;
	uint64_t base;
};

static struct vp_local locals[VP_LOCAL_MAX];
static _Alignas(4096) uint8_t call_pages[VP_LOCAL_MAX][2][HV_PAGE_SIZE];
static _Alignas(16) uint8_t exception_stacks[VP_LOCAL_MAX][VP_EXCEPTION_STACK_SIZE];
static struct gate idt[32]; /* the same on every VP; each writes the same values */

/* The image's place in physical memory is the kernel's choice; page tables lie
 * in the identity map. */
static uint64_t gpa_of(const void *pointer) {
	uint64_t address = (uint64_t)(uintptr_t)pointer;
	uint64_t table = insn_read_cr3() & PAGE_TABLE_FRAME;

	for (unsigned shift = 39;; shift -= 9) {
		uint64_t entry = ((const uint64_t *)(uintptr_t)table)[address >> shift & 511];
		uint64_t offset_mask = (1ull << shift) - 1;

		if (shift == 12 || (shift < 39 && (entry & PAGE_LARGE)))
			return (entry & PAGE_TABLE_FRAME & ~offset_mask) | (address & offset_mask);
		table = entry & PAGE_TABLE_FRAME;
	}
}

static void load_gdt(struct vp_local *l) {
	uint64_t tss = (uint64_t)(uintptr_t)&l->tss;
	struct table_register gdtr = {sizeof(l->gdt) - 1, (uint64_t)(uintptr_t)l->gdt};

	l->gdt[1] = DESCRIPTOR_CODE;
	l->gdt[2] = DESCRIPTOR_DATA;
	l->gdt[3] = DESCRIPTOR_TSS | (sizeof(l->tss) - 1) | (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
	l->gdt[4] = tss >> 32;
	l->tss.ist[0] = (uint64_t)(uintptr_t)exception_stacks[l->index] + VP_EXCEPTION_STACK_SIZE;
	l->tss.io_map_base = sizeof(l->tss);
	__asm__ volatile("lgdt %0\n\t"
	                 "pushq %1\n\t"
	                 "leaq 1f(%%rip), %%rax\n\t"
	                 "pushq %%rax\n\t"
	                 "lretq\n"
	                 "1:\n\t"
	                 "mov %w2, %%ds\n\t"
	                 "mov %w2, %%es\n\t"
	                 "mov %w2, %%ss\n\t"
	                 "mov %w2, %%fs\n\t"
	                 "mov %w2, %%gs\n\t"
	                 "ltr %w3"
	                 :
	                 : "m"(gdtr), "i"(SELECTOR_CODE), "r"(SELECTOR_DATA), "r"(SELECTOR_TSS)
	                 : "rax", "memory");
}

static void load_idt(void) {
	struct table_register idtr = {sizeof(idt) - 1, (uint64_t)(uintptr_t)idt};

	for (unsigned i = 0; i < 32; i++) {
		uint64_t stub = (uint64_t)(uintptr_t)exception_stubs + i * EXCEPTION_STUB_SIZE;

		idt[i] = (struct gate){.offset_low = (uint16_t)stub,
		                       .selector = SELECTOR_CODE,
		                       .ist = 1,
		                       .type = 0x8e,
		                       .offset_middle = (uint16_t)(stub >> 16),
		                       .offset_high = (uint32_t)(stub >> 32)};
	}
	__asm__ volatile("lidt %0" : : "m"(idtr));
}

void vp_local_init(uint32_t index, uint64_t event_page) {
	struct vp_local *l = &locals[index];

	l->self = l;
	l->index = index;
	l->input = call_pages[index][0];
	l->output = call_pages[index][1];
	l->events = memory_pointer(event_page);
	l->input_gpa = gpa_of(l->input);
	l->output_gpa = gpa_of(l->output);
	load_gdt(l);
	insn_wrmsr(MSR_GS_BASE, (uint64_t)(uintptr_t)l);
	load_idt();
}

struct hv_event_page *event_page_own(void) {
	return vp_local()->events;
}

uint32_t vp_local_index(void) { return vp_local()->index; }
