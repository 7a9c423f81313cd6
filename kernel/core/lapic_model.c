/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Interrupt acceptance, priority and end of interrupt of the virtual local
 * APIC: the part that runs on every entry. Registers are in lapic_registers.c,
 * IPIs in lapic_ipi.c
 * [SDM 3A 11.8 "Handling Interrupts"]. Pure.
 */
#include "core/lapic_model.h"
#include "lib/bits.h"

/* An integrated APIC with entries 0 to 5: timer to error, no CMCI; no
 * suppression of EOI broadcasts. */
#define VERSION (0x14u | 5u << 16)

int lapic_highest(const struct lapic *l, enum lapic_register bits) {
	for (unsigned i = 8; i > 0; i -= 2) { /* two at once */
		uint64_t word = (uint64_t)l->reg[bits + i - 1] << 32 | l->reg[bits + i - 2];

		if (word != 0)
			return (int)((i - 2) * 32 + bit_highest(word));
	}
	return -1;
}

static bool has_vector(const struct lapic *l, enum lapic_register bits, unsigned vector) {
	return l->reg[bits + vector / 32] >> vector % 32 & 1;
}

static void set_vector(struct lapic *l, enum lapic_register bits, unsigned vector, bool value) {
	bit_assign(&l->reg[bits + vector / 32], vector % 32, value);
}

void lapic_reset(struct lapic *l) {
	*l = (struct lapic){
	    .version = HV_STATE_LAPIC_VERSION,
	    .base = l->base,
	    .deadline_ns = REFERENCE_TIME_NEVER,
	    .reg = {[LAPIC_ID] = l->reg[LAPIC_ID],
	            [LAPIC_VERSION] = VERSION,
	            [LAPIC_DFR] = 0xffffffff,
	            [LAPIC_SVR] = 0xff,
	            [LAPIC_LVT_TIMER... LAPIC_LVT_ERROR] = LAPIC_LVT_MASKED},
	};
}

void lapic_init(struct lapic *l, uint32_t apic_id, bool is_bsp) {
	l->reg[LAPIC_ID] = apic_id;
	l->base = LAPIC_BASE_ADDRESS | LAPIC_BASE_ENABLE | (is_bsp ? LAPIC_BASE_BSP : 0);
	lapic_reset(l);
}

bool lapic_base_is_valid(uint64_t base) {
	uint64_t modes = LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC;

	return (base & ~(modes | LAPIC_BASE_BSP)) == LAPIC_BASE_ADDRESS && (base & modes) != LAPIC_BASE_X2APIC;
}

bool lapic_write_base(struct lapic *l, uint64_t value) {
	struct lapic changed = {.base = (value & ~LAPIC_BASE_BSP) | (l->base & LAPIC_BASE_BSP)};
	enum lapic_mode from = lapic_mode(l);
	enum lapic_mode to = lapic_mode(&changed);

	/* Which changes are legal [SDM 3A 11.12.5 "x2APIC State Transitions"]. */
	if (!lapic_base_is_valid(changed.base) || (from == LAPIC_MODE_DISABLED && to == LAPIC_MODE_X2APIC) ||
	    (from == LAPIC_MODE_X2APIC && to == LAPIC_MODE_XAPIC))
		return false;
	l->base = changed.base;
	if (to == LAPIC_MODE_DISABLED)
		lapic_reset(l);
	return true;
}

bool lapic_is_accepting(const struct lapic *l) {
	return lapic_mode(l) != LAPIC_MODE_DISABLED && (l->reg[LAPIC_SVR] & LAPIC_SVR_ENABLE);
}

/* Sets the request bit of a legal vector. */
static void request(struct lapic *l, uint8_t vector, bool is_level) {
	set_vector(l, LAPIC_IRR, vector, true);
	set_vector(l, LAPIC_TMR, vector, is_level);
}

void lapic_record_error(struct lapic *l, uint32_t error) {
	uint32_t entry = l->reg[LAPIC_LVT_ERROR];
	uint8_t vector = (uint8_t)entry;

	l->esr_pending |= error;
	if ((entry & LAPIC_LVT_MASKED) || !lapic_is_accepting(l))
		return;
	/* The entry's own vector may be illegal: that is one more error bit and
	 * not one more interrupt (XSA-462). */
	if (vector < LAPIC_FIRST_VECTOR)
		l->esr_pending |= LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR;
	else
		request(l, vector, false);
}

bool lapic_accept(struct lapic *l, uint8_t vector, bool is_level) {
	if (!lapic_is_accepting(l))
		return false;
	if (vector < LAPIC_FIRST_VECTOR) {
		lapic_record_error(l, LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
		return false;
	}
	request(l, vector, is_level);
	return true;
}

uint32_t lapic_priority(const struct lapic *l) {
	int in_service = lapic_highest(l, LAPIC_ISR);
	uint32_t class = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0;

	return (l->reg[LAPIC_TPR] & 0xf0) >= class ? l->reg[LAPIC_TPR] : class;
}

int lapic_pending(const struct lapic *l) {
	int vector = lapic_highest(l, LAPIC_IRR);

	return vector >> 4 > (int)(lapic_priority(l) >> 4) ? vector : -1;
}

void lapic_acknowledge(struct lapic *l, uint8_t vector) {
	check(has_vector(l, LAPIC_IRR, vector));
	set_vector(l, LAPIC_IRR, vector, false);
	set_vector(l, LAPIC_ISR, vector, true);
}

struct lapic_action lapic_eoi(struct lapic *l) {
	int vector = lapic_highest(l, LAPIC_ISR);

	if (vector < 0)
		return (struct lapic_action){.kind = LAPIC_ACTION_NONE};
	set_vector(l, LAPIC_ISR, (unsigned)vector, false);
	return (struct lapic_action){.kind = LAPIC_ACTION_EOI,
	                             .vector = (uint8_t)vector,
	                             .was_level = has_vector(l, LAPIC_TMR, (unsigned)vector)};
}

bool lapic_may_skip_eoi(const struct lapic *l) {
	unsigned vector = (unsigned)lapic_highest(l, LAPIC_ISR);
	uint32_t others = 0;

	if (vector > 255 || has_vector(l, LAPIC_TMR, vector) || lapic_highest(l, LAPIC_IRR) >= 0)
		return false;
	for (unsigned i = 0; i < 8; i++)
		others |= l->reg[LAPIC_ISR + i] ^ (i == vector / 32 ? 1u << vector % 32 : 0);
	return others == 0;
}
