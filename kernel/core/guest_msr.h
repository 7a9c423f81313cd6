/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who keeps an architectural MSR of a child: the kernel those that the processor
 * holds, time, the local APIC and the synthetic ones; everything else is the
 * parent's to answer or refuse. Values are judged here
 * [SDM 4 "Model-Specific Registers"], [APM2 A "MSR Cross-Reference"]. Pure.
 */
#pragma once

#include "core/guest_cpu.h"

enum guest_msr_class {
	GUEST_MSR_LAPIC,     /* register msr - GUEST_MSR_LAPIC_FIRST of the local APIC */
	GUEST_MSR_SYNTHETIC, /* synthetic_msr_read, synthetic_msr_write */
	GUEST_MSR_HARDWARE,  /* the processor holds it: guest_msr_register says where */
	GUEST_MSR_TSC,       /* writes are ignored: all VPs share one offset (D7) */
	GUEST_MSR_APIC_BASE, /* lapic_write_base */
	GUEST_MSR_TSC_AUX,   /* exists if limits.has_tsc_aux; 32 bits */
	GUEST_MSR_PARENTS,   /* an intercept */
};

#define GUEST_MSR_LAPIC_FIRST 0x800u

enum guest_msr_class guest_msr_class(uint32_t msr);

/* VP_REG of an MSR of class HARDWARE. FS and GS base are none: no guest's access to them
 * exits. */
unsigned guest_msr_register(uint32_t msr);

/*
 * WRMSR of class HARDWARE, with EFER and CR0 as they are. False = #GP and nothing
 * changed: for EFER a bit that the limits do not allow, or LME changed while CR0.PG
 * is set. Otherwise *value is what the register gets: in EFER, LMA stays as it was,
 * whatever was written [APM2 3.1.7 "Extended Feature Enable Register (EFER)"].
 */
bool guest_msr_judge(const struct cpu_limits *limits, uint64_t efer, uint64_t cr0, uint32_t msr, uint64_t *value);
