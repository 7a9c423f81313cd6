/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every privileged or special instruction of the kernel, as an inline function
 * that does that one instruction, and what bring-up names in them. Names are the
 * mnemonics of [SDM 2] and [APM3]. Who calls them knows the rules of the register;
 * this file decides nothing.
 */
#pragma once

#include "core/vp_state.h"

/* Registers and bits, equal on both vendors [SDM 4 "Model-Specific Registers"], [APM2
 * "System Resources"]; those that guests have too stand in vp_state.h, those of one
 * vendor in its folder. */
#define MSR_APIC_BASE    0x0000001bu
#define MSR_TSC_DEADLINE 0x000006e0u

#define CR4_PGE          (1ull << 7)
#define CR4_OSFXSR       (1ull << 9)
#define CR4_OSXMMEXCPT   (1ull << 10)
#define CR4_UMIP         (1ull << 11)
#define CR4_SMEP         (1ull << 20)
#define CR4_SMAP         (1ull << 21)

struct cpuid_result {
	uint32_t eax, ebx, ecx, edx;
};

/* The operand of LGDT and LIDT in 64-bit mode. */
struct descriptor_table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf) {
	struct cpuid_result r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t rdmsr(uint32_t index) {
	uint64_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
	return low | high << 32;
}

/* Instructions with an operand of 64 bits in EDX:EAX. The memory clobber orders them
 * with accesses that depend on the register. The area of XSAVE and XRSTOR is 64-byte
 * aligned and as large as the components in `v` need. */
#define INSN_EDX_EAX(name, text, type, constraint)                                                                     \
	static inline void name(type at, uint64_t v) {                                                                 \
		__asm__ volatile(text : : constraint(at), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");      \
	}

INSN_EDX_EAX(wrmsr, "wrmsr", uint32_t, "c")
INSN_EDX_EAX(xsetbv, "xsetbv", uint32_t, "c")
INSN_EDX_EAX(xsave, "xsave64 (%0)", void *, "r")
INSN_EDX_EAX(xrstor, "xrstor64 (%0)", const void *, "r")
#undef INSN_EDX_EAX

static inline uint64_t rdtsc(void) { return __builtin_ia32_rdtsc(); }

/* in8(port), out8(port, value) and so on. */
#define INSN_PORT(bits, suffix)                                                                                        \
	static inline uint##bits##_t in##bits(uint16_t port) {                                                         \
		uint##bits##_t v;                                                                                      \
		__asm__ volatile("in" suffix " %1, %0" : "=a"(v) : "Nd"(port));                                        \
		return v;                                                                                              \
	}                                                                                                              \
	static inline void out##bits(uint16_t port, uint##bits##_t v) {                                                \
		__asm__ volatile("out" suffix " %0, %1" : : "a"(v), "Nd"(port));                                       \
	}

INSN_PORT(8, "b")
INSN_PORT(16, "w")
INSN_PORT(32, "l")
#undef INSN_PORT

/* Instructions without operands. The clobber keeps memory accesses on their side. */
#define INSN_PLAIN(name, text)                                                                                         \
	static inline void name(void) { __asm__ volatile(text : : : "memory"); }

INSN_PLAIN(wbinvd, "wbinvd")
INSN_PLAIN(mfence, "mfence")
INSN_PLAIN(lfence, "lfence")
INSN_PLAIN(cpu_pause, "pause")
INSN_PLAIN(cli, "cli")
INSN_PLAIN(hlt, "hlt")
INSN_PLAIN(stgi, "stgi") /* AMD SVM, like vmload and vmsave below */
INSN_PLAIN(clgi, "clgi")
/* One boundary beyond the shadow of STI, where everything pending is taken. */
INSN_PLAIN(sti_nop_cli, "sti; nop; cli")
/* Waits for an interrupt. STI's shadow ends after HLT has begun, so that an
 * interrupt cannot slip in between [SDM 2 "STI"]. */
INSN_PLAIN(sti_hlt_cli, "sti; hlt; cli")
#undef INSN_PLAIN

/* After all earlier loads, before all later ones [SDM 2 "RDTSC"]. */
static inline uint64_t rdtsc_ordered(void) {
	uint64_t now;

	lfence();
	now = rdtsc();
	lfence();
	return now;
}

/* Instructions with one operand. That of VMLOAD and VMSAVE [APM3 "Secure virtual
 * machine instructions"] is the physical address of a VMCB. */
#define INSN_OPERAND(name, text, type, constraint)                                                                     \
	static inline void name(type v) { __asm__ volatile(text : : constraint(v) : "memory"); }

INSN_OPERAND(invlpg, "invlpg (%0)", const void *, "r")
INSN_OPERAND(lgdt, "lgdt (%0)", const struct descriptor_table *, "r")
INSN_OPERAND(lidt, "lidt (%0)", const struct descriptor_table *, "r")
INSN_OPERAND(ltr, "ltr %0", uint16_t, "r")
INSN_OPERAND(vmload, "vmload %%rax", uint64_t, "a")
INSN_OPERAND(vmsave, "vmsave %%rax", uint64_t, "a")

/* read_cr0(), write_cr0(value) and so on. */
#define INSN_REGISTER(name)                                                                                            \
	INSN_OPERAND(write_##name, "mov %0, %%" #name, uint64_t, "r")                                                  \
	static inline uint64_t read_##name(void) {                                                                     \
		uint64_t v;                                                                                            \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(v) : : "memory");                                        \
		return v;                                                                                              \
	}

INSN_REGISTER(cr0)
INSN_REGISTER(cr2)
INSN_REGISTER(cr3)
INSN_REGISTER(cr4)
INSN_REGISTER(dr0)
INSN_REGISTER(dr1)
INSN_REGISTER(dr2)
INSN_REGISTER(dr3)
INSN_REGISTER(dr6)
#undef INSN_REGISTER
#undef INSN_OPERAND

/* Intel VMX [SDM 3C 31 "VMX Instruction Reference"]. Regions are physical
 * addresses. False: the processor refused. */
#define INSN_VMX_REGION(name)                                                                                          \
	static inline _Bool name(uint64_t region) {                                                                    \
		_Bool failed;                                                                                          \
		__asm__ volatile(#name " %1" : "=@ccbe"(failed) : "m"(region) : "memory");                             \
		return !failed;                                                                                        \
	}

INSN_VMX_REGION(vmxon)
INSN_VMX_REGION(vmclear)
INSN_VMX_REGION(vmptrld)
#undef INSN_VMX_REGION

static inline _Bool vmread(uint64_t field, uint64_t *value) {
	_Bool failed;

	__asm__ volatile("vmread %2, %1" : "=@ccbe"(failed), "=r"(*value) : "r"(field));
	return !failed;
}

static inline _Bool vmwrite(uint64_t field, uint64_t value) {
	_Bool failed;

	__asm__ volatile("vmwrite %2, %1" : "=@ccbe"(failed) : "r"(field), "r"(value) : "memory");
	return !failed;
}

/* `tag` is an EPT pointer or a VPID, as `type` asks. */
#define INSN_VMX_INVALIDATE(name)                                                                                      \
	static inline _Bool name(uint64_t type, uint64_t tag) {                                                        \
		const uint64_t descriptor[2] = {tag, 0};                                                               \
		_Bool failed;                                                                                          \
		__asm__ volatile(#name " %2, %1" : "=@ccbe"(failed) : "r"(type), "m"(descriptor) : "memory");          \
		return !failed;                                                                                        \
	}

INSN_VMX_INVALIDATE(invept)
INSN_VMX_INVALIDATE(invvpid)
#undef INSN_VMX_INVALIDATE
