/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Every special instruction of the loader, beside the compiler's cpuid.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t read_msr(uint32_t msr) {
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline uint64_t read_cr4(void) {
	uint64_t v;

	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

static inline uint64_t read_tsc(void) {
	__asm__ volatile("lfence" : : : "memory");
	return __builtin_ia32_rdtsc();
}

/* False if the generator had run dry. */
static inline bool read_random(uint64_t *v) {
	bool is_valid;

	__asm__ volatile("rdrand %0" : "=r"(*v), "=@ccc"(is_valid));
	return is_valid;
}

static inline uint8_t read_port(uint16_t port) {
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void write_port(uint16_t port, uint8_t v) { __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port)); }

_Noreturn static inline void halt(void) {
	for (;;)
		__asm__ volatile("cli; hlt");
}
