/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The architectural state of a VP in one vendor-neutral structure, and the
 * rules that it must obey before a processor may enter it. The general
 * registers are not here: they live in the register page (hv_abi/registers.h).
 *
 * The rules are those that VMRUN checks [APM2 15.5.1 "Basic Operation",
 * "Canonicalization and Consistency Checks"] and that VM entry checks [SDM 3C
 * 26.3.1 "Checks on the Guest State Area"] where both vendors have them; the
 * kernel checks them itself: a broken rule has a number that the parent is told,
 * and not every machine makes every check (docs/emulators.md).
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <hv_abi/types.h>

#define VP_STATE_VERSION 2u

/* The first eight are what selectors load, in the manuals' order; the others have
 * a base and a limit. */
enum vp_segment {
	VP_ES,
	VP_CS,
	VP_SS,
	VP_DS,
	VP_FS,
	VP_GS,
	VP_LDTR,
	VP_TR,
	VP_SEGMENT_COUNT,
	VP_GDTR = VP_SEGMENT_COUNT,
	VP_IDTR,
	VP_SEGMENT_AND_TABLE_COUNT,
};

struct vp_state {
	uint64_t version;
	struct hv_segment_register segment[VP_SEGMENT_AND_TABLE_COUNT];
	/* VP_REG(name) is a register's number; vendors keep runs of them apart. */
	union {
		uint64_t reg[20];
		struct {
			uint64_t rip, rflags, cr0, cr3, cr4;
			uint64_t efer; /* as the guest sees it: without SVME */
			uint64_t dr7, pat;
			uint64_t cr2, dr6;
			uint64_t kernel_gs_base, star, lstar, cstar, sfmask;
			uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
			uint64_t interrupt_shadow; /* 0 or 1 */
			uint64_t event;            /* HV_EVENT_*, 0: none pending */
		};
	};
};
#define VP_REG(name) ((offsetof(struct vp_state, name) - offsetof(struct vp_state, reg)) / 8)
_Static_assert(VP_REG(event) == 19, "the array covers the names");

/* A rule that a state broke; the number is in docs/vp-state-rules.md. */
enum vp_state_rule {
	VP_RULE_NONE = 0,
	VP_RULE_CR0_RESERVED = 1,
	VP_RULE_CR0_NW_WITHOUT_CD = 2,
	VP_RULE_CR0_PG_WITHOUT_PE = 3,
	VP_RULE_CR3_RESERVED = 4,
	VP_RULE_CR4_RESERVED = 5,
	VP_RULE_EFER_RESERVED = 6,
	VP_RULE_LONG_MODE_WITHOUT_PAE = 7,
	VP_RULE_LONG_MODE_CS_L_AND_D = 9,
	VP_RULE_EFER_LMA = 10,
	VP_RULE_DR6_HIGH = 11,
	VP_RULE_DR7_HIGH = 12,
	VP_RULE_RIP_CANONICAL = 13,
	VP_RULE_RFLAGS_RESERVED = 14,
	VP_RULE_RFLAGS_VM_IN_LONG_MODE = 15,
	VP_RULE_SEGMENT_BASE = 16,
	VP_RULE_TABLE_BASE = 18,
	VP_RULE_TABLE_LIMIT = 19,
	VP_RULE_PAT = 20,
	VP_RULE_EVENT_TYPE = 21,
	VP_RULE_EVENT_VECTOR = 22,
	VP_RULE_MSR_CANONICAL = 23,
	VP_RULE_CR4_PCIDE = 24,
	VP_RULE_SYSENTER_CS = 25,
	VP_RULE_CR8 = 26,
	VP_RULE_HARDWARE = 99, /* the processor refused what our check let pass */
};

struct cpu_limits;

/* Returns the first rule that the state breaks, and the offending value; `limits`
 * are those of the partition (guest_cpu.h). */
enum vp_state_rule vp_state_check(const struct vp_state *s, const struct cpu_limits *limits, uint64_t *value);

/* Architectural state after INIT [SDM 3A 11.1.1 "Processor State After Reset"]. */
void vp_state_reset(struct vp_state *s);

/* SIPI: real mode at vector << 12 [SDM 3A 10.4.3 "MP Initialization Protocol"]. */
void vp_state_startup(struct vp_state *s, uint8_t vector);

bool address_is_canonical(uint64_t address); /* 48-bit */

/* Every byte of PAT is a memory type: 0, 1, 4, 5, 6 or 7. */
bool pat_is_valid(uint64_t pat);

#define CR0_PE             (1ull << 0)
#define CR0_MP             (1ull << 1)
#define CR0_EM             (1ull << 2)
#define CR0_TS             (1ull << 3)
#define CR0_ET             (1ull << 4)
#define CR0_NE             (1ull << 5)
#define CR0_WP             (1ull << 16)
#define CR0_AM             (1ull << 18)
#define CR0_NW             (1ull << 29)
#define CR0_CD             (1ull << 30)
#define CR0_PG             (1ull << 31)
#define CR4_PAE            (1ull << 5)
#define CR4_MCE            (1ull << 6) /* the host's: set while a guest runs, not shown */
#define CR4_LA57           (1ull << 12)
#define CR4_PCIDE          (1ull << 17)
#define CR4_OSXSAVE        (1ull << 18)
#define EFER_SCE           (1ull << 0)
#define EFER_LME           (1ull << 8)
#define EFER_LMA           (1ull << 10)
#define EFER_NXE           (1ull << 11)
#define EFER_SVME          (1ull << 12)
#define RFLAGS_FIXED       (1ull << 1)
#define RFLAGS_TF          (1ull << 8)
#define RFLAGS_IF          (1ull << 9)
#define RFLAGS_VM          (1ull << 17)
#define SEGMENT_L          (1u << 13)
#define SEGMENT_D          (1u << 14)
#define DR6_BS             (1ull << 14)
/* Exceptions */
#define VECTOR_DB          1u
#define VECTOR_UD          6u
#define VECTOR_NM          7u
#define VECTOR_DF          8u
#define VECTOR_GP          13u
#define VECTOR_MC          18u
/* MSRs that guests have, by the numbers that both vendors gave them. */
#define MSR_PAT            0x277u
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u /* then LSTAR, CSTAR, SFMASK */
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX        0xc0000103u
/* WB, WT, UC-, UC, twice [SDM 3A "Page Attribute Table"]. */
#define PAT_RESET          0x0007040600070406ull
