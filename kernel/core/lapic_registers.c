/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Registers of the virtual local APIC: which exist in xAPIC and in x2APIC mode,
 * their reserved bits, and what reading and writing does
 * [SDM 3A 11.12.1.2 "x2APIC Register Address Space"]; and its state, which is
 * loaded only if accesses of a guest could have produced it: the model relies on
 * reserved bits being clear and on illegal vectors never being pending. Pure.
 */
#include "core/lapic_model.h"

#define ALL          0xffffffffu
#define ICR_TO_SELF  ((uint32_t)LAPIC_SHORTHAND_SELF << 18)
#define LVT_STATUS   0x1000u
#define LVT_REMOTE   0x4000u
#define LVT_VECTOR   (0xffu | LAPIC_LVT_MASKED)
#define LVT_DELIVERY (LVT_VECTOR | 0x700u)
#define LVT_PIN      (LVT_DELIVERY | 0xa000u) /* polarity, trigger mode */

/* What is accepted in which mode. In xAPIC mode a register that exists may be
 * read and written, if without effect. */
#define XAPIC        1u
#define READ         2u /* x2APIC mode */
#define WRITE        4u
#define EVERY        (XAPIC | READ | WRITE)

/* A write changes the writable bits; in x2APIC mode it may have the ignored ones
 * set, and every other bit is reserved. */
static const struct rule {
	uint32_t access;
	uint32_t writable;
	uint32_t ignored;
} rules[LAPIC_REGISTER_COUNT] = {
    [LAPIC_ID] = {XAPIC | READ, 0, 0}, /* fixed, as on current processors */
    [LAPIC_VERSION] = {XAPIC | READ, 0, 0},
    [LAPIC_TPR] = {EVERY, 0xff, 0},
    [LAPIC_APR] = {XAPIC, 0, 0},
    [LAPIC_PPR] = {XAPIC | READ, 0, 0},
    [LAPIC_EOI] = {XAPIC | WRITE, 0, 0},
    [LAPIC_LDR] = {XAPIC | READ, 0xff000000, 0},
    [LAPIC_DFR] = {XAPIC, 0xf0000000, 0},
    [LAPIC_SVR] = {EVERY, 0x3ff, 0},
    [LAPIC_ISR... LAPIC_ESR - 1] = {XAPIC | READ, 0, 0},
    [LAPIC_ESR] = {EVERY, 0, 0},
    [LAPIC_ICR] = {EVERY, ~0xfff33000u, 0x1000}, /* status: never busy here */
    [LAPIC_ICR_HIGH] = {XAPIC, 0xff000000, 0},
    /* Bit 18, TSC-deadline mode, is reserved. */
    [LAPIC_LVT_TIMER] = {EVERY, LVT_VECTOR | LAPIC_LVT_TIMER_PERIODIC, LVT_STATUS},
    [LAPIC_LVT_THERMAL... LAPIC_LVT_PERFORMANCE] = {EVERY, LVT_DELIVERY, LVT_STATUS},
    [LAPIC_LVT_LINT0... LAPIC_LVT_LINT1] = {EVERY, LVT_PIN, LVT_STATUS | LVT_REMOTE},
    [LAPIC_LVT_ERROR] = {EVERY, LVT_VECTOR, LVT_STATUS},
    [LAPIC_INITIAL_COUNT] = {EVERY, ALL, 0},
    [LAPIC_CURRENT_COUNT] = {XAPIC | READ, 0, 0},
    [LAPIC_DIVIDE] = {EVERY, 0xb, 0},
    [LAPIC_SELF_IPI] = {WRITE, 0, 0xff},
};

static bool allows(uint32_t reg, uint32_t access) { return reg < LAPIC_REGISTER_COUNT && (rules[reg].access & access); }

static bool has_reserved(uint32_t reg, uint64_t value) {
	return ((uint32_t)value & ~(rules[reg].writable | rules[reg].ignored)) ||
	       (value >> 32 != 0 && reg != LAPIC_ICR);
}

static uint64_t value_of(const struct lapic *l, uint32_t reg, uint64_t now_ns) {
	bool is_x2apic = lapic_mode(l) == LAPIC_MODE_X2APIC;
	uint32_t id = l->reg[LAPIC_ID];

	if (reg == LAPIC_ID)
		return is_x2apic ? id : id << 24;
	if (reg == LAPIC_APR || reg == LAPIC_PPR) /* no bus to arbitrate for: as if it were idle */
		return lapic_priority(l);
	if (reg == LAPIC_LDR && is_x2apic)
		return (uint64_t)(id >> 4) << 16 | 1u << (id & 0xf);
	if (reg == LAPIC_ICR && is_x2apic)
		return lapic_icr(l);
	return reg == LAPIC_CURRENT_COUNT ? lapic_timer_count(l, now_ns) : l->reg[reg];
}

bool lapic_read(struct lapic *l, enum lapic_mode mode, uint32_t reg, uint64_t now_ns, uint64_t *value) {
	bool is_x2apic = mode == LAPIC_MODE_X2APIC;
	bool exists = allows(reg, is_x2apic ? READ : XAPIC);

	if (lapic_mode(l) != mode || (is_x2apic && !exists))
		return false;
	*value = exists ? value_of(l, reg, now_ns) : 0;
	if (!exists)
		lapic_record_error(l, LAPIC_ESR_ILLEGAL_REGISTER);
	return true;
}

/* A register that exists in the mode; bits that are not writable are dropped. */
static void write(struct lapic *l, uint32_t reg, uint32_t value, uint64_t now_ns, struct lapic_action *action) {
	uint32_t writable = rules[reg].writable;
	uint32_t count = value;

	/* An expiry up to now belongs to the old settings, and so does the count. */
	(void)lapic_timer_expire(l, now_ns);
	if (reg == LAPIC_DIVIDE)
		count = lapic_timer_count(l, now_ns);
	l->reg[reg] = (l->reg[reg] & ~writable) | (value & writable);
	if (reg == LAPIC_EOI) {
		*action = lapic_eoi(l);
	} else if (reg == LAPIC_ESR) {
		l->reg[LAPIC_ESR] = (uint32_t)l->esr_pending;
		l->esr_pending = 0;
	} else if (reg == LAPIC_ICR) {
		lapic_send(l, lapic_icr(l), action);
	} else if (reg == LAPIC_SELF_IPI) {
		lapic_send(l, ICR_TO_SELF | value, action);
	} else if (reg == LAPIC_INITIAL_COUNT || reg == LAPIC_DIVIDE) {
		lapic_timer_start(l, count, now_ns);
	}
	/* While the APIC is software-disabled every entry stays masked
	 * [SDM 3A 11.4.7.2 "Local APIC State After It Has Been Software Disabled"]. */
	if (!(l->reg[LAPIC_SVR] & LAPIC_SVR_ENABLE))
		for (uint32_t entry = LAPIC_LVT_TIMER; entry <= LAPIC_LVT_ERROR; entry++)
			l->reg[entry] |= LAPIC_LVT_MASKED;
}

bool lapic_write(struct lapic *l, enum lapic_mode mode, uint32_t reg, uint64_t value, uint64_t now_ns,
                 struct lapic_action *action) {
	bool is_x2apic = mode == LAPIC_MODE_X2APIC;
	bool exists = allows(reg, is_x2apic ? WRITE : XAPIC);

	*action = (struct lapic_action){.kind = LAPIC_ACTION_NONE};
	if (lapic_mode(l) != mode || (is_x2apic && (!exists || has_reserved(reg, value))))
		return false;
	if (!exists) {
		lapic_record_error(l, LAPIC_ESR_ILLEGAL_REGISTER);
		return true;
	}
	if (is_x2apic && reg == LAPIC_ICR)
		l->reg[LAPIC_ICR_HIGH] = (uint32_t)(value >> 32);
	write(l, reg, (uint32_t)value, now_ns, action);
	return true;
}

bool lapic_write_synthetic(struct lapic *l, uint32_t reg, uint64_t value, uint64_t now_ns,
                           struct lapic_action *action) {
	enum lapic_mode mode = lapic_mode(l);

	if (mode == LAPIC_MODE_DISABLED || (reg == LAPIC_TPR && value > 0xff))
		return false;
	if (mode == LAPIC_MODE_XAPIC && reg == LAPIC_ICR)
		(void)lapic_write(l, mode, LAPIC_ICR_HIGH, value >> 32, now_ns, action);
	return lapic_write(l, mode, reg, value, now_ns, action);
}

/* The bits of a register that accesses or interrupts may have changed since reset. */
static uint32_t changeable(const struct lapic *l, uint32_t reg) {
	if (reg == LAPIC_ISR || reg == LAPIC_TMR || reg == LAPIC_IRR)
		return ALL << LAPIC_FIRST_VECTOR;
	if (reg > LAPIC_ISR && reg < LAPIC_ESR)
		return ALL;
	if (reg == LAPIC_ESR)
		return LAPIC_ESR_BITS;
	return reg == LAPIC_ICR_HIGH && lapic_mode(l) == LAPIC_MODE_X2APIC ? ALL : rules[reg].writable;
}

static bool is_possible(const struct lapic *l) {
	struct lapic reset = *l;

	lapic_reset(&reset);
	for (uint32_t reg = 0; reg < LAPIC_REGISTER_COUNT; reg++)
		if ((l->reg[reg] ^ reset.reg[reg]) & ~changeable(l, reg))
			return false;
	for (uint32_t entry = LAPIC_LVT_TIMER; entry <= LAPIC_LVT_ERROR; entry++)
		if (!((l->reg[LAPIC_SVR] & LAPIC_SVR_ENABLE) || (l->reg[entry] & LAPIC_LVT_MASKED)))
			return false;
	return lapic_base_is_valid(l->base) && !(l->esr_pending & ~(uint64_t)LAPIC_ESR_BITS) &&
	       (l->reg[LAPIC_INITIAL_COUNT] != 0 || l->deadline_ns == REFERENCE_TIME_NEVER);
}

enum hv_status lapic_load(struct lapic *l, const struct lapic *saved) {
	if (saved->version != HV_STATE_LAPIC_VERSION || saved->reg[LAPIC_ID] != l->reg[LAPIC_ID] || !is_possible(saved))
		return HV_STATUS_INVALID_SAVE_RESTORE_STATE;
	*l = *saved;
	return HV_STATUS_SUCCESS;
}
