/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The rows: every processor feature that a partition may be shown, deny by
 * default [SDM 2A "CPUID"], [APM3 E.3 "Standard Feature Function Numbers"]. The
 * levels v2 and v3 follow the x86-64 psABI's microarchitecture levels. Features
 * that are left out on purpose, and why, are listed in docs/cpu-levels.md. Pure.
 */
#include "vmm/cpu_policy/cpu_level.h"

#include <stddef.h>

#define ROW(leaf, subleaf, output, bit, rule, xcr0, name)                                                              \
	{ leaf, subleaf, CPUID_##output, bit, CPU_LEVEL_##rule, xcr0, name }

static const struct cpu_level_row rows[] = {
    /* clang-format off */
	ROW(1, 0, ECX, 0, V2_REQUIRED, 0, "SSE3"),
	ROW(1, 0, ECX, 1, V2_OPTIONAL, 0, "PCLMULQDQ"), /* checksums, GCM */
	ROW(1, 0, ECX, 9, V2_REQUIRED, 0, "SSSE3"),
	ROW(1, 0, ECX, 12, V3_REQUIRED, XCR0_AVX, "FMA"),
	ROW(1, 0, ECX, 13, V2_REQUIRED, 0, "CMPXCHG16B"),
	ROW(1, 0, ECX, 17, V2_OPTIONAL, 0, "PCID"), /* cheap page-table isolation */
	ROW(1, 0, ECX, 19, V2_REQUIRED, 0, "SSE4.1"),
	ROW(1, 0, ECX, 20, V2_REQUIRED, 0, "SSE4.2"),
	ROW(1, 0, ECX, 21, SYNTHETIC, 0, "x2APIC"), /* the kernel's model */
	ROW(1, 0, ECX, 22, V3_REQUIRED, 0, "MOVBE"),
	ROW(1, 0, ECX, 23, V2_REQUIRED, 0, "POPCNT"),
	ROW(1, 0, ECX, 25, V2_OPTIONAL, 0, "AES"), /* the usual "v2 plus AES" */
	ROW(1, 0, ECX, 26, V3_REQUIRED, 0, "XSAVE"), /* OSXSAVE mirrors CR4 */
	ROW(1, 0, ECX, 28, V3_REQUIRED, XCR0_AVX, "AVX"),
	ROW(1, 0, ECX, 29, V3_REQUIRED, XCR0_AVX, "F16C"),
	ROW(1, 0, ECX, 30, V2_OPTIONAL, 0, "RDRAND"), /* entropy at boot */
	ROW(1, 0, ECX, 31, SYNTHETIC, 0, "hypervisor present"),

	ROW(1, 0, EDX, 0, V2_REQUIRED, 0, "FPU"),
	ROW(1, 0, EDX, 1, V2_OPTIONAL, 0, "VME"), /* virtual 8086 extensions */
	ROW(1, 0, EDX, 2, V2_REQUIRED, 0, "DE"), /* I/O breakpoints */
	ROW(1, 0, EDX, 3, V2_REQUIRED, 0, "PSE"), /* 4 MiB pages */
	ROW(1, 0, EDX, 4, V2_REQUIRED, 0, "TSC"),
	ROW(1, 0, EDX, 5, V2_REQUIRED, 0, "RDMSR, WRMSR"),
	ROW(1, 0, EDX, 6, V2_REQUIRED, 0, "PAE"),
	ROW(1, 0, EDX, 8, V2_REQUIRED, 0, "CMPXCHG8B"),
	ROW(1, 0, EDX, 9, SYNTHETIC, 0, "APIC"), /* the kernel's model */
	ROW(1, 0, EDX, 11, V2_REQUIRED, 0, "SYSENTER"),
	ROW(1, 0, EDX, 12, SYNTHETIC, 0, "MTRR"), /* stored, see vp_msrs.c */
	ROW(1, 0, EDX, 13, V2_REQUIRED, 0, "PGE"), /* global pages */
	ROW(1, 0, EDX, 15, V2_REQUIRED, 0, "CMOV"),
	ROW(1, 0, EDX, 16, V2_REQUIRED, 0, "PAT"),
	ROW(1, 0, EDX, 17, V2_OPTIONAL, 0, "PSE-36"),
	ROW(1, 0, EDX, 19, V2_REQUIRED, 0, "CLFLUSH"),
	ROW(1, 0, EDX, 23, V2_REQUIRED, 0, "MMX"),
	ROW(1, 0, EDX, 24, V2_REQUIRED, 0, "FXSAVE"),
	ROW(1, 0, EDX, 25, V2_REQUIRED, 0, "SSE"),
	ROW(1, 0, EDX, 26, V2_REQUIRED, 0, "SSE2"),

	/* The virtual timer never stops, whatever the host's does in deep sleep. */
	ROW(6, 0, EAX, 2, SYNTHETIC, 0, "ARAT"),

	ROW(7, 0, EBX, 0, V2_OPTIONAL, 0, "FSGSBASE"),
	ROW(7, 0, EBX, 3, V3_REQUIRED, 0, "BMI1"),
	ROW(7, 0, EBX, 5, V3_REQUIRED, XCR0_AVX, "AVX2"),
	ROW(7, 0, EBX, 6, HOST_ONLY, 0, "x87 data pointer on exceptions only"),
	ROW(7, 0, EBX, 7, V2_OPTIONAL, 0, "SMEP"), /* hardening */
	ROW(7, 0, EBX, 8, V3_REQUIRED, 0, "BMI2"),
	ROW(7, 0, EBX, 9, V2_OPTIONAL, 0, "ERMS"), /* fast REP MOVSB */
	ROW(7, 0, EBX, 10, V2_OPTIONAL, 0, "INVPCID"),
	ROW(7, 0, EBX, 13, HOST_ONLY, 0, "x87 CS and DS deprecated"),
	ROW(7, 0, EBX, 16, HOST_ONLY, XCR0_AVX512, "AVX512F"),
	ROW(7, 0, EBX, 17, HOST_ONLY, XCR0_AVX512, "AVX512DQ"),
	ROW(7, 0, EBX, 18, V3_OPTIONAL, 0, "RDSEED"),
	ROW(7, 0, EBX, 19, V3_OPTIONAL, 0, "ADX"),
	ROW(7, 0, EBX, 20, V2_OPTIONAL, 0, "SMAP"), /* hardening */
	ROW(7, 0, EBX, 21, HOST_ONLY, XCR0_AVX512, "AVX512_IFMA"),
	ROW(7, 0, EBX, 23, V3_OPTIONAL, 0, "CLFLUSHOPT"),
	ROW(7, 0, EBX, 24, V3_OPTIONAL, 0, "CLWB"),
	ROW(7, 0, EBX, 28, HOST_ONLY, XCR0_AVX512, "AVX512CD"),
	ROW(7, 0, EBX, 29, V3_OPTIONAL, 0, "SHA"),
	ROW(7, 0, EBX, 30, HOST_ONLY, XCR0_AVX512, "AVX512BW"),
	ROW(7, 0, EBX, 31, HOST_ONLY, XCR0_AVX512, "AVX512VL"),

	ROW(7, 0, ECX, 1, HOST_ONLY, XCR0_AVX512, "AVX512_VBMI"),
	ROW(7, 0, ECX, 2, V2_OPTIONAL, 0, "UMIP"), /* hardening */
	ROW(7, 0, ECX, 3, HOST_ONLY, XCR0_PKRU, "PKU"), /* OSPKE mirrors CR4 */
	ROW(7, 0, ECX, 6, HOST_ONLY, XCR0_AVX512, "AVX512_VBMI2"),
	ROW(7, 0, ECX, 8, HOST_ONLY, 0, "GFNI"),
	ROW(7, 0, ECX, 9, HOST_ONLY, XCR0_AVX, "VAES"),
	ROW(7, 0, ECX, 10, HOST_ONLY, XCR0_AVX, "VPCLMULQDQ"),
	ROW(7, 0, ECX, 11, HOST_ONLY, XCR0_AVX512, "AVX512_VNNI"),
	ROW(7, 0, ECX, 12, HOST_ONLY, XCR0_AVX512, "AVX512_BITALG"),
	ROW(7, 0, ECX, 14, HOST_ONLY, XCR0_AVX512, "AVX512_VPOPCNTDQ"),
	ROW(7, 0, ECX, 22, HOST_ONLY, 0, "RDPID"), /* TSC_AUX is the VP's own */

	ROW(7, 0, EDX, 4, V2_OPTIONAL, 0, "FSRM"), /* fast short REP MOVSB */
	ROW(7, 0, EDX, 8, HOST_ONLY, XCR0_AVX512, "AVX512_VP2INTERSECT"),
	ROW(7, 0, EDX, 14, HOST_ONLY, 0, "SERIALIZE"),

	ROW(7, 1, EAX, 4, HOST_ONLY, XCR0_AVX, "AVX_VNNI"),
	ROW(7, 1, EAX, 5, HOST_ONLY, XCR0_AVX512, "AVX512_BF16"),
	ROW(7, 1, EAX, 10, HOST_ONLY, 0, "fast zero-length REP MOVSB"),
	ROW(7, 1, EAX, 11, HOST_ONLY, 0, "fast short REP STOSB"),
	ROW(7, 1, EAX, 12, HOST_ONLY, 0, "fast short REP CMPSB, SCASB"),
	ROW(7, 1, EAX, 23, HOST_ONLY, XCR0_AVX, "AVX_IFMA"),

	/* XSAVES (bit 3) needs IA32_XSS to be switched: not shown. */
	ROW(0xd, 1, EAX, 0, V3_OPTIONAL, XCR0_X87, "XSAVEOPT"),
	ROW(0xd, 1, EAX, 1, V3_OPTIONAL, XCR0_X87, "XSAVEC"),
	ROW(0xd, 1, EAX, 2, V3_OPTIONAL, XCR0_X87, "XGETBV with ECX = 1"),

	ROW(0x80000001, 0, ECX, 0, V2_REQUIRED, 0, "LAHF in 64-bit mode"),
	ROW(0x80000001, 0, ECX, 5, V3_REQUIRED, 0, "LZCNT"),
	ROW(0x80000001, 0, ECX, 6, HOST_ONLY, 0, "SSE4A"),
	ROW(0x80000001, 0, ECX, 7, HOST_ONLY, 0, "misaligned SSE"),
	ROW(0x80000001, 0, ECX, 8, V2_OPTIONAL, 0, "PREFETCHW"),

	/* AMD repeats features of leaf 1 here; Intel's are reserved and zero. */
	ROW(0x80000001, 0, EDX, 0, V2_OPTIONAL, 0, "FPU"),
	ROW(0x80000001, 0, EDX, 1, V2_OPTIONAL, 0, "VME"),
	ROW(0x80000001, 0, EDX, 2, V2_OPTIONAL, 0, "DE"),
	ROW(0x80000001, 0, EDX, 3, V2_OPTIONAL, 0, "PSE"),
	ROW(0x80000001, 0, EDX, 4, V2_OPTIONAL, 0, "TSC"),
	ROW(0x80000001, 0, EDX, 5, V2_OPTIONAL, 0, "MSR"),
	ROW(0x80000001, 0, EDX, 6, V2_OPTIONAL, 0, "PAE"),
	ROW(0x80000001, 0, EDX, 8, V2_OPTIONAL, 0, "CMPXCHG8B"),
	ROW(0x80000001, 0, EDX, 9, V2_OPTIONAL, 0, "APIC"),
	ROW(0x80000001, 0, EDX, 11, V2_REQUIRED, 0, "SYSCALL (both vendors)"),
	ROW(0x80000001, 0, EDX, 12, V2_OPTIONAL, 0, "MTRR"),
	ROW(0x80000001, 0, EDX, 13, V2_OPTIONAL, 0, "PGE"),
	ROW(0x80000001, 0, EDX, 15, V2_OPTIONAL, 0, "CMOV"),
	ROW(0x80000001, 0, EDX, 16, V2_OPTIONAL, 0, "PAT"),
	ROW(0x80000001, 0, EDX, 17, V2_OPTIONAL, 0, "PSE-36"),
	ROW(0x80000001, 0, EDX, 20, V2_REQUIRED, 0, "NX"),
	ROW(0x80000001, 0, EDX, 22, V2_OPTIONAL, 0, "MMX extensions"),
	ROW(0x80000001, 0, EDX, 23, V2_OPTIONAL, 0, "MMX"),
	ROW(0x80000001, 0, EDX, 24, V2_OPTIONAL, 0, "FXSAVE"),
	ROW(0x80000001, 0, EDX, 26, V2_OPTIONAL, 0, "1 GiB pages"),
	ROW(0x80000001, 0, EDX, 27, V2_OPTIONAL, 0, "RDTSCP"), /* TSC_AUX is the VP's own */
	ROW(0x80000001, 0, EDX, 29, V2_REQUIRED, 0, "long mode"),

	ROW(0x80000008, 0, EBX, 0, HOST_ONLY, 0, "CLZERO"),
	ROW(0x80000008, 0, EBX, 2, HOST_ONLY, 0, "XRSTOR restores error pointers"),

	ROW(0x80000021, 0, EAX, 0, HOST_ONLY, 0, "no nested data breakpoints"),
	ROW(0x80000021, 0, EAX, 2, V2_OPTIONAL, 0, "LFENCE serializes"),
	ROW(0x80000021, 0, EAX, 6, V2_OPTIONAL, 0, "null selector clears the base"),
	ROW(0x80000021, 0, EAX, 29, HOST_ONLY, 0, "not vulnerable to SRSO"),
    /* clang-format on */
};

const struct cpu_level_row *cpu_level_rows(unsigned *count) {
	*count = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

const char *cpu_level_name(enum cpu_level level) {
	switch (level) {
	case CPU_LEVEL_X86_64_V2:
		return "x86-64-v2";
	case CPU_LEVEL_X86_64_V3:
		return "x86-64-v3";
	case CPU_LEVEL_HOST:
		return "host";
	}
	return NULL;
}

bool cpu_level_shows(enum cpu_level level, enum cpu_level_rule rule) {
	switch (rule) {
	case CPU_LEVEL_V2_REQUIRED:
	case CPU_LEVEL_V2_OPTIONAL:
	case CPU_LEVEL_SYNTHETIC:
		return true;
	case CPU_LEVEL_V3_REQUIRED:
	case CPU_LEVEL_V3_OPTIONAL:
		return level != CPU_LEVEL_X86_64_V2;
	case CPU_LEVEL_HOST_ONLY:
		return level == CPU_LEVEL_HOST;
	}
	return false;
}

bool cpu_level_requires(enum cpu_level level, enum cpu_level_rule rule) {
	return rule == CPU_LEVEL_V2_REQUIRED || (rule == CPU_LEVEL_V3_REQUIRED && level == CPU_LEVEL_X86_64_V3);
}

uint64_t cpu_level_xcr0(enum cpu_level level) {
	switch (level) {
	case CPU_LEVEL_X86_64_V2:
		return 0;
	case CPU_LEVEL_X86_64_V3:
		return XCR0_X87 | XCR0_SSE | XCR0_AVX;
	case CPU_LEVEL_HOST:
		return XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU;
	}
	return 0;
}
