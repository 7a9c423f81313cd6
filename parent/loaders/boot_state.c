/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The register states and the tables in low memory that the boot protocols ask
 * for [Linux "The Linux/x86 Boot Protocol", "64-bit Boot Protocol"; Multiboot
 * Specification 0.6.96, 3.2 "Machine state"]. Descriptor formats:
 * [APM2 4.7 "Legacy Segment Descriptors", 4.8 "Long-Mode Segment Descriptors"].
 */
#include "loaders/boot_state.h"

#include <string.h>
#include "loaders/bytes.h"
#include "loaders/layout.h"

#define SELECTOR_CODE32   0x08 /* the Linux protocol fixes the two others */
#define SELECTOR_CODE64   0x10
#define SELECTOR_DATA     0x18
#define GDT_ENTRIES       4u

#define ATTRIBUTES_CODE32 0xc09b /* present, 4 KiB granules, execute and read, accessed */
#define ATTRIBUTES_CODE64 0xa09b
#define ATTRIBUTES_DATA   0xc093
#define ATTRIBUTES_LDT    0x0082
#define ATTRIBUTES_TSS    0x008b /* busy; what an entry to either mode demands */

#define CR0_PE            0x1ull
#define CR0_ET            0x10ull
#define CR0_NE            0x20ull
#define CR0_PG            0x80000000ull
#define CR4_PAE           0x20ull
#define EFER_LME          0x100ull
#define EFER_LMA          0x400ull
#define RFLAGS_1          0x2ull

#define PTE_PRESENT       0x1ull
#define PTE_WRITABLE      0x2ull
#define PTE_LARGE         0x80ull
#define PAGE              0x1000ull
#define TABLE_COUNT       6u /* PML4, PDPT and four page directories */

static struct hv_segment_register flat(uint16_t selector, uint16_t attributes) {
	return (struct hv_segment_register){.limit = 0xffffffff, .selector = selector, .attributes = attributes};
}

static void init_common(struct boot_state *s, struct hv_segment_register code) {
	memset(s, 0, sizeof(*s));
	s->rflags = RFLAGS_1;
	for (unsigned i = 0; i < HV_PAGE_SEGMENT_COUNT; i++)
		s->segment[i] = flat(SELECTOR_DATA, ATTRIBUTES_DATA);
	s->segment[HV_PAGE_CS] = code;
	s->ldtr = (struct hv_segment_register){.limit = 0xffff, .attributes = ATTRIBUTES_LDT};
	s->tr = (struct hv_segment_register){.limit = 0x67, .attributes = ATTRIBUTES_TSS};
	s->gdtr = (struct hv_table_register){.base = LAYOUT_GDT, .limit = GDT_ENTRIES * 8 - 1};
	s->cr0 = CR0_PE | CR0_ET | CR0_NE;
}

void boot_state_init_long(struct boot_state *s) {
	init_common(s, flat(SELECTOR_CODE64, ATTRIBUTES_CODE64));
	s->cr0 |= CR0_PG;
	s->cr3 = LAYOUT_PAGE_TABLES;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
}

void boot_state_init_protected(struct boot_state *s) { init_common(s, flat(SELECTOR_CODE32, ATTRIBUTES_CODE32)); }

/* Base 0 and limit 4 GiB in the descriptor's scattered form. */
static uint64_t flat_descriptor(uint16_t attributes) { return 0x000f00000000ffffull | (uint64_t)attributes << 40; }

enum err boot_tables_write_gdt(const struct guest_memory *memory) {
	uint8_t gdt[GDT_ENTRIES * 8] = {0};

	put_u64(gdt + SELECTOR_CODE32, flat_descriptor(ATTRIBUTES_CODE32));
	put_u64(gdt + SELECTOR_CODE64, flat_descriptor(ATTRIBUTES_CODE64));
	put_u64(gdt + SELECTOR_DATA, flat_descriptor(ATTRIBUTES_DATA));
	return guest_memory_write(memory, LAYOUT_GDT, gdt, sizeof(gdt));
}

enum err boot_tables_write_paging(const struct guest_memory *memory) {
	const uint64_t flags = PTE_PRESENT | PTE_WRITABLE;
	uint8_t *table = guest_memory_pointer(memory, LAYOUT_PAGE_TABLES, TABLE_COUNT * PAGE);

	if (table == NULL)
		return ERR_RANGE;
	memset(table, 0, TABLE_COUNT * PAGE);
	put_u64(table, (LAYOUT_PAGE_TABLES + PAGE) | flags);
	for (uint64_t i = 0; i < 4; i++)
		put_u64(table + PAGE + 8 * i, (LAYOUT_PAGE_TABLES + (2 + i) * PAGE) | flags);
	for (uint64_t i = 0; i < 4 * 512; i++)
		put_u64(table + 2 * PAGE + 8 * i, (i << 21) | flags | PTE_LARGE);
	return ERR_NONE;
}
