/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The state in which a loader wants a child's first VP to start. Registers that
 * are not named here keep their values of a processor reset
 * [APM2 14.1.3 "Processor Initialization State"]. Interrupts are off.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/registers.h>
#include "runtime/err.h"
#include "vmm/guest_memory.h"

struct boot_state {
	uint64_t gpr[HV_GPR_COUNT]; /* by enum hv_gpr */
	uint64_t rip;
	uint64_t rflags;
	struct hv_segment_register segment[HV_PAGE_SEGMENT_COUNT]; /* by enum hv_page_segment */
	struct hv_segment_register ldtr;
	struct hv_segment_register tr;
	struct hv_table_register gdtr;
	struct hv_table_register idtr;
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
};

/* The two states that boot protocols ask for; the caller sets RIP and general
 * registers, which are zero here. Both name the GDT at LAYOUT_GDT. */
void boot_state_init_long(struct boot_state *s);      /* 64-bit, tables at LAYOUT_PAGE_TABLES */
void boot_state_init_protected(struct boot_state *s); /* 32-bit flat, paging off */

/* The tables that those states name: flat segments, and an identity map of the
 * first 4 GiB. ERR_RANGE if there is no memory at their place. */
ERR_CHECKED enum err boot_tables_write_gdt(const struct guest_memory *memory);
ERR_CHECKED enum err boot_tables_write_paging(const struct guest_memory *memory);
