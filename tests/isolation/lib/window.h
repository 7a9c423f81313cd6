/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A page of the guest's address space whose place in memory changes, and patience with the
 * other VPs that look through it.
 */
#pragma once

#include <stdint.h>
#include <guest/cpu.h>
#include <guest/time.h>

#define WINDOW          0x600000000ull /* 24 GiB: nothing else is mapped there */
#define WINDOW_PRESENT  3ull           /* and writable */
#define WINDOW_PATIENCE 60000000u      /* us, the end of hope: hosts of several processors share one in these tests */

/* The entry of the page tables that says where the window's page is; nowhere at first. One VP at a time. */
static inline volatile uint64_t *window_entry(void) {
	static uint64_t tables[2][512] __attribute__((aligned(4096)));
	const uint64_t address = 0x000ffffffffff000ull;
	uint64_t cr3;
	uint64_t *pml4, *pdpt;

	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	pml4 = (uint64_t *)(uintptr_t)(cr3 & address);
	pdpt = (uint64_t *)(uintptr_t)(pml4[0] & address);
	pdpt[WINDOW >> 30 & 511] = (uintptr_t)tables[0] | WINDOW_PRESENT;
	tables[0][0] = (uintptr_t)tables[1] | WINDOW_PRESENT;
	return &tables[1][0];
}

static inline uint64_t window_read(void) { return *(volatile uint64_t *)WINDOW; }

/* Waits until another VP has counted so far. Returns how far it has. */
static inline unsigned window_wait(const volatile unsigned *what, unsigned wanted) {
	uint64_t end = guest_rdtsc() + guest_tsc_frequency() / 1000000 * WINDOW_PATIENCE;

	while (__atomic_load_n(what, __ATOMIC_SEQ_CST) < wanted && guest_rdtsc() < end)
		guest_pause();
	return *what;
}
