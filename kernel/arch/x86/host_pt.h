/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The kernel's own page tables, one set for all processors, all in the high
 * half: the image, the window of kernel frames, a window per processor onto one
 * guest frame, stacks with guard pages, and device registers. Neither an identity
 * map nor a map of all RAM exists [SDM 3A 4.5 "4-Level Paging and 5-Level Paging"].
 */
#pragma once

#include "core/cpu.h"
#include "loader/handoff.h"

/* FRAME_WINDOW_BASE + address, for frames that are the kernel's. Up to 2^46. */
#define FRAME_WINDOW_BASE 0xffff900000000000ull
#define FRAME_WINDOW_SIZE (1ull << 46)
/* One slot of 32 KiB per processor, of which one page is used: the entries of
 * two processors then lie in different cache lines. */
#define CPU_WINDOW_BASE   0xffffe00000000000ull
#define MMIO_BASE         0xffffe10000000000ull
/* Stacks at double their size apart; what lies between is never mapped. */
#define STACK_BASE        0xffffe20000000000ull
#define STACK_SLOT_RUN    0u /* the run loop's; 1 to 3: trap.h */
#define STACK_SLOT_COUNT  4u

/* Builds the tables, in which `reserve` and no other frame is mapped yet, and makes
 * them current. Sets EFER.NXE and CR0.WP. Boot processor, on the loader's identity
 * map. */
void host_pt_init(struct handoff_memory reserve);

/* CR3 for the other processors: below 4 GiB. */
uint64_t host_pt_root(void);

/* Maps device registers, uncached. `address` need not be aligned; the registers
 * stay within a page. Boot processor only. */
volatile void *host_pt_map_mmio(spa_t address);

/* Where the stack of this slot of a processor begins, downwards. */
static inline uintptr_t host_pt_stack_top(const struct cpu *cpu, unsigned slot) {
	return STACK_BASE + ((cpu->index * STACK_SLOT_COUNT + slot) * 2 + 1) * CPU_STACK_SIZE;
}

/* Maps all stacks of a processor onto fresh memory whose first word points to the
 * cpu. Boot processor only. */
void host_pt_make_stacks(struct cpu *cpu);

/* Identity-maps one page, writable and executable, for starting processors, and
 * removes it again from the tables; each processor then flushes itself. */
void host_pt_map_trampoline(spa_t page);
void host_pt_unmap_trampoline(void);
