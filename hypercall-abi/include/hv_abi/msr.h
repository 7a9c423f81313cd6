/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Synthetic MSRs [TLFS "Synthetic MSRs"] and the pages they name. */
#pragma once

#include <stdint.h>

#define HV_MSR_GUEST_OS_ID      0x40000000u
#define HV_MSR_HYPERCALL        0x40000001u
#define HV_MSR_VP_INDEX         0x40000002u
#define HV_MSR_RESET            0x40000003u
#define HV_MSR_VP_RUNTIME       0x40000010u
#define HV_MSR_TIME_REF_COUNT   0x40000020u
#define HV_MSR_REFERENCE_TSC    0x40000021u
#define HV_MSR_TSC_FREQUENCY    0x40000022u
#define HV_MSR_APIC_FREQUENCY   0x40000023u
#define HV_MSR_EOI              0x40000070u
#define HV_MSR_ICR              0x40000071u
#define HV_MSR_TPR              0x40000072u
#define HV_MSR_VP_ASSIST_PAGE   0x40000073u
#define HV_MSR_SCONTROL         0x40000080u
#define HV_MSR_SVERSION         0x40000081u
#define HV_MSR_SIEFP            0x40000082u
#define HV_MSR_SIMP             0x40000083u
#define HV_MSR_EOM              0x40000084u
#define HV_MSR_SINT0            0x40000090u
#define HV_MSR_SINT15           0x4000009fu
#define HV_MSR_STIMER0_CONFIG   0x400000b0u
#define HV_MSR_STIMER0_COUNT    0x400000b1u
#define HV_MSR_STIMER3_COUNT    0x400000b7u
#define HV_MSR_GUEST_IDLE       0x400000f0u
#define HV_MSR_CRASH_P0         0x40000100u
#define HV_MSR_CRASH_CTL        0x40000105u

/* Every page MSR: bit 0 enables, bits 63:12 name the guest page. */
#define HV_PAGE_MSR_ENABLE      0x1ull
#define HV_HYPERCALL_MSR_LOCKED 0x2ull

/* [TLFS "Partition Reference TSC Mechanism"]:
 * reference time = ((tsc * scale) >> 64) + offset, in 100 ns. */
struct hv_reference_tsc_page {
	uint32_t sequence; /* 0: not valid, read the counter MSR instead */
	uint32_t reserved;
	uint64_t scale;
	int64_t offset;
	uint8_t padding[4096 - 24];
};

/* [TLFS "EOI Assist"]: bit 0 of apic_assist means "no EOI required". */
#define HV_VP_ASSIST_NO_EOI 0x1u
struct hv_vp_assist_page {
	uint32_t apic_assist;
	uint8_t padding[4096 - 4];
};

/* Synthetic timer configuration [TLFS "Synthetic Timer Configuration Register"]. */
#define HV_STIMER_COUNT        4u
#define HV_STIMER_ENABLE       (1ull << 0)
#define HV_STIMER_PERIODIC     (1ull << 1)
#define HV_STIMER_LAZY         (1ull << 2)
#define HV_STIMER_AUTO_ENABLE  (1ull << 3)
#define HV_STIMER_VECTOR_SHIFT 4
#define HV_STIMER_DIRECT       (1ull << 12)
#define HV_STIMER_SINT_SHIFT   16
