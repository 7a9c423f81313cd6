/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * IPIs: how an interrupt command becomes one, and whom it is for
 * [SDM 3A 11.6.1 "Interrupt Command Register (ICR)"],
 * [SDM 3A 11.6.2 "Determining IPI Destination"]. Pure.
 */
#include "core/lapic_model.h"

#define ICR_DELIVERY_SHIFT  8
#define ICR_LOGICAL         0x800u
#define ICR_ASSERT          0x4000u
#define ICR_LEVEL           0x8000u
#define ICR_SHORTHAND_SHIFT 18

void lapic_send(struct lapic *l, uint64_t icr, struct lapic_action *action) {
	uint32_t destination = (uint32_t)(icr >> 32);
	struct lapic_ipi ipi = {
	    .mode = (enum lapic_ipi_mode)(icr >> ICR_DELIVERY_SHIFT & 7),
	    .shorthand = (enum lapic_shorthand)(icr >> ICR_SHORTHAND_SHIFT & 3),
	    .vector = (uint8_t)icr,
	    .is_logical = icr & ICR_LOGICAL,
	    .destination = destination,
	};
	bool is_fixed = ipi.mode == LAPIC_IPI_FIXED || ipi.mode == LAPIC_IPI_LOWEST_PRIORITY;
	bool to_self = ipi.shorthand == LAPIC_SHORTHAND_SELF || ipi.shorthand == LAPIC_SHORTHAND_ALL;

	if (lapic_mode(l) == LAPIC_MODE_XAPIC)
		ipi.destination = destination >> 24 == 0xff ? LAPIC_BROADCAST : destination >> 24;
	ipi.is_level = is_fixed && (icr & ICR_LEVEL);
	if (is_fixed && ipi.vector < LAPIC_FIRST_VECTOR) {
		lapic_record_error(l, LAPIC_ESR_SEND_ILLEGAL_VECTOR);
		return;
	}
	if ((icr & ICR_LEVEL) && !(icr & ICR_ASSERT)) /* a de-assert */
		return;
	/* NMI, INIT and startup go to others [SDM 3A table 11-3, "Valid Combinations
	 * for the Pentium 4 and Intel Xeon Processors' Local xAPIC Interrupt Command
	 * Register"]; SMI, ExtINT and reserved have nobody to take them. */
	if (!is_fixed && (to_self || ipi.mode < LAPIC_IPI_NMI || ipi.mode > LAPIC_IPI_STARTUP))
		return;
	action->kind = LAPIC_ACTION_IPI;
	action->ipi = ipi;
}

static bool matches_logical(const struct lapic *l, uint32_t destination) {
	uint32_t id = l->reg[LAPIC_ID];
	uint32_t own = l->reg[LAPIC_LDR] >> 24;
	uint32_t format = l->reg[LAPIC_DFR] >> 28;

	if (lapic_mode(l) == LAPIC_MODE_X2APIC)
		return destination >> 16 == id >> 4 && (destination >> (id & 0xf) & 1);
	if (destination > 0xff)
		return false;
	if (format == 0) /* cluster; 15 is every cluster */
		return (destination >> 4 == own >> 4 || destination >> 4 == 0xf) && (destination & own & 0xf);
	return format == 0xf && (destination & own); /* flat, or nothing */
}

bool lapic_ipi_targets(const struct lapic_ipi *ipi, const struct lapic *sender, const struct lapic *candidate) {
	if (ipi->shorthand == LAPIC_SHORTHAND_SELF)
		return candidate == sender;
	if (lapic_mode(candidate) == LAPIC_MODE_DISABLED)
		return false;
	if (ipi->shorthand != LAPIC_SHORTHAND_NONE)
		return ipi->shorthand == LAPIC_SHORTHAND_ALL || candidate != sender;
	if (ipi->destination == LAPIC_BROADCAST)
		return true;
	return ipi->is_logical ? matches_logical(candidate, ipi->destination)
	                       : ipi->destination == candidate->reg[LAPIC_ID];
}
