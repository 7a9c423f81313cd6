/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The processors of a partition, as its guest sees them: the CPUID results that the
 * parent has registered, what follows from them, and what the CPUID instruction
 * answers: the rows, what of a VP's state shows up in them, and the hypervisor
 * leaves 0x40000000 to 0x40000006 [TLFS "Feature and Interface Discovery"],
 * [SDM 2A "CPUID"], [APM3 E]. Pure.
 */
#pragma once

#include <stdbool.h>

#include <hv_abi/call_args.h>
#include <hv_abi/cpuid.h>
#include <hv_abi/privileges.h>
#include <hv_abi/status.h>
#include "lib/check.h"

/* Rows that answer CPUID. Which features they show is the parent's policy; nothing
 * is judged here. */
struct cpuid_rows {
	uint32_t count;
	struct hv_cpuid_result row[HV_MAX_CPUID_RESULTS];
};

/*
 * Adds a row. Errors, nothing changed: INVALID_PARAMETER unknown flags, reserved
 * or an unused subleaf not 0, a leaf of the kernel's (0x40000000 to 0x4fffffff),
 * or a row that answers the same; NO_RESOURCES the table is full.
 */
must_use enum hv_status cpuid_rows_add(struct cpuid_rows *rows, const struct hv_cpuid_result *row);

/* The row that answers, or NULL. */
const struct hv_cpuid_result *cpuid_rows_find(const struct cpuid_rows *rows, uint32_t leaf, uint32_t subleaf);

/* One output of subleaf 0 of a leaf, 0 without a row. */
uint32_t cpuid_rows_get(const struct cpuid_rows *rows, uint32_t leaf, enum cpuid_output output);

/* Components of XCR0 [SDM 1 13.1 "XSAVE-Supported Features and State-Component
 * Bitmaps"]. */
#define XCR0_X87    0x1u
#define XCR0_SSE    0x2u
#define XCR0_AVX    0x4u
#define XCR0_AVX512 0xe0u /* opmask, upper halves, upper registers: all or none */
#define XCR0_PKRU   0x200u

/*
 * Which bits of control registers, EFER and XCR0 a partition may set: those whose
 * feature its CPUID rows show and this machine has. So no parent can make the
 * kernel enter a state that the machine refuses, and what is not shown stays
 * illegal [SDM 3A 2.5 "Control Registers"], [APM2 3.1 "System-Control Registers"].
 */
struct cpu_limits {
	uint64_t cr4_allowed;
	uint64_t efer_allowed;  /* without LMA, which nobody writes */
	uint64_t xcr0_allowed;  /* 0: no XSAVE at all */
	unsigned physical_bits; /* width of a physical address, 32..52 */
	bool has_tsc_aux;       /* RDTSCP or RDPID is shown */
};

/* What follows from the rows, ANDed with the machine's limits. */
struct cpu_limits cpu_limits_derive(const struct cpuid_rows *rows, const struct cpu_limits *machine);

/*
 * XSETBV of XCR0: true if legal: only allowed bits, x87 always, AVX needs SSE, the
 * three AVX-512 components come together and need AVX
 * [SDM 1 13.3 "Enabling the XSAVE Feature Set and XSAVE-Enabled Features"].
 */
bool cpu_limits_xcr0_is_valid(const struct cpu_limits *limits, uint64_t xcr0);

/* Privileges a child may be given: its reference counter, SynIC and timers, APIC MSRs,
 * hypercall MSRs, VP index, reset, reference TSC, frequencies, run time, and to post
 * and signal to what the parent has connected it to. */
#define CPUID_CHILD_PRIVILEGES                                                                                         \
	(HV_PRIVILEGE_ACCESS_VP_RUNTIME | HV_PRIVILEGE_ACCESS_REFERENCE_COUNTER | HV_PRIVILEGE_ACCESS_SYNIC |          \
	 HV_PRIVILEGE_ACCESS_SYNTHETIC_TIMERS | HV_PRIVILEGE_ACCESS_INTR_CTRL | HV_PRIVILEGE_ACCESS_HYPERCALL_MSRS |   \
	 HV_PRIVILEGE_ACCESS_VP_INDEX | HV_PRIVILEGE_ACCESS_RESET | HV_PRIVILEGE_ACCESS_REFERENCE_TSC |                \
	 HV_PRIVILEGE_ACCESS_FREQUENCY | HV_PRIVILEGE_POST_MESSAGES | HV_PRIVILEGE_SIGNAL_EVENTS)

/* Hints (EAX of 0x40000004) that the kernel keeps its promise for. */
#define CPUID_CHILD_HINTS                                                                                              \
	(HV_HINT_REMOTE_TLB_FLUSH | HV_HINT_APIC_MSRS | HV_HINT_RELAXED_TIMING | HV_HINT_DEPRECATE_AUTO_EOI |          \
	 HV_HINT_CLUSTER_IPI | HV_HINT_EX_PROCESSOR_MASKS)

/* What the processors of a partition are. */
struct guest_cpu {
	uint64_t privileges; /* HV_PRIVILEGE_* */
	uint64_t hints;      /* as struct hv_create_partition_in has them */
	uint32_t vp_count;   /* VPs that may exist */
	struct cpu_limits limits;
	struct cpuid_rows rows;
};

/* What of a VP's state shows up in CPUID. */
struct guest_cpuid_vp {
	uint32_t vp_index;
	uint64_t cr4;          /* OSXSAVE and OSPKE mirror it */
	uint64_t xcr0;         /* size of the XSAVE area */
	bool is_apic_disabled; /* APIC_BASE: the APIC bit of leaf 1 is clear then */
};

/*
 * Judges what a child asks for. Errors: ACCESS_DENIED a privilege that is not in
 * CPUID_CHILD_PRIVILEGES; INVALID_PARAMETER a hint that is not in
 * CPUID_CHILD_HINTS, or APIC MSRs hinted without HV_PRIVILEGE_ACCESS_INTR_CTRL.
 */
must_use enum hv_status guest_cpuid_check_child(uint64_t privileges, uint64_t hints);

/* Leaves of the hypervisor range: never the parent's to define. */
static inline bool guest_cpuid_is_hypervisors(uint32_t leaf) { return leaf >> 28 == HV_CPUID_BASE >> 28; }

/* Never fails: an unknown leaf gives zeros, on every vendor (a real Intel would
 * repeat its last leaf). leaf = EAX, subleaf = ECX; out = EAX, EBX, ECX, EDX. */
void guest_cpuid(const struct guest_cpu *cpu, const struct guest_cpuid_vp *vp, uint32_t leaf, uint32_t subleaf,
                 uint32_t out[CPUID_OUTPUTS]);
