/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Register names of GetVpRegisters and SetVpRegisters
 * [TLFS "Virtual Processor Registers", HV_REGISTER_NAME], and the register page.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/types.h>

enum hv_register_name {
	HV_REGISTER_EXPLICIT_SUSPEND = 0x00000000,
	HV_REGISTER_INTERCEPT_SUSPEND = 0x00000001,
	HV_REGISTER_INTERNAL_ACTIVITY_STATE = 0x00000004,
	HV_REGISTER_PENDING_EVENT = 0x00010004,
	HV_REGISTER_RAX = 0x00020000, /* then RCX RDX RBX RSP RBP RSI RDI R8..R15 */
	HV_REGISTER_R15 = 0x0002000f,
	HV_REGISTER_RIP = 0x00020010,
	HV_REGISTER_RFLAGS = 0x00020011,
	HV_REGISTER_CR0 = 0x00040000,
	HV_REGISTER_CR2 = 0x00040001,
	HV_REGISTER_CR3 = 0x00040002,
	HV_REGISTER_CR4 = 0x00040003,
	HV_REGISTER_CR8 = 0x00040004,
	HV_REGISTER_XFEM = 0x00040005,
	HV_REGISTER_DR0 = 0x00050000,
	HV_REGISTER_DR6 = 0x00050004,
	HV_REGISTER_DR7 = 0x00050005,
	HV_REGISTER_ES = 0x00060000,
	HV_REGISTER_CS = 0x00060001,
	HV_REGISTER_SS = 0x00060002,
	HV_REGISTER_DS = 0x00060003,
	HV_REGISTER_FS = 0x00060004,
	HV_REGISTER_GS = 0x00060005,
	HV_REGISTER_LDTR = 0x00060006,
	HV_REGISTER_TR = 0x00060007,
	HV_REGISTER_IDTR = 0x00070000,
	HV_REGISTER_GDTR = 0x00070001,
	HV_REGISTER_TSC = 0x00080000,
	HV_REGISTER_EFER = 0x00080001,
	HV_REGISTER_KERNEL_GS_BASE = 0x00080002,
	HV_REGISTER_APIC_BASE = 0x00080003,
	HV_REGISTER_PAT = 0x00080004,
	HV_REGISTER_SYSENTER_CS = 0x00080005,
	HV_REGISTER_SYSENTER_EIP = 0x00080006,
	HV_REGISTER_SYSENTER_ESP = 0x00080007,
	HV_REGISTER_STAR = 0x00080008,
	HV_REGISTER_LSTAR = 0x00080009,
	HV_REGISTER_CSTAR = 0x0008000a,
	HV_REGISTER_SFMASK = 0x0008000b,
	/* Local APIC register r (x2APIC MSR 0x800 + r) is named BASE + r; reading
	 * and writing have the side effects of the guest's own access. */
	HV_REGISTER_APIC_BASE_NAME = 0x00084800,
	HV_REGISTER_APIC_LAST_NAME = 0x0008483f,
	HV_REGISTER_VP_RUNTIME = 0x00090000,
	HV_REGISTER_GUEST_OS_ID = 0x00090002,
	HV_REGISTER_VP_INDEX = 0x00090003,
};

/* Order of general registers, the processor's own encoding. */
enum hv_gpr {
	HV_RAX,
	HV_RCX,
	HV_RDX,
	HV_RBX,
	HV_RSP,
	HV_RBP,
	HV_RSI,
	HV_RDI,
	HV_R8,
	HV_R9,
	HV_R10,
	HV_R11,
	HV_R12,
	HV_R13,
	HV_R14,
	HV_R15,
	HV_GPR_COUNT,
};

enum hv_page_segment {
	HV_PAGE_ES,
	HV_PAGE_CS,
	HV_PAGE_SS,
	HV_PAGE_DS,
	HV_PAGE_FS,
	HV_PAGE_GS,
	HV_PAGE_SEGMENT_COUNT,
};

/* Dirty bits of the register page [TLFS HV_VP_REGISTER_PAGE]; the last is ours. */
#define HV_DIRTY_GENERAL        0x1u /* has no effect: general registers always count */
#define HV_DIRTY_RIP            0x2u
#define HV_DIRTY_XMM            0x4u /* not supported, ignored */
#define HV_DIRTY_SEGMENTS       0x8u
#define HV_DIRTY_FLAGS          0x10u
#define HV_DIRTY_CONTROL        0x20u /* ours: CR0, CR3, CR4, CR8, EFER, DR7 */
#define HV_DIRTY_EVENT          0x40u /* ours: pending_interruption */

/* Pending interruption: bit 0 pending, 3:1 type (0 interrupt, 2 NMI, 3
 * exception), bit 4 deliver error code, 31:16 vector, 63:32 error code
 * [TLFS HV_X64_PENDING_INTERRUPTION_REGISTER]. */
#define HV_EVENT_PENDING        0x1ull
#define HV_EVENT_TYPE_SHIFT     1
#define HV_EVENT_TYPE_INTERRUPT 0ull
#define HV_EVENT_TYPE_NMI       2ull
#define HV_EVENT_TYPE_EXCEPTION 3ull
#define HV_EVENT_DELIVER_ERROR  0x10ull
#define HV_EVENT_VECTOR_SHIFT   16
#define HV_EVENT_ERROR_SHIFT    32

/*
 * The register page of a child's VP (architecture.md D1), shared with the
 * parent. While the VP is suspended the general registers here are the VP's,
 * and every write to them counts. RIP, RFLAGS, segments, control registers and
 * the pending event are written by the kernel only where an intercept needs
 * them (`valid` says which, in the dirty mask's bits) and are taken over, once,
 * at resume where the parent has set their dirty bit.
 */
struct hv_register_page {
	uint16_t version; /* 1 */
	uint8_t is_valid;
	uint8_t reserved0;
	uint32_t dirty; /* HV_DIRTY_*, set by the parent, cleared at resume */
	uint64_t gpr[HV_GPR_COUNT];
	uint64_t rip;
	uint64_t rflags;
	uint64_t valid; /* HV_DIRTY_* groups that the kernel filled at this intercept */
	uint64_t xmm[6][2];
	struct hv_segment_register segment[HV_PAGE_SEGMENT_COUNT];
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t cr8;
	uint64_t efer;
	uint64_t dr7;
	uint64_t pending_interruption;
	uint64_t interrupt_state; /* bit 0: interrupt shadow; read only */
	uint64_t instruction_emulation_hints;
	uint64_t xfem;
	uint8_t reserved1[4096 - 432];
};
