/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Instructions that C has no words for: ports, MSRs, CPUID, time stamp, interrupts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline void guest_out8(uint16_t port, uint8_t value) {
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void guest_out16(uint16_t port, uint16_t value) {
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void guest_out32(uint16_t port, uint32_t value) {
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t guest_in8(uint16_t port) {
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t guest_in16(uint16_t port) {
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t guest_in32(uint16_t port) {
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

/* A fault ends the test that runs; guest_try_rdmsr of guest/fault.h survives it. */
static inline uint64_t guest_rdmsr(uint32_t msr) {
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void guest_wrmsr(uint32_t msr, uint64_t value) {
	__asm__ volatile("wrmsr" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr) : "memory");
}

struct guest_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct guest_cpuid guest_cpuid(uint32_t leaf, uint32_t subleaf) {
	struct guest_cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t guest_rdtsc(void) {
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t guest_read_cr2(void) {
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline void guest_pause(void) { __asm__ volatile("pause" : : : "memory"); }

static inline void guest_interrupts_on(void) { __asm__ volatile("sti" : : : "memory"); }

static inline void guest_interrupts_off(void) { __asm__ volatile("cli" : : : "memory"); }

/* Sleeps until an interrupt was handled; interrupts are on meanwhile only. */
static inline void guest_wait_for_interrupt(void) { __asm__ volatile("sti; hlt; cli" : : : "memory"); }

/* Whether a hypervisor with the public interface ("Hv#1") runs this guest. */
bool guest_has_hyperv(void);
