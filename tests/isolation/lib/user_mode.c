/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A GDT with segments for CPL 3 and a TSS, whose stack for exceptions is where
 * the caller's stack ends [APM2 4.8 "Long-Mode Segment Descriptors"],
 * [APM2 12.2.5 "64-Bit Task State Segment"].
 */
#include "user_mode.h"

#include <stddef.h>
#include <guest/test.h>

#define ENTRIES      512u
#define PRESENT      0x1ull
#define USER         0x4ull
#define LARGE        0x80ull
#define ADDRESS      0x000ffffffffff000ull
#define TSS_SELECTOR 0x30

struct __attribute__((packed)) tss {
	uint32_t reserved0;
	uint64_t rsp0;
	uint8_t reserved1[90];
	uint16_t io_map;
};
_Static_assert(sizeof(struct tss) == 104, "TSS of 64-bit mode");

struct tss user_mode_tss;
static uint8_t stack[4096] __attribute__((aligned(16)));

/* As the SDK's, then data and code of CPL 3, then the TSS. */
static uint64_t gdt[8] = {
    0,
    0x00af9b000000ffffull,
    0x00cf93000000ffffull,
    0x00cf9b000000ffffull,
    0x00cff3000000ffffull,
    0x00affb000000ffffull,
};

struct entry {
	uint64_t rip, rsp, rflags;
};
void user_mode_enter(void *entry); /* user_mode_entry.S */

static void open_table(uint64_t table, unsigned level) {
	uint64_t *entry = (uint64_t *)(uintptr_t)table;

	for (unsigned i = 0; i < ENTRIES; i++) {
		if (!(entry[i] & PRESENT))
			continue;
		entry[i] |= USER;
		if (level > 1 && !(entry[i] & LARGE))
			open_table(entry[i] & ADDRESS, level - 1);
	}
}

static void set_up(void) {
	static bool is_ready;
	const struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} pointer = {sizeof(gdt) - 1, (uintptr_t)gdt};
	uint64_t tss = (uintptr_t)&user_mode_tss;
	uint64_t cr3;

	if (is_ready)
		return;
	is_ready = true;
	user_mode_tss.io_map = sizeof(user_mode_tss);
	gdt[6] = (sizeof(user_mode_tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	gdt[7] = tss >> 32;
	__asm__ volatile("lgdt %0; ltr %w1" : : "m"(pointer), "r"(TSS_SELECTOR) : "memory");
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	open_table(cr3 & ADDRESS, 4);
	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}

void user_mode_run(const void *code, uint64_t rflags, struct guest_fault *fault) {
	struct entry entry = {(uintptr_t)code, (uintptr_t)stack + sizeof(stack) - 64, rflags | 2};

	set_up();
	expect(!guest_try(user_mode_enter, &entry, fault));
}
