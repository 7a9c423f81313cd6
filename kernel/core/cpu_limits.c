/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The table of register bits and their features. Pure. */
#include "core/guest_cpu.h"

#include "lib/bits.h"

/* What holds where leaf 0x80000008 is missing [SDM 2A "CPUID"]. */
#define PHYSICAL_BITS_DEFAULT 36u

enum target { CR4, EFER, TSC_AUX, TARGETS };

static const struct {
	uint32_t leaf;
	uint8_t output;
	uint8_t bit;
	uint8_t target;
	uint64_t allows;
} features[] = {
    {1, CPUID_EDX, 1, CR4, BIT(0) | BIT(1)},    /* VME, PVI */
    {1, CPUID_EDX, 4, CR4, BIT(2)},             /* TSD */
    {1, CPUID_EDX, 2, CR4, BIT(3)},             /* DE */
    {1, CPUID_EDX, 3, CR4, BIT(4)},             /* PSE */
    {1, CPUID_EDX, 6, CR4, BIT(5)},             /* PAE */
    {1, CPUID_EDX, 13, CR4, BIT(7)},            /* PGE */
    {1, CPUID_EDX, 24, CR4, BIT(9)},            /* OSFXSR */
    {1, CPUID_EDX, 25, CR4, BIT(10)},           /* OSXMMEXCPT */
    {7, CPUID_ECX, 2, CR4, BIT(11)},            /* UMIP */
    {7, CPUID_EBX, 0, CR4, BIT(16)},            /* FSGSBASE */
    {1, CPUID_ECX, 17, CR4, BIT(17)},           /* PCIDE */
    {1, CPUID_ECX, 26, CR4, BIT(18)},           /* OSXSAVE */
    {7, CPUID_EBX, 7, CR4, BIT(20)},            /* SMEP */
    {7, CPUID_EBX, 20, CR4, BIT(21)},           /* SMAP */
    {7, CPUID_ECX, 3, CR4, BIT(22)},            /* PKE */
    {0x80000001, CPUID_EDX, 11, EFER, BIT(0)},  /* SCE */
    {0x80000001, CPUID_EDX, 29, EFER, BIT(8)},  /* LME */
    {0x80000001, CPUID_EDX, 20, EFER, BIT(11)}, /* NXE */
    {0x80000001, CPUID_EDX, 27, TSC_AUX, 1},    /* RDTSCP */
    {7, CPUID_ECX, 22, TSC_AUX, 1},             /* RDPID */
};

struct cpu_limits cpu_limits_derive(const struct cpuid_rows *rows, const struct cpu_limits *machine) {
	uint64_t allowed[TARGETS] = {0};
	uint64_t xcr0 = 0;
	unsigned bits = cpuid_rows_get(rows, 0x80000008, CPUID_EAX) & 0xff;

	for (unsigned i = 0; i < ARRAY_COUNT(features); i++)
		if (cpuid_rows_get(rows, features[i].leaf, features[i].output) >> features[i].bit & 1)
			allowed[features[i].target] |= features[i].allows;
	if (cpuid_rows_get(rows, 1, CPUID_ECX) & BIT(26))
		xcr0 = cpuid_rows_get(rows, 0xd, CPUID_EAX) | (uint64_t)cpuid_rows_get(rows, 0xd, CPUID_EDX) << 32;
	if (bits < 32)
		bits = PHYSICAL_BITS_DEFAULT;
	return (struct cpu_limits){
	    .cr4_allowed = allowed[CR4] & machine->cr4_allowed,
	    .efer_allowed = allowed[EFER] & machine->efer_allowed,
	    .xcr0_allowed = xcr0 & machine->xcr0_allowed,
	    .physical_bits = bits < machine->physical_bits ? bits : machine->physical_bits,
	    .has_tsc_aux = allowed[TSC_AUX] != 0 && machine->has_tsc_aux,
	};
}

bool cpu_limits_xcr0_is_valid(const struct cpu_limits *limits, uint64_t xcr0) {
	uint64_t avx512 = xcr0 & XCR0_AVX512;

	return !(xcr0 & ~limits->xcr0_allowed) && (xcr0 & XCR0_X87) && (!(xcr0 & XCR0_AVX) || (xcr0 & XCR0_SSE)) &&
	       (avx512 == 0 || (avx512 == XCR0_AVX512 && (xcr0 & XCR0_AVX)));
}
