/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The physical local APIC, in x2APIC mode where the processor has it, else
 * through its page of registers [SDM 3A 11 "Advanced Programmable Interrupt
 * Controller"].
 */
#pragma once

#include "core/lapic_model.h" /* the numbers of the registers, LAPIC_* */

/* Commands of local_apic_send; STARTUP takes a page number below 1 MiB in its low bits. */
#define ICR_FIXED   (1u << 14) /* with level asserted, like the others */
#define ICR_NMI     (LAPIC_IPI_NMI << 8 | ICR_FIXED)
#define ICR_INIT    (LAPIC_IPI_INIT << 8 | ICR_FIXED)
#define ICR_STARTUP (LAPIC_IPI_STARTUP << 8 | ICR_FIXED)

/* Turns this processor's APIC on with everything masked but NMI and errors. The
 * first call, on the boot processor after host_pt_init, chooses the mode. */
void local_apic_enable(void);

/* This processor's id; only after local_apic_enable. */
uint32_t local_apic_id(void);

uint32_t local_apic_read(unsigned reg);
void local_apic_write(unsigned reg, uint32_t value);

void local_apic_eoi(void);
bool local_apic_is_in_service(unsigned vector);

/* An interprocessor interrupt. Waits, bounded, until an earlier one has left. */
void local_apic_send(uint32_t apic_id, uint32_t command);
