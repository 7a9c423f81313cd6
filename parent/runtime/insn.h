/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The instructions that C does not have. Target only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t insn_rdtsc(void) {
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void insn_cpuid(uint32_t leaf, uint32_t out[4]) {
	__asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(0));
}

static inline void insn_wrmsr(uint32_t msr, uint64_t value) {
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* False: no random number was ready. */
static inline bool insn_rdrand(uint64_t *value) {
	bool is_ready;

	__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(is_ready));
	return is_ready;
}

static inline uint64_t insn_read_cr2(void) {
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t insn_read_cr3(void) {
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static inline void insn_write_cr3(uint64_t value) { __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory"); }
