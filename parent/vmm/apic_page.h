/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The local APIC's page of a guest in xAPIC mode [APM2 16.3 "Local APIC
 * Registers"]: its registers live in the kernel and are read and written by
 * call, with their side effects (architecture.md D10). The VM's lock is held.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "vmm/vm.h"

#define APIC_PAGE_SIZE 0x1000u

static inline bool apic_page_holds(uint64_t gpa) { return gpa >= LAYOUT_LAPIC && gpa < LAYOUT_LAPIC + APIC_PAGE_SIZE; }

/* Registers are 32 bits at multiples of 16; what lies between reads 0, and so
 * does everything when the APIC is not in xAPIC mode: all ones then. */
uint64_t apic_page_read(struct vm *vm, unsigned vp_index, uint64_t offset, unsigned size);

/* Only whole registers are written; everything else is ignored. */
void apic_page_write(struct vm *vm, unsigned vp_index, uint64_t offset, unsigned size, uint64_t value);
